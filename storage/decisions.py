"""Queries on what was decided about submissions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.base import AnyRow
from storage.tables.submissions import decisions, submissions

_of_account = decisions.join(submissions, submissions.c.id == decisions.c.submission_id)
_last_unlocked = (
    select(func.max(decisions.c.id))
    .select_from(_of_account)
    .where(submissions.c.account_id == bindparam("account"), decisions.c.outcome == "unlocked")
)
_refusals = (
    select(func.count())
    .select_from(_of_account)
    .where(
        submissions.c.account_id == bindparam("account"),
        decisions.c.outcome.in_(("needs_resubmit", "rejected")),
        decisions.c.at > bindparam("since"),
        decisions.c.id > func.coalesce(_last_unlocked.scalar_subquery(), 0),
    )
)


async def add(conn: AsyncConnection, **values: Any) -> int:
    """Adds a decision; its id."""
    return int((await conn.execute(insert(decisions).values(**values).returning(decisions.c.id))).scalar_one())


async def of(conn: AsyncConnection, submission_ids: Collection[int]) -> Sequence[AnyRow]:
    """The decisions on these attempts, oldest first."""
    statement = select(decisions).where(decisions.c.submission_id.in_(submission_ids)).order_by(decisions.c.id)
    return (await conn.execute(statement)).all()


async def get(conn: AsyncConnection, decision_ids: Collection[int]) -> Sequence[AnyRow]:
    """These decisions."""
    return (await conn.execute(select(decisions).where(decisions.c.id.in_(decision_ids)))).all()


async def refusals(conn: AsyncConnection, account_id: int, *, since: datetime) -> int:
    """How many refusals an account has had since then, and since an admin unlocked it."""
    return int((await conn.execute(_refusals, {"account": account_id, "since": since})).scalar_one())
