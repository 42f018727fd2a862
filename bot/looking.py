"""When to look again for what is due: at once when somebody says so, else at its time, else seldom."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Final

from core.unit import Clock
from storage.database import Database

# Seconds. PostgreSQL tells when something is written that somebody waits for, SQLite does not.
_AGAIN: Final = 2.0
_AGAIN_WHEN_TOLD: Final = 30.0


class Looking:
    """The pauses between looks at one table."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._told = database.dialect == "postgresql"
        self._clock = clock
        self._woken = asyncio.Event()
        self._due_at: datetime | None = None

    def wake(self) -> None:
        """Says that there may be something to do."""
        self._woken.set()

    def begin(self) -> None:
        """What was said until now is looked at now."""
        self._woken.clear()

    def saw(self, due_at: datetime | None) -> bool:
        """Notes when the first of it is, or was, due (None: there is none); whether that is now."""
        self._due_at = due_at
        return due_at is not None and due_at <= self._clock()

    async def sleep(self) -> None:
        """Waits until it is time to look again."""
        # Not wait_for: in Python 3.11 it forgets that it was cancelled when it is woken at the same moment.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause()):
                await self._woken.wait()

    def _pause(self) -> float:
        if not self._told:
            return _AGAIN
        if self._due_at is None:
            return _AGAIN_WHEN_TOLD
        until = (self._due_at - self._clock()).total_seconds()
        # What is due by now and was not to be had is another worker's, who may die over it.
        return min(until if until > 0 else _AGAIN, _AGAIN_WHEN_TOLD)
