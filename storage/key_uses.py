"""Counts of what needs a key that seals nothing: passwords, logins, the audit (docs/operations.md Rotate keys)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import accounts, audit, sessions
from storage.tables.erasures import past_refusals


async def passwords(conn: AsyncConnection, pepper_id: str) -> int:
    """How many accounts have a password that only this pepper fits."""
    statement = select(func.count()).select_from(accounts).where(accounts.c.pepper_id == pepper_id)
    return int((await conn.execute(statement)).scalar_one())


async def logins(conn: AsyncConnection, *, after: datetime, until: datetime) -> int:
    """How many logins over HTTP live that were opened between these moments."""
    statement = select(func.count()).where(
        sessions.c.telegram_user_id.is_(None),
        sessions.c.ended_at.is_(None),
        sessions.c.created_at > after,
        sessions.c.created_at <= until,
    )
    return int((await conn.execute(statement)).scalar_one())


async def audit_entries(conn: AsyncConnection, kid: str) -> int:
    """How many entries of the audit are sealed under this key, or have the HMAC of a note by it."""
    statement = select(func.count()).where(_by(audit.c.mac, kid) | _by(audit.c.note_mac, kid))
    return int((await conn.execute(statement)).scalar_one())


async def refusals(conn: AsyncConnection, kid: str) -> int:
    """How many past refusals are remembered under this key."""
    statement = select(func.count()).where(_by(past_refusals.c.phone_mac, kid))
    return int((await conn.execute(statement)).scalar_one())


def _by(column: Column[Any], kid: str) -> ColumnElement[bool]:
    return func.substr(column, 1, len(kid) + 1) == f"{kid}:"
