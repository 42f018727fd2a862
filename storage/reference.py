"""Queries on the tables that profiles refer to: hospitals and departments."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from enum import Enum

from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.profiles import departments, hospitals


class Place(Enum):
    """Such a table."""

    HOSPITAL = "hospital"
    DEPARTMENT = "department"

    @property
    def table(self) -> Table:
        return {Place.HOSPITAL: hospitals, Place.DEPARTMENT: departments}[self]

    @property
    def column(self) -> str:
        """What refers to it."""
        return f"{self.value}_id"


async def existing(conn: AsyncConnection, place: Place, ids: Collection[int]) -> frozenset[int]:
    """Which of these ids are there."""
    return frozenset(await names(conn, place, ids))


async def names(conn: AsyncConnection, place: Place, ids: Collection[int]) -> dict[int, str]:
    """The names by id, of those that are there."""
    if not ids:
        return {}
    table = place.table
    statement = select(table.c.id, table.c.name).where(table.c.id.in_(bindparam("ids", expanding=True)))
    return {row.id: row.name for row in await conn.execute(statement, {"ids": list(ids)})}


async def save(conn: AsyncConnection, place: Place, names: Mapping[int, str]) -> None:
    """Adds or renames each by its id."""
    if not names:
        return
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = new(place.table)
    written = {"name": statement.excluded.name, "found_by": statement.excluded.found_by}
    statement = statement.on_conflict_do_update(index_elements=["id"], set_=written)
    rows = [{"id": place_id, "name": name, "found_by": found_by(name)} for place_id, name in names.items()]
    await conn.execute(statement, rows)


def found_by(name: str) -> str:
    """What a place is found by: any part of its name without spaces, case and width, or of its pinyin initials."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - its tables take half a second, and only imports need them

    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
    return f"{_folded(name)} {_folded(initials)}"[:300]


async def search(conn: AsyncConnection, place: Place, typed: str, *, skip: int, most: int) -> Sequence[tuple[int, str]]:
    """Number and name of the places that are found by this, those that begin with it first; every place by nothing.

    It reads the whole table, some 40,000 short rows: no index serves a part from the middle on both databases.
    """
    table = place.table
    typed = _folded(typed)
    statement = (
        select(table.c.id, table.c.name)
        .where(table.c.found_by.contains(typed, autoescape=True))
        .order_by(table.c.found_by.startswith(typed, autoescape=True).desc(), table.c.id)
        .offset(skip)
        .limit(most)
    )
    return [(row.id, row.name) for row in await conn.execute(statement)]


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
