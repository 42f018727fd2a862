"""What is taken of an account when it is erased: each table's part, in one place (SECURITY.md Privacy).

A table that is not named here keeps what it has; tests/core/test_every_table.py asks for the reason.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import account_chats, accounts, audit, consents, news, notes, outbox, sessions
from storage.tables.base import AnyRow, UtcDateTime
from storage.tables.erasures import erasures
from storage.tables.exports import export_jobs
from storage.tables.profiles import profiles
from storage.tables.recovery import recovery_requests
from storage.tables.submissions import decisions, look_alikes, submission_files, submissions
from storage.tables.updates import chats, inbox

_account: Final[ColumnElement[int]] = bindparam("account")
_people: Final[ColumnElement[int]] = bindparam("people", expanding=True)
_its_submissions: Final = select(submissions.c.id).where(submissions.c.account_id == _account)
_its_audit: Final = select(audit.c.id).where(
    or_(
        audit.c.subject == select(accounts.c.pseudonym).where(accounts.c.id == _account).scalar_subquery(),
        audit.c.subject.in_(select(submissions.c.number).where(submissions.c.account_id == _account)),
    )
)
_logged_in: Final = select(sessions.c.telegram_user_id).where(
    sessions.c.account_id == _account, sessions.c.ended_at.is_(None), sessions.c.telegram_user_id.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Emptied:
    """Columns of rows that stay, and what is written over them."""

    rows: ColumnElement[bool]
    values: Mapping[Column[Any], Any]


# Before anything is deleted: some of these rows are found by rows that go.
EMPTIED: Final[Mapping[Table, Emptied]] = {
    accounts: Emptied(
        accounts.c.id == _account,
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
            accounts.c.sex: "undisclosed",
            accounts.c.birth_date: None,
            accounts.c.age: None,
        },
    ),
    submissions: Emptied(
        submissions.c.account_id == _account,
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
        submission_files.c.submission_id.in_(_its_submissions),
        {submission_files.c.path: None, submission_files.c.likeness: None},
    ),
    decisions: Emptied(decisions.c.submission_id.in_(_its_submissions), {decisions.c.message: None}),
    # Dialogs, and answers on their way to where the account is logged in. Not the chat that is being answered: whose
    # row is written with its answer. The revision rises, so that an update in flight there is taken once more.
    chats: Emptied(
        or_(chats.c.draft_of == _account, chats.c.person_id.in_(_logged_in)) & (chats.c.person_id != bindparam("here")),
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
        inbox.c.person_id.in_(_people) & (inbox.c.done_at.is_not(None) | inbox.c.parked_at.is_not(None)),
        {inbox.c.person_id: None},
    ),
    # What is still to be sent or taken out of a chat for it belongs to nobody then.
    outbox: Emptied(
        (outbox.c.account_id == _account)
        & outbox.c.kind.in_(bindparam("still_done", expanding=True))
        & outbox.c.sent_at.is_(None)
        & outbox.c.dead_at.is_(None),
        {outbox.c.account_id: None},
    ),
}
DELETED: Final[Mapping[Table, ColumnElement[bool]]] = {
    sessions: sessions.c.account_id == _account,  # and with them the tokens they rotated away
    account_chats: account_chats.c.account_id == _account,
    consents: consents.c.account_id == _account,
    news: news.c.account_id == _account,
    outbox: outbox.c.account_id == _account,
    notes: notes.c.audit_id.in_(_its_audit),
    profiles: profiles.c.account_id == _account,
    export_jobs: export_jobs.c.account_id == _account,
    recovery_requests: recovery_requests.c.account_id == _account,
    look_alikes: or_(look_alikes.c.submission_id.in_(_its_submissions), look_alikes.c.other_id.in_(_its_submissions)),
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
    files = select(submission_files.c.path).where(
        submission_files.c.submission_id.in_(_its_submissions), submission_files.c.path.is_not(None)
    )
    avatar = select(profiles.c.avatar_photo).where(
        profiles.c.account_id == _account, profiles.c.avatar_photo.is_not(None)
    )
    return list((await conn.execute(files.union_all(avatar), {"account": account_id})).scalars())


async def open_submissions(conn: AsyncConnection, account_id: int, states: Collection[str]) -> Sequence[AnyRow]:
    """The account's submissions in these states, which nobody else can change until this transaction ends."""
    statement = select(submissions).where(submissions.c.account_id == account_id, submissions.c.state.in_(states))
    return (await conn.execute(statement.order_by(submissions.c.id).with_for_update())).all()


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


async def take(
    conn: AsyncConnection, account_id: int, people: Collection[int], *, here: int | None, still_done: Collection[str]
) -> None:
    """Empties and deletes all that is the account's. May be done again, for what was in flight the first time.

    `here` is the Telegram user whose chat is being answered, `still_done` the kinds of outbox rows that outlive it.
    """
    values = {"account": account_id, "people": list(people), "here": here or 0, "still_done": list(still_done)}
    for table, part in EMPTIED.items():
        await conn.execute(update(table).where(part.rows.params(values)).values(dict(part.values)))
    for table, rows in DELETED.items():
        await conn.execute(delete(table).where(rows.params(values)))


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
