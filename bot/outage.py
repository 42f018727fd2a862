"""Waiting for what is away: growing pauses, and one line when it goes and one when it is back."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from storage.errors import StorageError

_T = TypeVar("_T")

_log = structlog.get_logger(__name__)


class Outage:
    """Counts the failures of one thing in a row. Seconds; each pause is double the last, up to `longest`."""

    def __init__(self, *, first: float = 1.0, longest: float = 60.0) -> None:
        self._first = first
        self._longest = longest
        self._next = first
        self._said: str | None = None

    @property
    def present(self) -> str | None:
        """What was said last, while the outage lasts."""
        return self._said

    async def pause(self, sentence: str, **details: object) -> None:
        """Says the sentence, unless it was the last one said, and waits."""
        if sentence != self._said:
            _log.warning(sentence, **details)
            self._said = sentence
        # Jitter: many bots that lost the same server must not come back in the same moment.
        wait = self._next * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        self._next = min(self._next * 2, self._longest)
        await asyncio.sleep(wait)

    def over(self, sentence: str) -> None:
        """Says the sentence when there was an outage; the next pause is the first one again."""
        if self._said is not None:
            _log.info(sentence)
        self._said = None
        self._next = self._first


async def through_outages(act: Callable[[], Awaitable[_T]]) -> _T:
    """Does what needs the database, again and again with growing pauses while that does not work."""
    outage = Outage(first=0.1, longest=10.0)
    while True:
        try:
            result = await act()
        except StorageError as error:
            await outage.pause("The database does not work; trying again", error=str(error))
        else:
            outage.over("The database works again")
            return result
