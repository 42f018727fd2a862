"""What one process of many does at a time: whoever holds the lease, and another soon after that one is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from core.uncut import uncut
from core.unit import Clock
from storage import leases
from storage.database import Database
from storage.errors import StorageError

LIFE: Final = timedelta(seconds=8)
_EVERY: Final = 3.0  # seconds between renewals, and between looks whether the lease is free

_log: Final = structlog.get_logger(__name__)


class Leading:
    """Does a work for as long as this process holds the lease on it."""

    def __init__(
        self,
        database: Database,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        clock: Clock,
        holder: str,
        every: float = _EVERY,
    ) -> None:
        """`work` goes on until it is cancelled; what it raises ends this. `holder` names this process."""
        self._database = database
        self._name = name
        self._work = work
        self._clock = clock
        self._holder = holder
        self._every = every
        self.leads = False
        self._blind = False

    async def run(self) -> None:
        """Runs until it is cancelled, then gives the lease up. Raises what the work raises."""
        try:
            while True:
                if await self._has():
                    await self._lead()
                await asyncio.sleep(self._every)
        finally:
            with suppress(StorageError):
                await uncut(self._release())

    async def _lead(self) -> None:
        """Works while the lease is renewed; an outage of the database does not cost it before its end."""
        _log.info("This process leads", work=self._name)
        until = self._clock() + LIFE
        work = asyncio.ensure_future(self._work())
        self.leads = True
        try:
            while self._clock() < until:
                await asyncio.wait([work], timeout=self._every)
                if work.done():
                    return work.result()
                now = self._clock()
                if await self._has():
                    until = now + LIFE
            _log.warning("This process leads no more", work=self._name)
        finally:
            self.leads = False
            work.cancel()
            await asyncio.wait([work])

    async def _has(self) -> bool:
        """Takes or renews the lease; reads first, so that who waits writes nothing."""
        try:
            has = await uncut(self._take())
        except StorageError as error:
            if not self._blind:
                _log.warning("Who leads cannot be read; trying again", work=self._name, error=str(error))
            self._blind = True
            return False
        self._blind = False
        return has

    async def _take(self) -> bool:
        now = self._clock()
        if not self.leads:
            async with self._database.read() as conn:
                if not await leases.is_free(conn, self._name, self._holder, now, now + LIFE):
                    return False
        async with self._database.write() as conn:
            return await leases.take(conn, self._name, self._holder, now, now + LIFE)

    async def _release(self) -> None:
        async with self._database.write() as conn:
            await leases.release(conn, self._name, self._holder)
