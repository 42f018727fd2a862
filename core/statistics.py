"""Figures of the reviews of the last 30 days, for admins: counts and durations, nobody's data."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from core.permissions import Permission, require
from core.reasons import Reason
from core.sessions import Signed
from core.unit import UnitOfWork
from storage import statistics as store

DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Day:
    """How many certificates were approved and refused on a day of the clinic's."""

    date: date
    approved: int
    refused: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What waits now, and what was decided within the last 30 days.

    Args:
        waiting: attempts that admins have to look at.
        oldest_wait: how long the oldest of them waits; None when nothing does.
        days: one for each of the 30, today last.
        median_wait: of the decided, from the sending to the first decision; None when none was.
        longest_wait: likewise.
        reasons: how often each was given, the most frequent first.
    """

    waiting: int
    oldest_wait: timedelta | None
    days: tuple[Day, ...]
    median_wait: timedelta | None
    longest_wait: timedelta | None
    reasons: tuple[tuple[Reason, int], ...]

    @property
    def approved(self) -> int:
        """How many were approved."""
        return sum(day.approved for day in self.days)

    @property
    def refused(self) -> int:
        """How many were refused, for good or to be sent again."""
        return sum(day.refused for day in self.days)


class Statistics:
    """Counts what the reviews did."""

    def __init__(self, zone: ZoneInfo) -> None:
        """`zone`: days begin at its midnight."""
        self._zone = zone

    async def figures(self, uow: UnitOfWork, signed: Signed) -> Figures:
        """The figures as of now. Raises Forbidden."""
        require(signed, Permission.REVIEW)
        today = uow.now.astimezone(self._zone)
        midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight - timedelta(days=DAYS - 1)
        count, oldest = await store.waiting(uow.conn)
        rows = await store.decided(uow.conn, first)
        by_day = Counter((row.at.astimezone(self._zone).date(), row.outcome == "approved") for row in rows)
        dates = [(first + timedelta(days=number)).date() for number in range(DAYS)]
        waits = [row.at - row.sent_at for row in rows if row.first]
        given = Counter(Reason(code) for row in rows for code in (row.reasons or "").split(",") if code)
        return Figures(
            waiting=count,
            oldest_wait=uow.now - oldest if oldest else None,
            days=tuple(Day(day, by_day[day, True], by_day[day, False]) for day in dates),
            median_wait=median(waits) if waits else None,
            longest_wait=max(waits, default=None),
            reasons=tuple(sorted(given.items(), key=lambda item: (-item[1], list(Reason).index(item[0])))),
        )
