"""The inbox: every update is committed here before Telegram is told that we have it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.updates import inbox

Adding = Callable[[AsyncConnection], Awaitable[int]]
"""Adds to the inbox what arrived (`add`); how many were new."""


@dataclass(frozen=True, slots=True)
class NewUpdate:
    """An update as it arrived; `payload` is its sealed JSON, `person_id` who acted (None: nobody did)."""

    update_id: int
    person_id: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that is to be handled; `attempts` counts how often that failed."""

    seq: int
    bot_id: int
    update_id: int
    person_id: int
    payload: bytes
    attempts: int
    received_at: datetime


_open = inbox.c.done_at.is_(None) & inbox.c.parked_at.is_(None)
_earlier = inbox.alias("earlier")
_has_earlier = exists().where(
    _earlier.c.person_id == inbox.c.person_id,
    _earlier.c.seq < inbox.c.seq,
    _earlier.c.done_at.is_(None),
    _earlier.c.parked_at.is_(None),
)
_next = and_(_open, or_(inbox.c.claimed_until.is_(None), inbox.c.claimed_until <= bindparam("at")), ~_has_earlier)
_is_waiting = select(exists().where(_next))
_waiting = (
    select(*(inbox.c[name] for name in Waiting.__dataclass_fields__))
    .where(_next)
    .order_by(inbox.c.seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # SQLite has one writer and leaves the clause out
)
_claim = (
    update(inbox)
    .where(inbox.c.seq.in_(bindparam("seqs", expanding=True)))
    .values(claimed_by=bindparam("worker"), claimed_until=bindparam("until"))
)
_keep = (
    update(inbox)
    .where(
        inbox.c.seq.in_(
            select(inbox.c.seq)
            .where(inbox.c.seq.in_(bindparam("seqs", expanding=True)), inbox.c.claimed_by == bindparam("worker"))
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
    )
    .values(claimed_until=bindparam("until"))
)
_mark_done = (
    update(inbox)
    .where(inbox.c.seq.in_(bindparam("seqs", expanding=True)), inbox.c.done_at.is_(None))
    .values(done_at=bindparam("at"), payload=None, claimed_by=None, claimed_until=None)
)
_add = {
    name: insert(inbox).on_conflict_do_nothing(index_elements=["bot_id", "update_id"]).returning(inbox.c.seq)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_count_open = select(func.count()).select_from(inbox).where(_open)


async def add(conn: AsyncConnection, bot_id: int, now: datetime, updates: Sequence[NewUpdate]) -> int:
    """Stores updates in their order of arrival and returns how many were new.

    An update that was taken before, by (bot, update id), is left as it is. One without a person is done unseen
    (DIALOGS.md).
    """
    if not updates:
        return 0
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
    # Rows beside the statement, not in it: it is compiled once, whatever their number.
    return len((await conn.execute(_add[conn.dialect.name], rows)).all())


async def waiting(conn: AsyncConnection, *, now: datetime, most: int) -> list[Waiting]:
    """The oldest open update of each of at most `most` people, oldest first; none that a worker has claimed.

    They are this transaction's: on PostgreSQL other workers pass over them until it ends. Finish them in it, or claim
    them for longer. A person's later updates are not seen before the earlier ones are done.
    """
    return [Waiting(*row) for row in await conn.execute(_waiting, {"at": now, "most": most})]


async def is_waiting(conn: AsyncConnection, now: datetime) -> bool:
    """Whether `waiting` would find any."""
    return bool((await conn.execute(_is_waiting, {"at": now})).scalar_one())


async def claim(conn: AsyncConnection, seqs: Sequence[int], *, worker: str, until: datetime) -> None:
    """Keeps updates for this worker beyond the transaction: until `finish`, `put_back` or the given time."""
    await conn.execute(_claim, {"seqs": list(seqs), "worker": worker, "until": until})


async def keep(conn: AsyncConnection, seqs: Sequence[int], *, worker: str, until: datetime) -> None:
    """Prolongs this worker's claims on updates that it is still at work on; what is locked now is passed over."""
    await conn.execute(_keep, {"seqs": list(seqs), "worker": worker, "until": until})


async def finish(conn: AsyncConnection, seqs: Sequence[int], now: datetime) -> int:
    """Marks updates done and empties them; returns how many were still open (SECURITY.md At rest)."""
    return (await conn.execute(_mark_done, {"seqs": list(seqs), "at": now})).rowcount


async def put_back(conn: AsyncConnection, seq: int, *, worker: str, not_before: datetime, error: str | None) -> None:
    """Frees an update that was not handled; it and what follows of that person waits until `not_before`.

    `error` None: nothing failed (somebody else was faster), so it does not count. What another worker has claimed by
    now stays as it is.
    """
    values = {} if error is None else {"attempts": inbox.c.attempts + 1, "error": error}
    await conn.execute(_not_anothers(seq, worker).values(claimed_by=None, claimed_until=not_before, **values))


async def park(conn: AsyncConnection, seq: int, *, worker: str, now: datetime, error: str) -> bool:
    """Sets an update aside that keeps failing, so that the person's next ones are handled (SECURITY.md Updates).

    False when another worker has handled or claimed it meanwhile.
    """
    parked = await conn.execute(
        _not_anothers(seq, worker).values(parked_at=now, payload=None, error=error, claimed_by=None, claimed_until=None)
    )
    return parked.rowcount == 1


async def free(conn: AsyncConnection, worker: str | None = None) -> int:
    """Frees what a worker has claimed; None: what anyone has, for a bot that is the only one on its database."""
    whose = inbox.c.claimed_by.is_not(None) if worker is None else inbox.c.claimed_by == worker
    claimed = update(inbox).where(_open, whose)
    return (await conn.execute(claimed.values(claimed_by=None, claimed_until=None))).rowcount


def _not_anothers(seq: int, worker: str) -> Update:
    whose = or_(inbox.c.claimed_by.is_(None), inbox.c.claimed_by == worker)
    return update(inbox).where(inbox.c.seq == seq, _open, whose)


async def count_open(conn: AsyncConnection) -> int:
    """How many updates are still to be handled."""
    return (await conn.execute(_count_open)).scalar_one()


async def purge(conn: AsyncConnection, *, before: datetime) -> int:
    """Removes updates that were done or parked before the given time."""
    over = or_(inbox.c.done_at < before, inbox.c.parked_at < before)
    return (await conn.execute(delete(inbox).where(over))).rowcount
