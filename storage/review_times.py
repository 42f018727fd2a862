"""Queries for the review's timers: what a moment has come for."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.base import AnyRow
from storage.tables.submissions import submission_files, submissions

_queued = submissions.c.queued_at.is_not(None)


async def _rows(conn: AsyncConnection, most: int, *conditions: ColumnElement[bool]) -> Sequence[AnyRow]:
    return (await conn.execute(select(submissions).where(*conditions).order_by(submissions.c.id).limit(most))).all()


async def since(
    conn: AsyncConnection, state: str, before: datetime, *, reminded_below: int | None = None, most: int
) -> Sequence[AnyRow]:
    """Attempts that have been in this state since then or longer, whose doctors were reminded less often."""
    conditions = [submissions.c.state == state, submissions.c.updated_at <= before]
    if reminded_below is not None:
        conditions.append(submissions.c.doctor_reminded < reminded_below)
    return await _rows(conn, most, *conditions)


async def set_reminded(conn: AsyncConnection, submission_id: int, count: int) -> None:
    """Notes how often a doctor was reminded."""
    await conn.execute(update(submissions).where(submissions.c.id == submission_id).values(doctor_reminded=count))


async def validity_over(conn: AsyncConnection, today: date, *, most: int) -> Sequence[AnyRow]:
    """Approvals whose last day was before today."""
    return await _rows(conn, most, submissions.c.state == "approved", submissions.c.valid_until < today)


async def in_state(conn: AsyncConnection, state: str, *, after: int, most: int) -> Sequence[AnyRow]:
    """Attempts in this state with higher ids than `after`, by id."""
    return await _rows(conn, most, submissions.c.state == state, submissions.c.id > after)


async def photos_over(conn: AsyncConnection, now: datetime, *, most: int) -> Sequence[AnyRow]:
    """Attempts whose photos have had their time."""
    return await _rows(conn, most, submissions.c.keep_until <= now)


async def forget_photos(conn: AsyncConnection, submission_id: int) -> list[AnyRow]:
    """Takes the photos of an attempt out of its rows; path and sha256 of those that were there."""
    own = submission_files.c.submission_id == submission_id, submission_files.c.path.is_not(None)
    rows = select(submission_files.c.path, submission_files.c.sha256).where(*own).with_for_update()
    files = (await conn.execute(rows)).all()  # locked: a change of keys gives photos other names
    await conn.execute(update(submission_files).where(*own).values(path=None))
    await conn.execute(update(submissions).where(submissions.c.id == submission_id).values(keep_until=None))
    return list(files)


async def is_unreminded(conn: AsyncConnection, *, late: datetime, some: datetime) -> bool:
    """Whether admins have something to be reminded of: for the first time since `some`, for the second since `late`."""
    first = (submissions.c.queued_at <= some) & (submissions.c.admins_reminded < 1)
    second = (submissions.c.queued_at <= late) & (submissions.c.admins_reminded < 2)
    return (await conn.execute(select(submissions.c.id).where(_queued, first | second).limit(1))).first() is not None


async def waiting(conn: AsyncConnection, before: datetime) -> tuple[int, datetime | None]:
    """How many have waited for a reviewer since then or longer, and since when the first has."""
    statement = select(func.count(), func.min(submissions.c.queued_at)).where(
        _queued, submissions.c.queued_at <= before
    )
    count, oldest = (await conn.execute(statement)).one()
    return count, oldest


async def remind_admins(conn: AsyncConnection, before: datetime, level: int) -> Sequence[AnyRow]:
    """Raises what has waited since then or longer to this level of reminding; those that were below it."""
    statement = update(submissions).where(
        _queued, submissions.c.queued_at <= before, submissions.c.admins_reminded < level
    )
    return list((await conn.execute(statement.values(admins_reminded=level).returning(submissions))).all())
