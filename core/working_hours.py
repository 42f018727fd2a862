"""Hours that count for reminders: from 8 to 21 o'clock in the clinic (REVIEW.md Time)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_BEGIN: Final = time(8)
_END: Final = time(21)
_DAY: Final = timedelta(days=1)


def is_quiet(now: datetime, zone: ZoneInfo) -> bool:
    """Whether nobody is to be reminded at this moment."""
    return not _BEGIN <= now.astimezone(zone).time() < _END


def worked(since: datetime, until: datetime, zone: ZoneInfo) -> timedelta:
    """How much of the time between two moments counts."""
    total, day = timedelta(0), since.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        begin, end = _hours(day, zone)
        total += max(timedelta(0), min(end, until) - max(begin, since))
        day += _DAY
    return total


def before(now: datetime, amount: timedelta, zone: ZoneInfo) -> datetime:
    """The latest moment since which that much counts until now."""
    day = now.astimezone(zone).date()
    while True:
        begin, end = _hours(day, zone)
        end = min(end, now)
        if end - begin >= amount:
            return end - amount
        amount -= max(timedelta(0), end - begin)
        day -= _DAY


def _hours(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    # By UTC: of two moments in one zone Python takes the difference of the clocks, not of time.
    begin, end = (datetime.combine(day, at, zone).astimezone(UTC) for at in (_BEGIN, _END))
    return begin, end
