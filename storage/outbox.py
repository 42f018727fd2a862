"""The outbox: what people are told who did not ask. Written in the transaction of the act, sent after it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import outbox


@dataclass(frozen=True, slots=True)
class Due:
    """A notice to be sent now. `attempts` counts this one; `params` fill the text of `kind`; `cause` is the update."""

    id: int
    telegram_user_id: int
    account_id: int | None
    kind: str
    params: Mapping[str, Any]
    created_at: datetime
    attempts: int
    cause: int | None


_open = outbox.c.sent_at.is_(None) & outbox.c.dead_at.is_(None)
_earlier = outbox.alias("earlier")
# One person reads what happened in its order: a notice waits for the earlier ones that are due.
_has_earlier = exists().where(
    _earlier.c.telegram_user_id == outbox.c.telegram_user_id,
    _earlier.c.sent_at.is_(None),
    _earlier.c.dead_at.is_(None),
    _earlier.c.due_at <= bindparam("at"),
    or_(
        _earlier.c.due_at < outbox.c.due_at,
        and_(_earlier.c.due_at == outbox.c.due_at, _earlier.c.id < outbox.c.id),
    ),
)
_next = (
    select(outbox.c.id)
    .where(
        _open,
        outbox.c.due_at <= bindparam("at"),
        or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= bindparam("at")),
        ~_has_earlier,
    )
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # SQLite has one writer and leaves the clause out
)
_claim = (
    update(outbox)
    .where(outbox.c.id.in_(_next.scalar_subquery()))
    .values(claimed_until=bindparam("until"), attempts=outbox.c.attempts + 1)
    .returning(*(outbox.c[name] for name in Due.__dataclass_fields__))
)
# What another has claimed since is that one's to note.
_by_id = update(outbox).where(
    outbox.c.id == bindparam("notice"),
    _open,
    or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until == bindparam("held")),
)
_sent = _by_id.values(sent_at=bindparam("at"), claimed_until=None, error=None)
_put_back = _by_id.values(due_at=bindparam("due"), claimed_until=None, error=bindparam("fault"))
_dead = _by_id.values(dead_at=bindparam("at"), claimed_until=None, error=bindparam("fault"))
_keep = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("notices", expanding=True)), _open, outbox.c.claimed_until == bindparam("held"))
    .values(claimed_until=bindparam("until"))
    .returning(outbox.c.id)
)
_space_out = (
    update(outbox)
    .where(outbox.c.telegram_user_id == bindparam("person"), _open, outbox.c.due_at < bindparam("until"))
    .values(due_at=bindparam("until"))
)
_next_due = select(func.min(outbox.c.due_at)).where(_open)
_count_due = select(func.count()).select_from(outbox).where(_open, outbox.c.due_at <= bindparam("at"))


async def add(
    conn: AsyncConnection,
    now: datetime,
    *,
    telegram_user_id: int,
    account_id: int | None,
    kind: str,
    params: Mapping[str, Any],
    due_at: datetime,
) -> None:
    """Adds what is due at a certain moment in one chat."""
    row = {"telegram_user_id": telegram_user_id, "account_id": account_id, "kind": kind, "params": params}
    await conn.execute(insert(outbox).values(**row, created_at=now, due_at=due_at))


async def hasten(
    conn: AsyncConnection, now: datetime, *, account_id: int, kind: str, since: datetime | None = None
) -> int:
    """Makes what of an account's waits under this kind, all of it or what was written since, due now; how many."""
    statement = update(outbox).where(outbox.c.account_id == account_id, outbox.c.kind == kind, _open)
    if since is not None:
        statement = statement.where(outbox.c.created_at >= since)
    return (await conn.execute(statement.values(due_at=now))).rowcount


async def claim(conn: AsyncConnection, *, now: datetime, lease: timedelta, most: int) -> list[Due]:
    """Claims the first due notice of each of at most `most` people, oldest first.

    A claim ends by `sent`, `put_back`, `dead`, or by itself after `lease`, when its claimer was killed. Those three
    take the end of the claim as `held`; when another has claimed the notice since they change nothing and return False.
    """
    rows = await conn.execute(_claim, {"at": now, "until": now + lease, "most": most})
    return sorted((Due(*row) for row in rows), key=lambda due: due.id)


async def sent(conn: AsyncConnection, notice: int, *, held: datetime, now: datetime) -> bool:
    """Marks a notice delivered."""
    return (await conn.execute(_sent, {"notice": notice, "held": held, "at": now})).rowcount == 1


async def space_out(conn: AsyncConnection, telegram_user_id: int, *, until: datetime) -> None:
    """What is still to be sent to this person is due then at the earliest; its order stays."""
    await conn.execute(_space_out, {"person": telegram_user_id, "until": until})


async def put_back(conn: AsyncConnection, notice: int, *, held: datetime, due_at: datetime, error: str) -> bool:
    """Frees a notice that could not be sent; it is due again at `due_at`."""
    values = {"notice": notice, "held": held, "due": due_at, "fault": error}
    return (await conn.execute(_put_back, values)).rowcount == 1


async def dead(conn: AsyncConnection, notice: int, *, held: datetime, now: datetime, error: str) -> bool:
    """Gives a notice up: it is never sent, and `error` says why."""
    return (await conn.execute(_dead, {"notice": notice, "held": held, "at": now, "fault": error})).rowcount == 1


async def is_under_way(conn: AsyncConnection, account_id: int, at: datetime) -> bool:
    """Whether what an account was told at that moment was sent, or may still be, in any of its chats."""
    told = outbox.c.account_id == account_id, outbox.c.created_at == at, outbox.c.dead_at.is_(None)
    return (await conn.execute(select(outbox.c.id).where(*told).limit(1))).first() is not None


async def keep(conn: AsyncConnection, notices: Iterable[int], *, held: datetime, until: datetime) -> set[int]:
    """Prolongs claims that end at `held` on notices that are being sent; which. Those of others end at other times."""
    kept = await conn.execute(_keep, {"notices": list(notices), "held": held, "until": until})
    return set(kept.scalars())


async def free(conn: AsyncConnection) -> None:
    """Frees what anybody has claimed, where nobody can be alive who has."""
    await conn.execute(update(outbox).where(_open, outbox.c.claimed_until.is_not(None)).values(claimed_until=None))


async def next_due(conn: AsyncConnection) -> datetime | None:
    """When the first of what is to be sent is, or was, due; None: nothing is to be sent."""
    found: datetime | None = (await conn.execute(_next_due)).scalar_one()
    return found


async def count_due(conn: AsyncConnection, now: datetime) -> int:
    """How many notices should have been sent by now."""
    return int((await conn.execute(_count_due, {"at": now})).scalar_one())
