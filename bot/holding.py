"""What a worker holds in the database, by leases that it renews: who is killed holds nothing for long.

On SQLite one bot has the file to itself: nothing is renewed there, and opening it frees all that was held.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.outage import Outage
from core.uncut import uncut
from core.unit import Clock
from storage import chats, inbox
from storage.chats import ChatRow
from storage.database import Database
from storage.errors import StorageError

LEASE: Final = timedelta(seconds=10)
"""How long an update, or an answer to be shown, is a worker's that is not heard of any more."""
_RENEW_EVERY: Final = 3.0  # seconds

_log: Final = structlog.get_logger(__name__)


class Holding:
    """The leases of one worker."""

    def __init__(self, database: Database, clock: Clock, worker: str) -> None:
        """`worker` names this process; only one that took the place of a dead one may have its name."""
        self._database = database
        self._clock = clock
        self._worker = worker

    async def begin(self) -> None:
        """Frees what a dead worker held whose place this one has. Raises StorageError."""
        await self._let_go()

    async def renew(self, at_work: Callable[[], Collection[int]], showing: Callable[[], Collection[int]]) -> None:
        """Renews until cancelled: the updates at work, by their numbers in the inbox, and the chats whose answer is on
        its way. What is done within three seconds is never renewed.
        """
        outage = Outage(first=0.1, longest=1.0)
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            seqs, people = list(at_work()), list(showing())
            while seqs or people:
                try:
                    await uncut(self._keep(seqs, people))
                except StorageError as error:
                    await outage.pause("Leases cannot be renewed; trying again", error=str(error))
                else:
                    outage.over("Leases are renewed again")
                    break

    async def take_left(self) -> list[ChatRow]:
        """The chats whose committed answer nobody is about to show: they are this worker's now. Raises StorageError."""
        now = self._clock()
        async with self._database.read() as conn:  # most often there is none, and reading takes no lock
            if not await chats.is_left(conn, now):
                return []
        async with self._database.write() as conn:
            return await chats.take_left(conn, now, worker=self._worker, until=now + LEASE)

    async def give_back(self) -> None:
        """Frees what was not done, so that another need not wait for the leases to end."""
        try:
            await self._let_go()
        except StorageError as error:
            _log.warning("claims could not be given back", reason=str(error))

    async def _let_go(self) -> None:
        async with self._database.write() as conn:
            await inbox.free(conn, self._worker)
            await chats.leave(conn, self._worker)

    async def _keep(self, seqs: Collection[int], people: Collection[int]) -> None:
        until: datetime = self._clock() + LEASE
        async with self._database.write() as conn:
            if seqs:
                await inbox.keep(conn, sorted(seqs), worker=self._worker, until=until)
            if people:
                await chats.keep_showing(conn, people, worker=self._worker, until=until)
