"""Times that were written while a clock was ahead, and would be waited for after it was put right."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import outbox
from storage.tables.exports import export_jobs
from storage.tables.updates import chats, inbox

_LONGER_THAN_ANY_CLAIM: Final = timedelta(minutes=5)
_AT_ONCE: Final = 1000
_CLAIMS: Final = (inbox.c.claimed_until, chats.c.showing_until, outbox.c.claimed_until, export_jobs.c.claimed_until)
_DUE: Final = (outbox, export_jobs)


async def put_right(conn: AsyncConnection, now: datetime) -> None:
    """Ends claims that nobody can have made by this clock, and has what was written after now be written now."""
    far = now + _LONGER_THAN_ANY_CLAIM
    for claim in _CLAIMS:
        await conn.execute(update(claim.table).where(claim > far).values({claim: None}))
    for table in _DUE:
        await _move(conn, table, now, far)


async def _move(conn: AsyncConnection, table: Table, now: datetime, far: datetime) -> None:
    """A time between writing and sending stays as long as it was."""
    columns = table.c.id, table.c.created_at, table.c.due_at
    found = (await conn.execute(select(*columns).where(table.c.created_at > far).limit(_AT_ONCE))).all()
    if found:
        moved = update(table).where(table.c.id == bindparam("row"))
        await conn.execute(
            moved.values(created_at=bindparam("written"), due_at=bindparam("due")),
            [{"row": row.id, "written": now, "due": now + (row.due_at - row.created_at)} for row in found],
        )
