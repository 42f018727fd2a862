"""Figures of the reviews: what waits, what was decided, how long doctors waited."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.base import AnyRow
from storage.tables.submissions import decisions, submissions

_DECIDED: Final = ("approved", "needs_resubmit", "rejected")


async def waiting(conn: AsyncConnection) -> AnyRow:
    """How many attempts admins have to look at, and since when the oldest of them waits."""
    queued = select(func.count(), func.min(submissions.c.queued_at)).where(submissions.c.queued_at.is_not(None))
    row: AnyRow = (await conn.execute(queued)).one()
    return row


async def decided(conn: AsyncConnection, since: datetime) -> Sequence[AnyRow]:
    """What was decided from then on, oldest first.

    `at`, `outcome`, `reasons`; `sent_at` of the attempt, and whether this was the `first` decision on it.
    """
    earlier = decisions.alias()
    again = select(earlier.c.id).where(
        earlier.c.submission_id == decisions.c.submission_id,
        earlier.c.id < decisions.c.id,
        earlier.c.outcome.in_(_DECIDED),
    )
    found = (
        select(
            decisions.c.at,
            decisions.c.outcome,
            decisions.c.reasons,
            submissions.c.created_at.label("sent_at"),
            (~again.exists()).label("first"),
        )
        .join(submissions, submissions.c.id == decisions.c.submission_id)
        .where(decisions.c.at >= since, decisions.c.outcome.in_(_DECIDED))
        .order_by(decisions.c.id)
    )
    return (await conn.execute(found)).all()
