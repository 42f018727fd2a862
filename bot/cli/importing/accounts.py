"""`import accounts`: rows to core, words for the end."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.cli.importing.reading import Row, Rows
from bot.cli.importing.rehearsal import Rehearsal
from bot.cli.importing.running import Result, RowOutcome, run
from bot.cli.operator import operator
from core.errors import CoreError
from core.import_lines import COLUMNS, NOT_TAKEN, ImportLine
from core.imports import Imports, Outcome
from core.unit import UnitOfWork

_NEEDED: Final = (frozenset({"source_id"}), frozenset({"role", "type"}), frozenset({"password_hash"}))


async def import_accounts(
    path: Path, *, source: str, health_consent: bool, dry_run: bool, report: Path | None
) -> Result:
    """Imports a file of accounts. Raises SettingsError, StorageError or Failure."""
    rows = Rows(path, COLUMNS.keys() | NOT_TAKEN, _NEEDED)
    with Rehearsal() if dry_run else nullcontext() as rehearsal:
        async with operator() as op:
            taking = _Taking(op.core.imports, source, health_consent, rehearsal)
            result = await run(op, rows, taking.take, dry_run=dry_run, report=report)
    if taking.passed_over:
        named = " and ".join(sorted(taking.passed_over))
        result.note = f"Passed over: {named}. Whether a certificate is good is decided here, never imported."
    return result


@dataclass(slots=True)
class _Taking:
    """Parses rows and hands core those that are right in themselves."""

    imports: Imports
    source: str
    health_consent: bool
    rehearsal: Rehearsal | None
    passed_over: set[str] = field(default_factory=set)

    async def take(self, uow: UnitOfWork, batch: Sequence[Row]) -> list[RowOutcome]:
        parsed = [self._parsed(row) for row in batch]
        lines = [line for line in parsed if isinstance(line, ImportLine)]
        taken = iter(await self.imports.take(uow, self.source, lines, health_consent=self.health_consent))
        return [line if isinstance(line, CoreError) else self._judged(line, next(taken)) for line in parsed]

    def _parsed(self, row: Row) -> ImportLine | CoreError:
        if isinstance(row.texts, CoreError):
            return row.texts
        self.passed_over |= row.texts.keys() & NOT_TAKEN
        try:
            return ImportLine.parse(row.texts)
        except CoreError as error:
            return error

    def _judged(self, line: ImportLine, outcome: Outcome) -> Outcome:
        return self.rehearsal.judged(line, outcome) if self.rehearsal else outcome
