"""Queries on exports that are to be made: claimed by one process at a time, taken over when it is gone."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.exports import export_jobs


@dataclass(frozen=True, slots=True)
class ExportJob:
    """An export to be made now. `attempts` counts this one; `message_id` shows the person how far it is."""

    id: int
    account_id: int
    telegram_user_id: int
    created_at: datetime
    attempts: int
    message_id: int | None


_free = or_(export_jobs.c.claimed_until.is_(None), export_jobs.c.claimed_until <= bindparam("at"))
_next = (
    select(export_jobs.c.id)
    .where(export_jobs.c.due_at <= bindparam("at"), _free)
    .order_by(export_jobs.c.due_at, export_jobs.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # SQLite has one writer and leaves the clause out
)
_claim = (
    update(export_jobs)
    .where(export_jobs.c.id.in_(_next.scalar_subquery()))
    .values(claimed_by=bindparam("holder"), claimed_until=bindparam("until"), attempts=export_jobs.c.attempts + 1)
    .returning(*(export_jobs.c[name] for name in ExportJob.__dataclass_fields__))
)
_held = (export_jobs.c.id == bindparam("job"), export_jobs.c.claimed_by == bindparam("holder"))
_keep = update(export_jobs).where(*_held).values(claimed_until=bindparam("until"))
_show = update(export_jobs).where(*_held).values(message_id=bindparam("message"))
_put_back = update(export_jobs).where(*_held).values(claimed_by=None, claimed_until=None, due_at=bindparam("due"))
_end = delete(export_jobs).where(*_held)
_next_due = select(func.min(export_jobs.c.due_at))


async def add(conn: AsyncConnection, account_id: int, telegram_user_id: int, now: datetime) -> bool:
    """Asks for an export; False when the account has one under way."""
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    row = {"account_id": account_id, "telegram_user_id": telegram_user_id, "created_at": now, "due_at": now}
    statement = new(export_jobs).values(**row, attempts=0).on_conflict_do_nothing(index_elements=["account_id"])
    return (await conn.execute(statement)).rowcount == 1


async def is_under_way(conn: AsyncConnection, account_id: int) -> bool:
    """Whether an export of the account is still to be delivered."""
    statement = select(export_jobs.c.id).where(export_jobs.c.account_id == account_id)
    return (await conn.execute(statement)).first() is not None


async def claim(conn: AsyncConnection, now: datetime, *, holder: str, until: datetime, most: int) -> list[ExportJob]:
    """Claims at most `most` of those that are due, oldest first, until the given time."""
    rows = await conn.execute(_claim, {"at": now, "until": until, "holder": holder, "most": most})
    return sorted((ExportJob(*row) for row in rows), key=lambda job: job.id)


async def keep(conn: AsyncConnection, job: int, holder: str, until: datetime) -> bool:
    """Prolongs a claim; False when the job is not the holder's any more."""
    return (await conn.execute(_keep, {"job": job, "holder": holder, "until": until})).rowcount == 1


async def show(conn: AsyncConnection, job: int, holder: str, message_id: int) -> None:
    """Notes which message shows how far it is."""
    await conn.execute(_show, {"job": job, "holder": holder, "message": message_id})


async def put_back(conn: AsyncConnection, job: int, holder: str, due_at: datetime) -> bool:
    """Frees a job that could not be done, due again at `due_at`; False when it is not the holder's any more."""
    return (await conn.execute(_put_back, {"job": job, "holder": holder, "due": due_at})).rowcount == 1


async def end(conn: AsyncConnection, job: int, holder: str) -> bool:
    """Removes a job that is done or given up; False when it is not the holder's any more."""
    return (await conn.execute(_end, {"job": job, "holder": holder})).rowcount == 1


async def free(conn: AsyncConnection, holder: str | None = None) -> None:
    """Frees what this process holds, or without a name what any does."""
    statement = update(export_jobs).values(claimed_by=None, claimed_until=None)
    await conn.execute(statement if holder is None else statement.where(export_jobs.c.claimed_by == holder))


async def next_due(conn: AsyncConnection) -> datetime | None:
    """When the first of them is, or was, due; None: there is none."""
    found: datetime | None = (await conn.execute(_next_due)).scalar_one()
    return found
