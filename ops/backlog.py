"""What waits in the database, as metrics."""

import asyncio
import math
from datetime import datetime
from typing import Final

from prometheus_client import Gauge

from core import metrics
from core.unit import Clock
from ops.server import ANSWER_SECONDS
from storage.backlog import Backlog, Queue, backlog
from storage.database import Database
from storage.errors import StorageError

_READ: Final = (
    metrics.INBOX,
    metrics.INBOX_AGE,
    metrics.PARKED,
    metrics.OUTBOX,
    metrics.OUTBOX_AGE,
    metrics.REVIEWS,
    metrics.REVIEWS_AGE,
)


async def measure(database: Database, clock: Clock) -> None:
    """Sets the metrics that are read from the database; while it is away it is told so, and no old figure stays."""
    now = clock()
    try:
        async with asyncio.timeout(ANSWER_SECONDS), database.read() as conn:
            found = await backlog(conn, now)
    except (StorageError, TimeoutError):
        metrics.DATABASE_UP.set(0)
        for gauge in _READ:
            gauge.set(math.nan)
        return
    metrics.DATABASE_UP.set(1)
    _set(found, now)


def _set(found: Backlog, now: datetime) -> None:
    _queue(found.inbox, now, metrics.INBOX, metrics.INBOX_AGE)
    _queue(found.outbox, now, metrics.OUTBOX, metrics.OUTBOX_AGE)
    _queue(found.reviews, now, metrics.REVIEWS, metrics.REVIEWS_AGE)
    metrics.PARKED.set(found.parked.length)


def _queue(queue: Queue, now: datetime, length: Gauge, age: Gauge) -> None:
    length.set(queue.length)
    age.set(0.0 if queue.oldest is None else max(0.0, (now - queue.oldest).total_seconds()))
