"""Where each chat stands: language, open dialog, the screen that is shown and what is still to be shown.

One worker at a time shows a chat's answer: who commits it, until its lease ends; then whoever takes it over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.updates import chats


@dataclass(frozen=True, slots=True)
class ChatRow:
    """One chat as stored.

    Args:
        draft, pending: the open dialog and the calls that its answer still needs; sealed.
        draft_of: the account the draft belongs to.
        message_id: the message with the present buttons.
        keyboard: the contact keyboard is up.
        listed: for which audience and language the client's command list was made.
        secret_until: until then what is typed without being asked for may be a password.
    """

    person_id: int
    language: str | None
    revision: int
    flow: str | None
    draft_of: int | None
    draft: bytes | None
    expires_at: datetime | None
    message_id: int | None
    keyboard: bool
    listed: str | None
    secret_until: datetime | None
    pending: bytes | None
    blocked_at: datetime | None
    updated_at: datetime


_NAMES = tuple(ChatRow.__dataclass_fields__)
_COLUMNS = [chats.c[name] for name in _NAMES]
_get = select(*_COLUMNS).where(chats.c.person_id.in_(bindparam("people", expanding=True)))
_left = chats.c.pending.is_not(None) & or_(chats.c.showing_until.is_(None), chats.c.showing_until <= bindparam("at"))
_any_left = select(exists().where(_left))
_take_left = (
    update(chats)
    .where(
        chats.c.person_id.in_(
            select(chats.c.person_id)
            .where(_left)
            .limit(1000)
            .with_for_update(skip_locked=True)  # SQLite has one writer and leaves the clause out
            .scalar_subquery()
        )
    )
    .values(showing_by=bindparam("worker"), showing_until=bindparam("until"))
    .returning(*_COLUMNS)
)
_is_workers = chats.c.pending.is_not(None) & (chats.c.showing_by == bindparam("worker"))
_keep_showing = (
    update(chats)
    .where(
        chats.c.person_id.in_(
            select(chats.c.person_id)
            .where(chats.c.person_id.in_(bindparam("people", expanding=True)), _is_workers)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
    )
    .values(showing_until=bindparam("until"))
    .returning(chats.c.person_id, chats.c.revision)
)
_is_showing = (
    update(chats)
    .where(chats.c.person_id == bindparam("person"), chats.c.revision == bindparam("at_revision"), _is_workers)
    .values(showing_until=bindparam("until"))
)
_set_listed = (
    update(chats)
    .where(
        chats.c.person_id
        == select(chats.c.person_id)
        .where(chats.c.person_id == bindparam("person"))
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    .values(listed=bindparam("name"))
)
_shown = (
    update(chats)
    .where(
        chats.c.person_id == bindparam("person"),
        chats.c.revision == bindparam("at_revision"),
        chats.c.showing_by == bindparam("worker"),
    )
    .values(message_id=bindparam("message"), pending=None, showing_until=None, blocked_at=bindparam("blocked"))
)


def _upsert(insert: sqlite.Insert | postgresql.Insert) -> Any:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["person_id"],
        set_={name: new[name] for name in (*_NAMES, "showing_by", "showing_until") if name != "person_id"},
        where=chats.c.revision == new.revision - 1,
    ).returning(chats.c.person_id)


_save_sqlite = _upsert(sqlite.insert(chats))
_save_postgresql = _upsert(postgresql.insert(chats))


async def get(conn: AsyncConnection, people: Iterable[int]) -> dict[int, ChatRow]:
    """The rows of these people; who was never seen has none."""
    return {row.person_id: ChatRow(*row) for row in await conn.execute(_get, {"people": list(people)})}


async def save(
    conn: AsyncConnection, rows: Sequence[ChatRow], *, worker: str | None = None, until: datetime | None = None
) -> set[int]:
    """Writes rows whose `revision` is one more than the stored one; returns the people whose row was written.

    A compare-and-set: whoever worked from an older revision, or made the row at the same time, is not in the answer.
    Pending answers are the worker's to show, until the given time.
    """
    statement = _save_postgresql if conn.dialect.name == "postgresql" else _save_sqlite
    lease = {"showing_by": worker, "showing_until": until}
    written = await conn.execute(statement, [{name: getattr(row, name) for name in _NAMES} | lease for row in rows])
    return set(written.scalars())


async def set_listed(conn: AsyncConnection, lists: Mapping[int, str]) -> None:
    """Notes which command list each of these people's clients has now.

    A row that another transaction has locked is passed over: the list is given once more at the person's next update.
    """
    await conn.execute(_set_listed, [{"person": person, "name": name} for person, name in lists.items()])


async def set_blocked(conn: AsyncConnection, person_id: int, at: datetime | None) -> None:
    """Notes that the person blocked the bot, or let it in again (None); nothing else of the chat changes."""
    await conn.execute(update(chats).where(chats.c.person_id == person_id).values(blocked_at=at))


async def shown(
    conn: AsyncConnection, notes: Sequence[tuple[int, int, int | None, datetime | None]], *, worker: str
) -> None:
    """Notes what was shown: (person, revision, message with the screen, when the person was found to block us).

    What another worker has taken over meanwhile stays that one's to note: it is about to show it once more, and the
    person's next answer must not come before that.
    """
    await conn.execute(
        _shown,
        [
            {"person": person, "at_revision": revision, "message": message, "blocked": blocked, "worker": worker}
            for person, revision, message, blocked in sorted(notes)  # one order: no two writers wait in a circle
        ],
    )


async def is_left(conn: AsyncConnection, now: datetime) -> bool:
    """Whether a committed answer was not shown, and nobody is about to."""
    return bool((await conn.execute(_any_left, {"at": now})).scalar_one())


async def take_left(conn: AsyncConnection, now: datetime, *, worker: str, until: datetime) -> list[ChatRow]:
    """Chats whose committed answer nobody is about to show, at most 1,000: they are this worker's from now on."""
    taken = await conn.execute(_take_left, {"at": now, "worker": worker, "until": until})
    return [ChatRow(*row) for row in taken]


async def keep_showing(
    conn: AsyncConnection, people: Iterable[int], *, worker: str, until: datetime
) -> list[tuple[int, int]]:
    """Prolongs this worker's leases on answers that are still on their way; which, each a person and a revision.

    A row that another transaction has locked is passed over: it must not cost the worker all its other leases.
    """
    kept = await conn.execute(_keep_showing, {"people": list(people), "worker": worker, "until": until})
    return [(person, revision) for person, revision in kept]


async def is_still_showing(conn: AsyncConnection, row: ChatRow, *, worker: str, until: datetime) -> bool:
    """Whether that row's answer is still this worker's to show; if so, its lease is prolonged."""
    held = {"person": row.person_id, "at_revision": row.revision, "worker": worker, "until": until}
    return (await conn.execute(_is_showing, held)).rowcount == 1


async def leave(conn: AsyncConnection, worker: str | None = None) -> None:
    """Leaves to others what this worker has not shown; None: what anyone has not, where nobody else can be alive."""
    statement = update(chats).where(chats.c.pending.is_not(None), chats.c.showing_until.is_not(None))
    mine = statement if worker is None else statement.where(chats.c.showing_by == worker)
    await conn.execute(mine.values(showing_until=None))


async def expire(conn: AsyncConnection, now: datetime) -> int:
    """Empties drafts that died; at the person's next message the dialog is closed in words (DIALOGS rule 18)."""
    dead = update(chats).where(chats.c.expires_at <= now, chats.c.draft.is_not(None))
    return (await conn.execute(dead.values(draft=None))).rowcount
