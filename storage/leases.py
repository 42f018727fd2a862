"""Leases: which of many processes does what only one should do."""

from datetime import datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import leases


async def take(conn: AsyncConnection, name: str, holder: str, now: datetime, until: datetime) -> bool:
    """Takes or prolongs a lease; False while another holder's runs.

    One that runs much longer than it is taken for was written by a clock that was ahead: it has ended.
    """
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = new(leases).values(name=name, holder=holder, until=until)
    upsert = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "until": until},
        where=or_(leases.c.holder == holder, leases.c.until <= now, leases.c.until > _wrong(now, until)),
    )
    return (await conn.execute(upsert.returning(leases.c.name))).first() is not None


async def is_free(conn: AsyncConnection, name: str, holder: str, now: datetime, until: datetime) -> bool:
    """Whether `take` would succeed now."""
    runs = leases.c.until > now, leases.c.until <= _wrong(now, until)
    anothers = select(leases.c.name).where(leases.c.name == name, leases.c.holder != holder, *runs)
    return (await conn.execute(anothers)).first() is None


async def count_living(conn: AsyncConnection, prefix: str, now: datetime) -> int:
    """How many leases whose names begin so are held."""
    living = leases.c.name.startswith(prefix, autoescape=True), leases.c.until > now
    return int((await conn.execute(select(func.count()).select_from(leases).where(*living))).scalar_one())


async def purge(conn: AsyncConnection, *, before: datetime) -> None:
    """Removes leases that ended before the given time: of processes that were killed and have no successor."""
    await conn.execute(delete(leases).where(leases.c.until < before))


async def release(conn: AsyncConnection, name: str, holder: str) -> None:
    """Gives a lease up, so that another need not wait for its end."""
    await conn.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


async def clear(conn: AsyncConnection) -> None:
    """Ends all of them, where nobody can be alive who holds one."""
    await conn.execute(delete(leases))


def _wrong(now: datetime, until: datetime) -> datetime:
    return now + 2 * (until - now)
