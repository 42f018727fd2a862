"""The inbox: every update is committed here before Telegram is told that we have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.updates import inbox


@dataclass(frozen=True, slots=True)
class NewUpdate:
    """An update as it arrived; `payload` is its sealed JSON, `person_id` who acted (None: nobody did)."""

    update_id: int
    person_id: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """An update that this worker is to handle."""

    seq: int
    bot_id: int
    update_id: int
    person_id: int
    payload: bytes
    attempts: int


_open = inbox.c.done_at.is_(None) & inbox.c.parked_at.is_(None)
_earlier = inbox.alias("earlier")
_has_earlier = exists().where(
    _earlier.c.person_id == inbox.c.person_id,
    _earlier.c.seq < inbox.c.seq,
    _earlier.c.done_at.is_(None),
    _earlier.c.parked_at.is_(None),
)
_next = (
    select(inbox.c.seq)
    .where(
        _open,
        or_(inbox.c.claimed_until.is_(None), inbox.c.claimed_until <= bindparam("at")),
        ~_has_earlier,
    )
    .order_by(inbox.c.seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # SQLite has one writer and leaves the clause out
)
_claim = (
    update(inbox)
    .where(inbox.c.seq.in_(_next.scalar_subquery()))
    .values(claimed_by=bindparam("worker"), claimed_until=bindparam("until"), attempts=inbox.c.attempts + 1)
    .returning(inbox.c.seq, inbox.c.bot_id, inbox.c.update_id, inbox.c.person_id, inbox.c.payload, inbox.c.attempts)
)
_mark_done = (
    update(inbox)
    .where(inbox.c.seq.in_(bindparam("seqs", expanding=True)), inbox.c.done_at.is_(None))
    .values(done_at=bindparam("at"), payload=None, claimed_by=None, claimed_until=None)
)
_count_open = select(func.count()).select_from(inbox).where(_open)


async def add(conn: AsyncConnection, bot_id: int, now: datetime, updates: Sequence[NewUpdate]) -> int:
    """Stores updates in their order of arrival and returns how many were new.

    An update that was taken before, by (bot, update id), is left as it is. One without a person is done unseen
    (DIALOGS.md).
    """
    if not updates:
        return 0
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {
            "bot_id": bot_id,
            "update_id": new.update_id,
            "person_id": new.person_id,
            "payload": None if new.person_id is None else new.payload,
            "received_at": now,
            "done_at": now if new.person_id is None else None,
        }
        for new in updates
    ]
    statement = insert(inbox).values(rows).on_conflict_do_nothing(index_elements=["bot_id", "update_id"])
    return (await conn.execute(statement)).rowcount


async def claim(conn: AsyncConnection, *, worker: str, now: datetime, lease: timedelta, most: int) -> list[Claimed]:
    """Claims the oldest open update of each of at most `most` people nobody else works on.

    Updates of one person are never claimed side by side. A claim ends by `finish`, `put_back` or after `lease`.
    """
    rows = await conn.execute(_claim, {"worker": worker, "at": now, "until": now + lease, "most": most})
    return sorted((Claimed(*row) for row in rows), key=lambda claimed: claimed.seq)


async def finish(conn: AsyncConnection, seqs: Sequence[int], now: datetime) -> int:
    """Marks updates done and empties them; returns how many were still open (SECURITY.md At rest)."""
    return (await conn.execute(_mark_done, {"seqs": list(seqs), "at": now})).rowcount


async def put_back(conn: AsyncConnection, seq: int, *, not_before: datetime, error: str) -> None:
    """Frees an update whose handling failed; it and what follows of that person waits until `not_before`."""
    await conn.execute(
        update(inbox)
        .where(inbox.c.seq == seq, inbox.c.done_at.is_(None))
        .values(claimed_by=None, claimed_until=not_before, error=error)
    )


async def park(conn: AsyncConnection, seq: int, *, now: datetime, error: str) -> None:
    """Sets an update aside that keeps failing, so that the person's next ones are handled (SECURITY.md Updates)."""
    await conn.execute(
        update(inbox)
        .where(inbox.c.seq == seq, inbox.c.done_at.is_(None))
        .values(parked_at=now, payload=None, error=error, claimed_by=None, claimed_until=None)
    )


async def free_all(conn: AsyncConnection) -> int:
    """Frees what a dead process had claimed; for a bot that is the only one on its database."""
    claimed = update(inbox).where(_open, inbox.c.claimed_by.is_not(None))
    return (await conn.execute(claimed.values(claimed_by=None, claimed_until=None))).rowcount


async def count_open(conn: AsyncConnection) -> int:
    """How many updates are still to be handled."""
    return (await conn.execute(_count_open)).scalar_one()


async def purge(conn: AsyncConnection, *, before: datetime) -> int:
    """Removes updates that were done before the given time."""
    return (await conn.execute(delete(inbox).where(inbox.c.done_at < before))).rowcount
