"""Queries for reviewers: who may decide on whom, what waits, what looks like what."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CompoundSelect, Select, bindparam, exists, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import account_chats, accounts, sessions
from storage.tables.base import AnyRow
from storage.tables.submissions import look_alikes, submission_files, submissions


def _people(account: str) -> CompoundSelect[tuple[int]]:
    """The Telegram users who are, or were, the account of that id."""
    chats = select(account_chats.c.telegram_user_id).where(account_chats.c.account_id == bindparam(account))
    logins = select(sessions.c.telegram_user_id).where(sessions.c.account_id == bindparam(account))
    verified = select(accounts.c.phone_verified_by).where(accounts.c.id == bindparam(account))
    known = verified.where(accounts.c.phone_verified_by.is_not(None))
    return chats.union(logins.where(sessions.c.telegram_user_id.is_not(None)), known)


_doctor = accounts.alias("doctor")
_same_phone = exists().where(_doctor.c.id == bindparam("doctor"), _doctor.c.phone == accounts.c.phone)
_same_person = exists().where(
    account_chats.c.account_id == accounts.c.id, account_chats.c.telegram_user_id.in_(_people("doctor"))
)
_able = (
    select(accounts.c.id)
    .where(accounts.c.role == "admin", accounts.c.state == "active", ~_same_phone, ~_same_person)
    .order_by(accounts.c.id)
)
_active_admins = select(accounts.c.id).where(accounts.c.role == "admin", accounts.c.state == "active")
_claimed = select(submissions).where(submissions.c.state == "in_review")
_queue = (
    select(submissions, accounts.c.id.label("doctor_id"), accounts.c.name.label("doctor_name"))
    .join(accounts, accounts.c.id == submissions.c.account_id)
    .where(submissions.c.queued_at.is_not(None))
    .order_by(submissions.c.queued_at, submissions.c.id)
)


async def able(conn: AsyncConnection, doctor_id: int) -> list[int]:
    """The active admins who are neither this doctor's Telegram user nor have their phone."""
    return list((await conn.execute(_able, {"doctor": doctor_id})).scalars())


async def active_admins(conn: AsyncConnection) -> list[int]:
    """The active admins."""
    return list((await conn.execute(_active_admins.order_by(accounts.c.id))).scalars())


async def claimed_by(conn: AsyncConnection, account_id: int) -> Sequence[AnyRow]:
    """The attempts that this admin has claimed."""
    return (await conn.execute(_claimed.where(submissions.c.claimed_by == account_id))).all()


async def claims_over(conn: AsyncConnection, now: datetime, *, most: int) -> Sequence[AnyRow]:
    """Claims whose lease is over, oldest first."""
    statement = _claimed.where(submissions.c.claimed_until <= now).order_by(submissions.c.claimed_until).limit(most)
    return (await conn.execute(statement)).all()


async def queue(conn: AsyncConnection, *, after: tuple[datetime, int] | None, most: int) -> Sequence[AnyRow]:
    """What there is to look at, the longest waiting first, each with `doctor_id` and `doctor_name`.

    `after` are `queued_at` and `id` of the last one seen.
    """
    statement: Select[tuple[object, ...]] = _queue
    if after is not None:
        statement = statement.where(tuple_(submissions.c.queued_at, submissions.c.id) > after)
    return (await conn.execute(statement.limit(most))).all()


async def same_bytes(conn: AsyncConnection, account_id: int, hashes: Sequence[str]) -> list[str]:
    """Numbers of other accounts' attempts that have any of these files."""
    statement = (
        select(submissions.c.number)
        .join(submission_files, submission_files.c.submission_id == submissions.c.id)
        .where(submission_files.c.sha256.in_(hashes), submissions.c.account_id != account_id)
        .distinct()
        .order_by(submissions.c.number)
    )
    return list((await conn.execute(statement)).scalars())


async def alike(conn: AsyncConnection, submission_id: int) -> list[str]:
    """Numbers of the attempts that look like this one."""
    newer = select(look_alikes.c.other_id).where(look_alikes.c.submission_id == submission_id)
    older = select(look_alikes.c.submission_id).where(look_alikes.c.other_id == submission_id)
    statement = select(submissions.c.number).where(submissions.c.id.in_(newer.union(older)))
    return list((await conn.execute(statement.order_by(submissions.c.number))).scalars())


async def uncompared(conn: AsyncConnection, *, most: int) -> list[int]:
    """Attempts that were not yet compared with the others, oldest first."""
    statement = select(submissions.c.id).where(submissions.c.compared_at.is_(None)).order_by(submissions.c.id)
    return list((await conn.execute(statement.limit(most))).scalars())


async def likenesses_of(conn: AsyncConnection, submission_ids: Sequence[int]) -> Sequence[AnyRow]:
    """submission_id, account_id and likeness of these attempts' photos."""
    statement = (
        select(submission_files.c.submission_id, submissions.c.account_id, submission_files.c.likeness)
        .join(submissions, submissions.c.id == submission_files.c.submission_id)
        .where(submission_files.c.likeness.is_not(None), submissions.c.id.in_(submission_ids))
    )
    return (await conn.execute(statement)).all()


async def likenesses(conn: AsyncConnection, *, after: tuple[int, int], most: int) -> Sequence[AnyRow]:
    """submission_id, position, account_id and likeness of photos, a page at a time."""
    statement = (
        select(
            submission_files.c.submission_id,
            submission_files.c.position,
            submissions.c.account_id,
            submission_files.c.likeness,
        )
        .join(submissions, submissions.c.id == submission_files.c.submission_id)
        .where(
            submission_files.c.likeness.is_not(None),
            tuple_(submission_files.c.submission_id, submission_files.c.position) > after,
        )
        .order_by(submission_files.c.submission_id, submission_files.c.position)
        .limit(most)
    )
    return (await conn.execute(statement)).all()


async def set_compared(conn: AsyncConnection, submission_id: int, now: datetime, others: Sequence[int]) -> None:
    """Notes which other attempts look like this one."""
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    rows = [{"submission_id": submission_id, "other_id": other} for other in others]
    if rows:
        await conn.execute(new(look_alikes).on_conflict_do_nothing(), rows)
    await conn.execute(update(submissions).where(submissions.c.id == submission_id).values(compared_at=now))
