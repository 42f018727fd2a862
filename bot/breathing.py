"""How a long loop leaves the event loop to others now and then."""

import asyncio
from typing import Final

_AT_A_STRETCH: Final = 8
"""Of a batch of 64, gone through without a pause, others felt 80 ms and more (docs/performance.md)."""


async def breathe(number: int) -> None:
    """After every eighth of many (`number` counts them), whoever else is ready goes first."""
    if number % _AT_A_STRETCH == 0:
        await asyncio.sleep(0)
