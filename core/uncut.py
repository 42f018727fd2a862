"""Work that is done whole or not begun: a stop that comes meanwhile waits for its end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def uncut(act: Coroutine[Any, Any, _T]) -> _T:
    """Awaits `act` to its end even when the caller is cancelled meanwhile; then the caller is.

    For transactions: one that is cancelled in the middle keeps SQLite's write lock until its last cursor is collected,
    and everybody else waits for that.
    """
    task = asyncio.ensure_future(act)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
