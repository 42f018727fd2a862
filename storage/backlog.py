"""How much waits in the database, for whoever watches it (core/metrics.py)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import outbox
from storage.tables.submissions import submissions
from storage.tables.updates import inbox


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, and since when the oldest does."""

    length: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is to be handled, what was set aside, what is to be sent, what admins are to look at."""

    inbox: Queue
    parked: Queue
    outbox: Queue
    reviews: Queue


async def backlog(conn: AsyncConnection, now: datetime) -> Backlog:
    """What waits now; each of the four is counted in an index of its own."""
    undone = inbox.c.done_at.is_(None)
    unsent = outbox.c.sent_at.is_(None) & outbox.c.dead_at.is_(None) & (outbox.c.due_at <= now)
    return Backlog(
        inbox=await _queue(conn, inbox, inbox.c.received_at, undone & inbox.c.parked_at.is_(None)),
        parked=await _queue(conn, inbox, inbox.c.parked_at, undone & inbox.c.parked_at.is_not(None)),
        outbox=await _queue(conn, outbox, outbox.c.due_at, unsent),
        reviews=await _queue(conn, submissions, submissions.c.queued_at, submissions.c.queued_at.is_not(None)),
    )


async def _queue(conn: AsyncConnection, table: FromClause, since: Any, waits: ColumnElement[bool]) -> Queue:
    found = await conn.execute(select(func.count(), func.min(since)).select_from(table).where(waits))
    return Queue(*found.one())
