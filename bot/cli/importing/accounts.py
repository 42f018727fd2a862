"""`import accounts`: rows to core, words for the end."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from bot.cli.importing.reading import Row, Rows
from bot.cli.importing.rehearsal import Rehearsal
from bot.cli.importing.running import Outcome, Result, run
from bot.cli.operator import operator
from core.errors import CoreError
from core.import_lines import COLUMNS, NOT_TAKEN, ImportLine
from core.unit import UnitOfWork

_NEEDED: Final = (frozenset({"source_id"}), frozenset({"role", "type"}), frozenset({"password_hash"}))


async def import_accounts(
    path: Path, *, source: str, health_consent: bool, dry_run: bool, report: Path | None
) -> Result:
    """Imports a file of accounts. Raises SettingsError, StorageError or Failure."""
    rows = Rows(path, COLUMNS.keys() | NOT_TAKEN, _NEEDED)
    with Rehearsal() if dry_run else nullcontext() as rehearsal:
        async with operator() as op:

            async def take(uow: UnitOfWork, batch: Sequence[Row]) -> list[Outcome]:
                parsed = [_parsed(row) for row in batch]
                lines = [line for line in parsed if isinstance(line, ImportLine)]
                taken = iter(await op.core.imports.take(uow, source, lines, health_consent=health_consent))
                outcomes: list[Outcome] = []
                for line in parsed:
                    if isinstance(line, CoreError):
                        outcomes.append(line)
                    else:
                        outcome = next(taken)
                        outcomes.append(rehearsal.judged(line, outcome) if rehearsal else outcome)
                return outcomes

            return await run(op, rows, take, dry_run=dry_run, report=report)


def _parsed(row: Row) -> ImportLine | CoreError:
    if isinstance(row.texts, CoreError):
        return row.texts
    try:
        return ImportLine.parse(row.texts)
    except CoreError as error:
        return error
