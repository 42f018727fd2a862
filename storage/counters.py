"""Counters that many may push at once: each step is one atomic statement, so no look is had for free."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, delete, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import counters
from storage.tables.base import UtcDateTime

_get = select(counters.c.count, counters.c.locked_until, counters.c.expires_at).where(
    counters.c.key == bindparam("key")
)
_give_back = (
    update(counters)
    .where(counters.c.key == bindparam("counter"), counters.c.count > 0)
    .values(count=counters.c.count - 1, locked_until=None)
)
_clear = delete(counters).where(counters.c.key == bindparam("counter"))


async def reserve(
    conn: AsyncConnection, key: str, now: datetime, *, expires_at: datetime, locks: Sequence[tuple[int, datetime]]
) -> int | None:
    """Counts one more try and locks the counter if that makes enough; the new count, or None while it is locked.

    `locks` are (count, until), falling: the first whose count is reached holds. A counter past its expiry starts anew.
    """
    first_lock = next((until for reached, until in locks if reached <= 1), None)
    values = {"key": key, "count": 1, "locked_until": first_lock, "expires_at": expires_at, "at": now}
    statement = _reserving(conn.dialect.name, tuple(reached for reached, _ in locks))
    untils = {_until(reached): until for reached, until in locks}
    reached: int | None = (await conn.execute(statement, values | untils)).scalar_one_or_none()
    return reached


@cache  # with its ladder of locks it takes five times longer to build than to run
def _reserving(dialect: str, counts: tuple[int, ...]) -> Any:
    new = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(counters)
    at = bindparam("at", type_=UtcDateTime)
    count = case((counters.c.expires_at <= at, 1), else_=counters.c.count + 1)
    locks = ((count >= reached, bindparam(_until(reached), type_=UtcDateTime)) for reached in counts)
    return new.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": count,
            "locked_until": case(*locks, else_=literal(None, UtcDateTime)),
            "expires_at": new.excluded.expires_at,
        },
        where=or_(counters.c.locked_until.is_(None), counters.c.locked_until <= at),
    ).returning(counters.c.count)


def _until(reached: int) -> str:
    return f"until_{reached}"


async def take(conn: AsyncConnection, key: str, now: datetime, *, limit: int, expires_at: datetime) -> bool:
    """Takes one of `limit` within a window that begins with the first; whether there was one left."""
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    over = counters.c.expires_at <= now
    statement = new(counters).values(key=key, count=1, expires_at=expires_at)
    upsert = statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": case((over, 1), else_=counters.c.count + 1),
            "expires_at": case((over, literal(expires_at, UtcDateTime)), else_=counters.c.expires_at),
        },
        where=or_(counters.c.count < limit, over),
    )
    return (await conn.execute(upsert.returning(counters.c.count))).first() is not None


async def state(conn: AsyncConnection, key: str, now: datetime) -> tuple[int, datetime | None, datetime | None]:
    """(count, locked until, expires at) of a counter as of `now`; (0, None, None) when there is none."""
    row = (await conn.execute(_get, {"key": key})).one_or_none()
    if row is None:
        return 0, None, None
    count, locked_until, ends = row
    return (count, locked_until, ends) if ends > now else (0, None, None)


async def give_back(conn: AsyncConnection, key: str) -> None:
    """Undoes one reservation, and the lock it may have set."""
    await conn.execute(_give_back, {"counter": key})


async def clear(conn: AsyncConnection, key: str) -> None:
    """Forgets a counter."""
    await conn.execute(_clear, {"counter": key})


async def purge(conn: AsyncConnection, now: datetime) -> int:
    """Removes counters that have expired; how many."""
    return (await conn.execute(delete(counters).where(counters.c.expires_at <= now))).rowcount
