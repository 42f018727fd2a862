"""What is taken of an account when it is erased: each table's part, in one place (SECURITY.md Privacy).

A table that is not named here keeps what it has; tests/core/test_every_table.py asks for the reason.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import (
    account_chats,
    accounts,
    audit,
    consents,
    news,
    notes,
    outbox,
    recovery_codes,
    sessions,
)
from storage.tables.base import AnyRow, UtcDateTime
from storage.tables.erasures import erasures
from storage.tables.exports import export_jobs
from storage.tables.profiles import profiles
from storage.tables.recovery import recovery_requests
from storage.tables.submissions import decisions, look_alikes, shown_messages, submission_files, submissions
from storage.tables.updates import chats, inbox


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose rows are meant.

    Args:
        people: the Telegram users that anything links to the account.
        here: the one whose chat is being answered, 0 when none is.
        still_done: the kinds of outbox rows that outlive the account.
    """

    account_id: int
    people: Collection[int]
    here: int
    still_done: Collection[str]


@dataclass(frozen=True, slots=True)
class Emptied:
    """Columns of rows that stay, and what is written over them."""

    rows: Callable[[Whose], ColumnElement[bool]]
    values: Mapping[Column[Any], Any]


def _submissions_of(whose: Whose) -> Select[int]:
    return select(submissions.c.id).where(submissions.c.account_id == whose.account_id)


def _audit_about(whose: Whose) -> Select[int]:
    pseudonym = select(accounts.c.pseudonym).where(accounts.c.id == whose.account_id)
    numbers = select(submissions.c.number).where(submissions.c.account_id == whose.account_id)
    return select(audit.c.id).where(or_(audit.c.subject.in_(pseudonym), audit.c.subject.in_(numbers)))


def _chats_of(whose: Whose) -> ColumnElement[bool]:
    """Those with a dialog of the account, or where it is logged in; not the one that is being answered, whose row is
    written with its answer."""
    logged_in = select(sessions.c.telegram_user_id).where(
        sessions.c.account_id == whose.account_id,
        sessions.c.ended_at.is_(None),
        sessions.c.telegram_user_id.is_not(None),
    )
    theirs = or_(chats.c.draft_of == whose.account_id, chats.c.person_id.in_(logged_in))
    return and_(theirs, chats.c.person_id != whose.here)


# Before anything is deleted: some of these rows are found by rows that go.
EMPTIED: Final[Mapping[Table, Emptied]] = {
    accounts: Emptied(
        lambda whose: accounts.c.id == whose.account_id,
        {
            accounts.c.state: "erased",
            accounts.c.phone: None,
            accounts.c.phone_verified_at: None,
            accounts.c.phone_verified_by: None,
            accounts.c.email: None,
            accounts.c.email_folded: None,
            accounts.c.username: None,
            accounts.c.username_folded: None,
            accounts.c.name: "",
            accounts.c.password_hash: None,
            accounts.c.password_scheme: None,
            accounts.c.pepper_id: None,
            accounts.c.totp_secret: None,
            accounts.c.totp_step: None,
            accounts.c.sex: "undisclosed",
            accounts.c.birth_date: None,
            accounts.c.age: None,
        },
    ),
    submissions: Emptied(
        lambda whose: submissions.c.account_id == whose.account_id,
        {
            submissions.c.name: None,
            submissions.c.appeal_message: None,
            submissions.c.queued_at: None,
            submissions.c.claimed_by: None,
            submissions.c.claimed_until: None,
            submissions.c.keep_until: None,
        },
    ),
    submission_files: Emptied(
        lambda whose: submission_files.c.submission_id.in_(_submissions_of(whose)),
        {submission_files.c.path: None, submission_files.c.likeness: None},
    ),
    decisions: Emptied(
        lambda whose: decisions.c.submission_id.in_(_submissions_of(whose)), {decisions.c.message: None}
    ),
    # Dialogs, and answers on their way. The revision rises, so that an update in flight there is taken once more.
    chats: Emptied(
        _chats_of,
        {
            chats.c.revision: chats.c.revision + 1,
            chats.c.flow: None,
            chats.c.draft_of: None,
            chats.c.draft: None,
            chats.c.expires_at: None,
            chats.c.pending: None,
        },
    ),
    # The numbers of updates stay: one that is delivered again must be known.
    inbox: Emptied(
        lambda whose: and_(
            inbox.c.person_id.in_(whose.people), or_(inbox.c.done_at.is_not(None), inbox.c.parked_at.is_not(None))
        ),
        {inbox.c.person_id: None},
    ),
    # What is still to be sent or taken out of a chat for it belongs to nobody then.
    outbox: Emptied(
        lambda whose: and_(
            outbox.c.account_id == whose.account_id,
            outbox.c.kind.in_(whose.still_done),
            outbox.c.sent_at.is_(None),
            outbox.c.dead_at.is_(None),
        ),
        {outbox.c.account_id: None},
    ),
}
DELETED: Final[Mapping[Table, Callable[[Whose], ColumnElement[bool]]]] = {
    sessions: lambda whose: sessions.c.account_id == whose.account_id,  # and with them the tokens they rotated away
    recovery_codes: lambda whose: recovery_codes.c.account_id == whose.account_id,
    account_chats: lambda whose: account_chats.c.account_id == whose.account_id,
    consents: lambda whose: consents.c.account_id == whose.account_id,
    news: lambda whose: news.c.account_id == whose.account_id,
    outbox: lambda whose: outbox.c.account_id == whose.account_id,
    notes: lambda whose: notes.c.audit_id.in_(_audit_about(whose)),
    profiles: lambda whose: profiles.c.account_id == whose.account_id,
    export_jobs: lambda whose: export_jobs.c.account_id == whose.account_id,
    recovery_requests: lambda whose: recovery_requests.c.account_id == whose.account_id,
    shown_messages: lambda whose: shown_messages.c.account_id == whose.account_id,
    look_alikes: lambda whose: or_(
        look_alikes.c.submission_id.in_(_submissions_of(whose)), look_alikes.c.other_id.in_(_submissions_of(whose))
    ),
}


