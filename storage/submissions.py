"""Queries on submissions of certificates and their photos."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.base import AnyRow
from storage.tables.submissions import submission_files, submissions

# Each with its first photo, by which an attempt is shown.
_of_account = (
    select(submissions, *(column for column in submission_files.c if column.name not in {"submission_id", "position"}))
    .join(submission_files, (submission_files.c.submission_id == submissions.c.id) & (submission_files.c.position == 1))
    .where(submissions.c.account_id == bindparam("account"))
    .order_by(submissions.c.id.desc())
)

_by_number = select(submissions).where(submissions.c.number == bindparam("number"))


async def of_account(conn: AsyncConnection, account_id: int) -> list[AnyRow]:
    """All attempts of an account, newest first, each with the columns of its first photo."""
    return list((await conn.execute(_of_account, {"account": account_id})).all())


async def add(
    conn: AsyncConnection, account_id: int, now: datetime, *, number: str, state: str, appeal: bool, **values: Any
) -> int | None:
    """Adds an attempt in its first version, waiting since now; its id, or None when another has the number.

    `values` are other columns. IntegrityError when another attempt of the account is open.
    """
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = new(submissions).values(
        number=number,
        account_id=account_id,
        state=state,
        version=1,
        appeal=appeal,
        created_at=now,
        updated_at=now,
        queued_at=now,
        **values,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["number"])
    submission_id: int | None = (await conn.execute(statement.returning(submissions.c.id))).scalar_one_or_none()
    return submission_id


async def add_files(conn: AsyncConnection, submission_id: int, files: Sequence[Mapping[str, Any]]) -> None:
    """Adds an attempt's photos, in the order they were sent in."""
    rows = [{**file, "submission_id": submission_id, "position": place} for place, file in enumerate(files, start=1)]
    await conn.execute(insert(submission_files), rows)


async def change_state(
    conn: AsyncConnection, submission_id: int, now: datetime, *, version: int, state: str, **values: Any
) -> bool:
    """Compare-and-set on the version seen; whether this call made the change. `values` are other columns."""
    statement = update(submissions).where(submissions.c.id == submission_id, submissions.c.version == version)
    changed = await conn.execute(statement.values(state=state, version=version + 1, updated_at=now, **values))
    return changed.rowcount == 1


async def extend_claim(conn: AsyncConnection, submission_id: int, *, version: int, until: datetime) -> bool:
    """Lets a claim run longer, which is no change of state; whether the version is still that."""
    statement = update(submissions).where(submissions.c.id == submission_id, submissions.c.version == version)
    return (await conn.execute(statement.values(claimed_until=until))).rowcount == 1


async def get(conn: AsyncConnection, number: str) -> AnyRow | None:
    """The attempt of that number."""
    return (await conn.execute(_by_number, {"number": number})).one_or_none()


async def by_id(conn: AsyncConnection, submission_id: int) -> AnyRow:
    """The attempt, which there is."""
    return (await conn.execute(select(submissions).where(submissions.c.id == submission_id))).one()


async def decided(conn: AsyncConnection, account_id: int, at: datetime) -> AnyRow | None:
    """The attempt of an account that an admin decided on at that very moment."""
    statement = select(submissions).where(submissions.c.account_id == account_id, submissions.c.decided_at == at)
    return (await conn.execute(statement.where(submissions.c.decided_by.is_not(None)))).first()


async def files_of(conn: AsyncConnection, submission_id: int) -> list[AnyRow]:
    """An attempt's photos, in the order they were sent in."""
    statement = select(submission_files).where(submission_files.c.submission_id == submission_id)
    return list((await conn.execute(statement.order_by(submission_files.c.position))).all())


async def has_files(conn: AsyncConnection, account_id: int, *, states: Sequence[str], hashes: Sequence[str]) -> bool:
    """Whether any of these bytes is in an attempt of the account in one of these states."""
    statement = (
        select(submission_files.c.position)
        .join(submissions, submissions.c.id == submission_files.c.submission_id)
        .where(
            submissions.c.account_id == account_id,
            submissions.c.state.in_(states),
            submission_files.c.sha256.in_(hashes),
        )
        .limit(1)
    )
    return (await conn.execute(statement)).first() is not None
