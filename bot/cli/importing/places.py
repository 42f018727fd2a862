"""`import hospitals` and `import departments`: rows to core."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.cli.importing.reading import Row, Rows
from bot.cli.importing.running import Result, RowOutcome, run
from bot.cli.operator import operator
from core.errors import CoreError, InvalidValue
from core.places import parse_place
from core.profile_values import PlaceName
from core.unit import UnitOfWork
from storage.reference import Place

_NEEDED: Final = (frozenset({"id"}), frozenset({"name"}))


async def import_places(place: Place, path: Path, *, dry_run: bool, report: Path | None) -> Result:
    """Imports a file of hospitals or departments. Raises SettingsError, StorageError or Failure."""
    first_lines: dict[int, int] = {}

    async with operator() as op:

        async def take(uow: UnitOfWork, batch: Sequence[Row]) -> list[RowOutcome]:
            parsed = [_parsed(row, first_lines) for row in batch]
            names = dict(pair for pair in parsed if not isinstance(pair, CoreError))
            changes = await op.core.places.save(uow, place, names)
            return [pair if isinstance(pair, CoreError) else changes[pair[0]] for pair in parsed]

        return await run(op, Rows(path, {"id", "name"}, _NEEDED), take, dry_run=dry_run, report=report)


def _parsed(row: Row, first_lines: dict[int, int]) -> tuple[int, PlaceName] | CoreError:
    """Number and name; which of two names a number shall have is not for us to guess."""
    if isinstance(row.texts, CoreError):
        return row.texts
    try:
        number, name = parse_place(row.texts)
    except CoreError as error:
        return error
    first = first_lines.setdefault(number, row.line)
    if first != row.line:
        return InvalidValue("id.twice", field="id", line=first)
    return number, name
