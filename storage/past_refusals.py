"""Queries on refusals that outlive an erased account."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.base import AnyRow
from storage.tables.erasures import past_refusals


async def add(conn: AsyncConnection, phone_mac: str, *, state: str, refused_at: datetime, expires_at: datetime) -> None:
    """Remembers a refusal."""
    row = {"phone_mac": phone_mac, "state": state, "refused_at": refused_at, "expires_at": expires_at}
    await conn.execute(insert(past_refusals).values(row))


async def of(conn: AsyncConnection, phone_macs: Collection[str], now: datetime) -> Sequence[AnyRow]:
    """What is remembered under any of these and has not had its time, the newest first."""
    statement = select(past_refusals).where(past_refusals.c.phone_mac.in_(phone_macs), past_refusals.c.expires_at > now)
    return (await conn.execute(statement.order_by(past_refusals.c.refused_at.desc()))).all()


async def purge(conn: AsyncConnection, now: datetime) -> None:
    """Removes what has had its time."""
    await conn.execute(delete(past_refusals).where(past_refusals.c.expires_at <= now))
