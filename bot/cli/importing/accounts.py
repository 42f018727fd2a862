"""`import accounts`: rows to core, words for the end."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from bot.cli.importing.reading import Row, Rows
from bot.cli.importing.rehearsal import Rehearsal
from bot.cli.importing.running import Result, run
from bot.cli.operator import operator
from core.import_lines import COLUMNS, NOT_TAKEN, ImportLine
from core.imports import Outcome
from core.unit import UnitOfWork

_NEEDED: Final = (frozenset({"source_id"}), frozenset({"role", "type"}), frozenset({"password_hash"}))


async def import_accounts(
    path: Path, *, source: str, health_consent: bool, dry_run: bool, report: Path | None
) -> Result:
    """Imports a file of accounts. Raises SettingsError, StorageError or Failure."""
    rows = Rows(path, COLUMNS.keys() | NOT_TAKEN, _NEEDED)
    passed_over: set[str] = set()

    def parse(row: Row) -> ImportLine:
        texts = row.texts()
        passed_over.update(texts.keys() & NOT_TAKEN)
        return ImportLine.parse(texts)

    with Rehearsal() if dry_run else nullcontext() as rehearsal:
        async with operator() as op:

            async def take(uow: UnitOfWork, lines: Sequence[ImportLine]) -> Sequence[Outcome]:
                outcomes = await op.core.imports.take(uow, source, lines, health_consent=health_consent)
                if rehearsal is None:
                    return outcomes
                return [rehearsal.judged(line, outcome) for line, outcome in zip(lines, outcomes, strict=True)]

            result = await run(op, rows, parse, take, dry_run=dry_run, report=report)
    if passed_over:
        named = " and ".join(sorted(passed_over))
        result.note = f"Passed over: {named}. Whether a certificate is good is decided here, never imported."
    return result
