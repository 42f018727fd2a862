"""How fast we send: Telegram's limit for a bot, divided among the workers that live."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import structlog
from telegram.ext import AIORateLimiter, BaseRateLimiter

from core.uncut import uncut
from core.unit import Clock
from storage import leases
from storage.database import Database
from storage.errors import StorageError
from storage.listening import tell

WORKERS: Final = "workers"
"""What is told when a worker comes or goes."""
_PREFIX: Final = "worker:"
_LIFE: Final = timedelta(seconds=30)
_COUNT_EVERY: Final = 10.0  # seconds

_log: Final = structlog.get_logger(__name__)


class Pace(BaseRateLimiter[int]):
    """python-telegram-bot's limiter with a rate that can be changed: it counts per process."""

    def __init__(self, messages_per_second: int) -> None:
        self._rate = messages_per_second
        self._workers = 1
        self._limiter = _limiter(messages_per_second, 1)

    def divide(self, workers: int) -> None:
        """Keeps to one share of so many."""
        if workers != self._workers:
            self._workers = workers
            self._limiter = _limiter(self._rate, workers)
            _log.info("Messages are sent at a share of the limit", workers=workers)

    async def initialize(self) -> None:
        """Nothing has to be opened."""

    async def shutdown(self) -> None:
        """Nothing has to be closed."""

    async def process_request(  # noqa: PLR0917 - the library's signature
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        """Makes the call when its turn has come. Raises what the call raises."""
        return await self._limiter.process_request(callback, args, kwargs, endpoint, data, rate_limit_args)


class Shares:
    """Says that this worker lives, counts those that do, and keeps to one share. PostgreSQL only."""

    def __init__(self, database: Database, pace: Pace, *, clock: Clock, worker: str) -> None:
        self._database = database
        self._pace = pace
        self._clock = clock
        self._worker = worker
        self._woken = asyncio.Event()

    def recount(self) -> None:
        """Says that a worker has come or gone."""
        self._woken.set()

    async def run(self) -> None:
        """Counts until cancelled; the others are told at once when this worker comes and when it goes."""
        try:
            await self._count()
            await self._tell()
            while True:
                self._woken.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_COUNT_EVERY):  # not wait_for: bot/looking.py
                        await self._woken.wait()
                await self._count()
        finally:
            with suppress(StorageError):
                await uncut(self._leave())

    async def _count(self) -> None:
        """While the database is away the share stays what it was."""
        with suppress(StorageError):
            self._pace.divide(await uncut(self._living()))

    async def _living(self) -> int:
        now, name = self._clock(), f"{_PREFIX}{self._worker}"
        async with self._database.write() as conn:
            await leases.take(conn, name, self._worker, now, now + _LIFE)
            return await leases.count_living(conn, _PREFIX, now)

    async def _tell(self) -> None:
        with suppress(StorageError):
            await uncut(tell(self._database, WORKERS))

    async def _leave(self) -> None:
        async with self._database.write() as conn:
            await leases.release(conn, f"{_PREFIX}{self._worker}", self._worker)
        await tell(self._database, WORKERS)


def _limiter(rate: int, workers: int) -> AIORateLimiter:
    """One share. Its bucket holds at least one message, so a share below one a second is one in a longer time."""
    share = rate / workers
    if share >= 1:
        return AIORateLimiter(overall_max_rate=share, overall_time_period=1)
    return AIORateLimiter(overall_max_rate=1, overall_time_period=1 / share)
