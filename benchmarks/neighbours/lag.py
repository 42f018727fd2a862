"""How long an event loop keeps who is due waiting."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

_EVERY: Final = 0.005


async def watch(note: Callable[[float, float], object]) -> None:
    """Notes 200 times a second the moment (by the monotonic clock, which all processes share) and the seconds by which
    the loop was late."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(_EVERY)
        now = time.monotonic()
        note(now, max(0.0, now - before - _EVERY))
