"""Queries on consents."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import consents
from storage.tables.base import AnyRow

_version = select(func.max(consents.c.version)).where(
    consents.c.account_id == bindparam("account"),
    consents.c.kind == bindparam("kind"),
    consents.c.withdrawn_at.is_(None),
)


async def add(conn: AsyncConnection, account_id: int, now: datetime, *, kind: str, version: int, channel: str) -> bool:
    """Records a consent; whether this call did, and not another a moment before."""
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    row = {"account_id": account_id, "kind": kind, "version": version, "channel": channel, "given_at": now}
    return (await conn.execute(new(consents).values(row).on_conflict_do_nothing())).rowcount == 1


async def standing_version(conn: AsyncConnection, account_id: int, kind: str) -> int | None:
    """The newest version consented to and not withdrawn."""
    version: int | None = await conn.scalar(_version, {"account": account_id, "kind": kind})
    return version


async def standing(conn: AsyncConnection, account_id: int) -> Sequence[AnyRow]:
    """What an account has consented to and not withdrawn, older versions first."""
    statement = select(consents).where(consents.c.account_id == account_id, consents.c.withdrawn_at.is_(None))
    return (await conn.execute(statement.order_by(consents.c.version))).all()


async def withdraw(conn: AsyncConnection, account_id: int, kind: str, now: datetime) -> int:
    """Withdraws what stands of a kind; how many records that were."""
    statement = update(consents).where(
        consents.c.account_id == account_id, consents.c.kind == kind, consents.c.withdrawn_at.is_(None)
    )
    return (await conn.execute(statement.values(withdrawn_at=now))).rowcount
