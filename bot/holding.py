"""What a worker holds in the database, by leases that it renews: who is killed holds nothing for long.

Who is stopped, or gets no processor, for longer than a lease does not notice. What it then writes is compared with what
is there; what it then sends is not undone, and so it looks at its lease before each call.

On SQLite one bot has the file to itself: nothing is renewed or looked at there, and opening it frees all that was held.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.outage import Outage, through_outages
from bot.telegram import NotOurs
from core.uncut import uncut
from core.unit import Clock
from storage import chats, inbox
from storage.chats import ChatRow
from storage.database import Database
from storage.errors import StorageError

LEASE: Final = timedelta(seconds=10)
"""How long an update, or an answer to be shown, is a worker's that is not heard of any more."""
_RENEW_EVERY: Final = 3.0  # seconds
_ON_ITS_WAY: Final = timedelta(seconds=2)
"""A call is begun at least so long before the lease ends: for its way. What another worker's clock is ahead, at most as
much (docs/operations.md), is taken from that.
"""

# Called with answers, each a chat and its revision, and until when they are this worker's.
Kept = Callable[[Iterable[tuple[int, int]], datetime], None]

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

    async def renew(
        self, at_work: Callable[[], Collection[int]], showing: Callable[[], Collection[int]], kept: Kept
    ) -> None:
        """Renews until cancelled: the updates at work, by their numbers in the inbox, and the chats whose answer is on
        its way; `kept` is told which answers were. What is done within three seconds is never renewed.
        """
        outage = Outage(first=0.1, longest=1.0)
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            seqs, people = list(at_work()), list(showing())
            while seqs or people:
                try:
                    await uncut(self._keep(seqs, people, kept))
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

    async def _keep(self, seqs: Collection[int], people: Collection[int], kept: Kept) -> None:
        until: datetime = self._clock() + LEASE
        answers: list[tuple[int, int]] = []
        async with self._database.write() as conn:
            if seqs:
                await inbox.keep(conn, sorted(seqs), worker=self._worker, until=until)
            if people:
                answers = await chats.keep_showing(conn, people, worker=self._worker, until=until)
        kept(answers, until)


class ShowingLease:
    """This worker's lease on one answer."""

    def __init__(self, database: Database, clock: Clock, worker: str, row: ChatRow) -> None:
        """`row` is this worker's for a lease from its writing at least; `clock` is that of all leases."""
        self._database = database
        self._clock = clock
        self._worker = worker
        self._row = row
        self._until = min(row.updated_at, clock()) + LEASE  # a clock that was ahead may have written it

    def kept(self, revision: int, until: datetime) -> None:
        """Says that the lease on the chat's answer of that revision was renewed."""
        if revision == self._row.revision:
            self._until = until

    async def check(self) -> None:
        """Before a call that shows the answer: renews the lease if it may have ended. Raises NotOurs when it is lost.

        That is for who got no processor: else `Holding.renew` has been before. While the database is away nobody can
        say whose the answer is, and it waits.
        """
        if self._database.dialect == "sqlite":
            return
        while self._clock() + _ON_ITS_WAY >= self._until:  # the renewal may itself have waited for long
            if not await through_outages(lambda: uncut(self._renew())):
                raise NotOurs

    async def _renew(self) -> bool:
        until = self._clock() + LEASE
        async with self._database.write() as conn:
            is_ours = await chats.is_still_showing(conn, self._row, worker=self._worker, until=until)
        if is_ours:
            self._until = until
        return is_ours
