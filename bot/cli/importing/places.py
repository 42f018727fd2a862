"""`import hospitals` and `import departments`: rows to core."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.cli.importing.reading import Row, Rows
from bot.cli.importing.running import Result, run
from bot.cli.operator import operator
from core.errors import InvalidValue
from core.places import Change, parse_place
from core.profile_values import PlaceName
from core.unit import UnitOfWork
from storage.reference import Place

_NEEDED: Final = (frozenset({"id"}), frozenset({"name"}))


async def import_places(place: Place, path: Path, *, dry_run: bool, report: Path | None) -> Result:
    """Imports a file of hospitals or departments. Raises SettingsError, StorageError or Failure."""
    first_lines: dict[int, int] = {}

    def parse(row: Row) -> tuple[int, PlaceName]:
        number, name = parse_place(row.texts())
        first = first_lines.setdefault(number, row.line)
        if first != row.line:  # which of two names a number shall have is not for us to guess
            raise InvalidValue("id.twice", field="id", line=first)
        return number, name

    async with operator() as op:

        async def take(uow: UnitOfWork, places: Sequence[tuple[int, PlaceName]]) -> Sequence[Change]:
            changes = await op.core.places.save(uow, place, dict(places))
            return [changes[number] for number, _ in places]

        return await run(op, Rows(path, {"id", "name"}, _NEEDED), parse, take, dry_run=dry_run, report=report)
