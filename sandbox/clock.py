"""The sandbox's own clock, which tests may move, and the numbers that start from it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

# Telegram keeps updates for a day and lets a bot delete a message for two.
UPDATE_LIFETIME = 24 * 3600
DELETE_WINDOW = 48 * 3600
# Telegram names no figure; a minute is long enough to see and short enough to try.
CALLBACK_LIFETIME = 60

_EPOCH_2026 = 1_767_225_600


class Clock:
    """Wall clock plus an offset that ``/sandbox/clock`` sets, in seconds."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since 1970, moved by the offset."""
        return time.time() + self.offset


def numbers_from_clock() -> Iterator[int]:
    """Ascending numbers that no earlier run has given out, below 2**31 as Telegram's are.

    Ten a second since 2026: a run that gives out fewer than that on average is followed by one that starts above it.
    A bot that kept its database over a restart of the sandbox would otherwise take new updates for old ones.
    """
    return itertools.count(int((time.time() - _EPOCH_2026) * 10) % 2**30 + 1)


def person_ids_from_clock() -> Iterator[int]:
    """Ids for people made on the fly: above 32 bits, as Telegram's are now, and new in every run."""
    return itertools.count(int(time.time() * 1000))
