"""Queries on the tables that profiles refer to: hospitals and departments."""

from collections.abc import Collection, Mapping
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
    statement = statement.on_conflict_do_update(index_elements=["id"], set_={"name": statement.excluded.name})
    await conn.execute(statement, [{"id": place_id, "name": name} for place_id, name in names.items()])
