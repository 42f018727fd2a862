"""Transactions for a part of the bot that works by the clock, beside the updates."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from bot.outage import through_outages
from core.uncut import uncut
from core.unit import Channel, Clock, UnitOfWork
from storage.database import Database

_T = TypeVar("_T")


class Units:
    """Opens units of work; each act is done whole or not at all, also when its caller is cancelled meanwhile."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[UnitOfWork]:
        """A transaction that only reads."""
        async with self._database.read() as conn:
            yield UnitOfWork(conn, self._clock(), Channel.JOB)

    async def write(self, act: Callable[[UnitOfWork], Awaitable[_T]]) -> _T:
        """What `act` gives, committed. Raises StorageError."""

        async def write() -> _T:
            async with self._database.write() as conn:
                return await act(UnitOfWork(conn, self._clock(), Channel.JOB))

        return await uncut(write())

    async def write_at_last(self, act: Callable[[UnitOfWork], Awaitable[_T]]) -> _T:
        """The same, waiting with growing pauses while the database does not work."""
        return await through_outages(lambda: self.write(act))
