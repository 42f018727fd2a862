"""Queries on the notes that stand beside audit entries."""

from collections.abc import Collection, Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import notes
from storage.tables.base import AnyRow


async def add(conn: AsyncConnection, audit_id: int, note: bytes) -> None:
    """Adds the sealed note of an audit entry."""
    await conn.execute(insert(notes).values(audit_id=audit_id, note=note))


async def get(conn: AsyncConnection, audit_ids: Collection[int]) -> Sequence[AnyRow]:
    """The sealed notes of these entries."""
    return (await conn.execute(select(notes).where(notes.c.audit_id.in_(audit_ids)))).all()
