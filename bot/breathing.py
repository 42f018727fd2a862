"""A loop over many that leaves the event loop to others now and then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeVar

_AT_A_STRETCH: Final = 8
"""Of a batch of 64, gone through without a pause, others felt 80 ms and more (docs/performance.md)."""

_T = TypeVar("_T")


async def breathing(many: Sequence[_T]) -> AsyncIterator[_T]:
    """Each of them; after every eighth whoever else is ready goes first."""
    for number, one in enumerate(many, start=1):
        yield one
        if number % _AT_A_STRETCH == 0:
            await asyncio.sleep(0)
