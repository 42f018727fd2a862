"""Leases: which of many processes does what only one should do."""

from datetime import datetime

from sqlalchemy import delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import leases


async def take(conn: AsyncConnection, name: str, holder: str, now: datetime, until: datetime) -> bool:
    """Takes or prolongs a lease; False while another holder's runs."""
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = new(leases).values(name=name, holder=holder, until=until)
    upsert = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "until": until},
        where=or_(leases.c.holder == holder, leases.c.until <= now),
    )
    return (await conn.execute(upsert.returning(leases.c.name))).first() is not None


async def release(conn: AsyncConnection, name: str, holder: str) -> None:
    """Gives a lease up, so that another need not wait for its end."""
    await conn.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))
