"""The throttle: so many requests a minute for an account, else for an address (CONTRACT.md 3.11)."""

from collections import deque
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from core.unit import Clock

_MINUTE: Final = timedelta(minutes=1)


class Rates:
    """Counts the requests of the last minute by key, in this process's memory."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._seen: dict[str, deque[datetime]] = {}
        self._swept = clock()

    def take(self, key: str) -> tuple[int, int]:
        """Counts one request. Gives how many more may come now, and the seconds to wait where it is one too many."""
        now = self._clock()
        self._sweep(now)
        seen = self._seen.setdefault(key, deque())
        while seen and now - seen[0] >= _MINUTE:
            seen.popleft()
        if len(seen) >= self.limit:
            return 0, max(1, ceil((seen[0] + _MINUTE - now).total_seconds()))
        seen.append(now)
        return self.limit - len(seen), 0

    def give_back(self, key: str) -> None:
        """Takes back the newest count."""
        if seen := self._seen.get(key):
            seen.pop()

    def knows(self, key: str) -> bool:
        """Whether it was counted in the last minute, or little longer ago."""
        return key in self._seen

    def _sweep(self, now: datetime) -> None:
        """Forgets, once a minute, who has not come for a minute."""
        if now - self._swept >= _MINUTE:
            self._swept = now
            self._seen = {key: seen for key, seen in self._seen.items() if seen and now - seen[-1] < _MINUTE}