async def people(conn: AsyncConnection, account_id: int) -> list[int]:
    """The Telegram users that anything links to the account."""
    columns = (
        select(account_chats.c.telegram_user_id).where(account_chats.c.account_id == account_id),
        select(sessions.c.telegram_user_id).where(sessions.c.account_id == account_id),
        select(accounts.c.phone_verified_by).where(accounts.c.id == account_id),
    )
    found = {person for column in columns for person in (await conn.execute(column)).scalars()}
    return sorted(found - {None})


async def photos(conn: AsyncConnection, account_id: int) -> list[str]:
    """The names of the account's photos in the photo store."""
    sent = select(submission_files.c.path).join(submissions, submissions.c.id == submission_files.c.submission_id)
    columns = (
        sent.where(submissions.c.account_id == account_id),
        select(profiles.c.avatar_photo).where(profiles.c.account_id == account_id),
    )
    return [path for column in columns for path in (await conn.execute(column)).scalars() if path is not None]


async def lock_submissions(conn: AsyncConnection, account_id: int) -> None:
    """Keeps everybody else from changing what the account has sent, until this transaction ends."""
    theirs = select(submissions.c.id).where(submissions.c.account_id == account_id)
    await conn.execute(theirs.order_by(submissions.c.id).with_for_update())


async def last_refusal(
    conn: AsyncConnection, account_id: int, refused: Collection[str], waiting: Collection[str]
) -> AnyRow | None:
    """The account's newest submission that is refused, or waits because it appeals; its state and when that was."""
    in_question = or_(submissions.c.state.in_(refused), submissions.c.appeal & submissions.c.state.in_(waiting))
    refused_at = func.coalesce(submissions.c.decided_at, submissions.c.updated_at, type_=UtcDateTime)
    statement = select(submissions.c.state, refused_at.label("refused_at")).where(
        submissions.c.account_id == account_id, in_question
    )
    return (await conn.execute(statement.order_by(submissions.c.id.desc()).limit(1))).one_or_none()


async def take(conn: AsyncConnection, whose: Whose) -> None:
    """Empties and deletes all that is the account's. May be done again, for what was in flight the first time."""
    for table, part in EMPTIED.items():
        await conn.execute(update(table).where(part.rows(whose)).values(dict(part.values)))
    for table, rows in DELETED.items():
        await conn.execute(delete(table).where(rows(whose)))


async def note(conn: AsyncConnection, account_id: int, people: Collection[int], now: datetime) -> None:
    """Notes that an account was erased, for what is to be done behind the commit."""
    row = {"account_id": account_id, "people": list(people), "erased_at": now, "due_at": now}
    await conn.execute(insert(erasures).values(row))


async def due(conn: AsyncConnection, now: datetime) -> Sequence[AnyRow]:
    """The erasures of which something is to be done by now, oldest first; at most 100."""
    statement = select(erasures).where(erasures.c.due_at <= now).order_by(erasures.c.erased_at).limit(100)
    return (await conn.execute(statement)).all()


async def put_off(conn: AsyncConnection, account_ids: Collection[int], until: datetime) -> None:
    """Says when the next part of these erasures is to be done."""
    await conn.execute(update(erasures).where(erasures.c.account_id.in_(account_ids)).values(due_at=until))


async def finish(conn: AsyncConnection, account_ids: Collection[int]) -> None:
    """Nothing is left to be done of these erasures."""
    await conn.execute(delete(erasures).where(erasures.c.account_id.in_(account_ids)))


async def forget_told(conn: AsyncConnection, kinds: Collection[str]) -> None:
    """Deletes what was sent, or given up, and is nobody's to read again."""
    over = outbox.c.sent_at.is_not(None) | outbox.c.dead_at.is_not(None)
    await conn.execute(delete(outbox).where(outbox.c.account_id.is_(None), outbox.c.kind.in_(kinds), over))
