"""Takes updates from the inbox, has them handled, and has the answers shown.

One person's updates run one after another, different people's side by side. What only moves dialogs is done in
batches: one transaction for many people, mostly the one that their updates are received in. A kill at any moment loses
nothing: an update that was not committed is taken again, an answer that was committed and not shown is shown. Any
number of workers may do so on one PostgreSQL.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.answers import Answers
from bot.desk import Desk
from bot.failing import Failing
from bot.files import Files
from bot.handling import Handling, Taken
from bot.holding import LEASE, Holding
from bot.outage import through_outages
from bot.slow import SlowWork, is_slow
from bot.telegram import RawBot
from bot.turn import Turn
from core.core import Core
from core.unit import Clock
from storage import inbox
from storage.database import Database
from storage.errors import StorageError
from storage.inbox import Adding, Waiting

_BATCH: Final = 64
_FEW: Final = 16
"""Of more that arrive together other workers are to have their share, where there may be any."""
_AT_ONCE: Final = 512
# Seconds. Who is woken looks at once; besides, we look for what was put back, and for what a worker holds who dies over
# it: often for longer than a lease after anything was heard, seldom at rest.
_PAUSES: Final = (1.0, 2.0, 4.0, 5.0, 5.0)
_PAUSE_AT_REST: Final = 30.0
# The same while somebody's update waits for another worker to show their last answer: nothing else tells of that.
_PAUSES_HELD_UP: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_LOOK_FOR_LEFT: Final = 5.0
_LEAVE_TO_OTHERS: Final = 0.02
"""Who received an update mostly takes it: we look so much later, and once for all that was heard meanwhile."""
_SOON: Final = 0.005
"""For what can be taken now we look so much later, unless something is received meanwhile: it is found with that."""


@dataclass(slots=True)
class _Batch:
    """What was carried out in one transaction, to be followed up after its commit; `more`: something else waits."""

    taken: Taken
    quick: list[Turn]
    slow: list[Turn]
    more: bool


class Runner:
    """Runs the updates of one worker."""

    def __init__(self, *, database: Database, core: Core, bot: RawBot, desk: Desk, clock: Clock, worker: str) -> None:
        """`worker` names this process in claims; it must differ from that of every other living one."""
        self._database = database
        self._clock = clock
        self._worker = worker
        self._handling = handling = Handling(core, desk, Files(bot), worker)
        self._answers = answers = Answers(
            database=database,
            bot=bot,
            clock=clock,
            worker=worker,
            catalogue=desk.catalogue,
            photos=core.photos,
            on_free=self._freed,
        )
        self._showing = answers.showing
        self._failing = failing = Failing(database=database, clock=clock, handling=handling, answers=answers)
        self._slow = SlowWork(
            database=database,
            bot=bot,
            clock=clock,
            handling=handling,
            answers=answers,
            failing=failing,
            on_free=self._ended,
        )
        self._holding = Holding(database, clock, worker)
        self._others = database.dialect == "postgresql"  # there may be other workers
        self._woken = asyncio.Event()
        self._heard = False
        self._stopping = False
        self._begun = False
        self._resting = asyncio.Event()
        self._resting.set()
        self._passed_over: set[int] = set()
        self._held_up = 0
        self._looks = 0  # at what waits, so far
        self._looks_before = 0  # how many, when the next one was found to be due
        self._looks_soon = False

    def wake(self) -> None:
        """Says that there may be something to do."""
        self._woken.set()

    def hear(self) -> None:
        """Says that another worker has received something; it takes it itself if it has the time."""
        if not self._heard:
            self._heard = True
            asyncio.get_running_loop().call_later(_LEAVE_TO_OTHERS, self._look_at_heard)

    async def receive(self, add: Adding) -> int:
        """Commits what arrived, and in the same transaction what it comes to: one commit, not two.

        Returns how many were new; raises what `add` raises. Where other workers may be, what is much, and what comes
        while a batch is at work, is only stored: they can have their share of it.
        """
        left_to_others = self._others and self._showing.is_writing
        if not self._begun or self._stopping or self._room <= 0 or left_to_others:
            return await self._store(add)
        batch = None
        try:
            async with self._showing.writing() as (conn, showing):
                now = self._clock()  # not before: what others did while we waited was done earlier
                busy = showing | self._slow.people
                added = await add(conn)
                all_at_once = added <= _FEW or not self._others
                free, full = await self._find(conn, busy, now) if added and all_at_once else ([], added > 0)
                if free:
                    batch = await self._carry_out(conn, free, busy, now)
        except Exception:  # one of them is at fault, or the database: first all are stored, and then that is found out
            return await self._store(add)
        if batch:
            self._follow_up(batch)
        if full or (batch and batch.taken.later):
            self.wake()
        return added

    async def run(self) -> None:
        """Works until `stop`. Faults of the database are waited out; nothing that was received is lost."""
        await through_outages(self._holding.begin)
        self._begun = True
        clock = asyncio.get_running_loop().time
        looked, quiet = 0.0, 0
        while not self._stopping:
            if clock() - looked > _LOOK_FOR_LEFT:
                await through_outages(self._show_what_was_left)
                looked = clock()
            self._woken.clear()
            self._resting.clear()
            try:
                found = await through_outages(self._turn)
            finally:
                self._resting.set()
            quiet = 0 if found or await self._is_woken_within(self._pause(quiet)) else quiet + 1

    async def renew(self) -> None:
        """Renews the leases on what is under way until cancelled; only where other workers may run."""
        await self._holding.renew(lambda: self._slow.seqs, lambda: self._showing.chats, self._showing.kept)

    async def stop(self, drain: float) -> None:
        """Takes nothing more and lets what runs end within `drain` seconds; the rest is taken up at the next start."""
        self._stopping = True
        self.wake()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain
        with suppress(TimeoutError):
            await asyncio.wait_for(self._resting.wait(), drain)
        running = [*self._slow.tasks, *self._answers.asides]
        if running:
            _, late = await asyncio.wait(running, timeout=max(0.0, deadline - loop.time()))
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._showing.close(max(0.0, deadline - loop.time()))
        await self._holding.give_back()

    async def idle(self) -> None:
        """Waits until every update that was received is handled and its answer shown."""
        while True:
            if self._at_rest():
                async with self._database.read() as conn:
                    still_open = await inbox.count_open(conn)
                if not still_open and self._at_rest():  # a turn may have begun, and committed, during the look
                    return
                self.wake()
            await self._showing.note_now()
            await asyncio.sleep(0.002)

    def _at_rest(self) -> bool:
        return self._resting.is_set() and not (self._slow.people or self._answers.asides or self._showing.busy)

    def _pause(self, quiet: int) -> float:
        """Until the next look, after so many that found nothing."""
        if self._held_up:
            return _PAUSES_HELD_UP[min(quiet, len(_PAUSES_HELD_UP) - 1)]
        return _PAUSES[quiet] if quiet < len(_PAUSES) else _PAUSE_AT_REST

    async def _is_woken_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # not wait_for: bot/looking.py
                return await self._woken.wait()
        return False

    def _look_at_heard(self) -> None:
        self._heard = False
        self.wake()

    def _look_soon(self) -> None:
        """Looks in a moment, unless somebody who takes what waits does so first."""
        self._looks_before = self._looks
        if not self._looks_soon:
            self._looks_soon = True
            asyncio.get_running_loop().call_later(_SOON, self._look)

    def _look(self) -> None:
        self._looks_soon = False
        if self._looks == self._looks_before:
            self.wake()

    def _ended(self, person_id: int, more: bool) -> None:
        """Slow work of somebody is done; `more` may wait: their next update, or this one again after a failure."""
        if more:
            self._look_soon()
        self._freed(person_id)

    def _freed(self, person_id: int) -> None:
        """Somebody's next update can be taken: looks for it if it was seen waiting."""
        if person_id in self._passed_over or self._held_up:
            self._look_soon()

    @property
    def _room(self) -> int:
        """How many may be taken now."""
        return max(0, min(_BATCH, _AT_ONCE - len(self._showing)))

    async def _store(self, add: Adding) -> int:
        async with self._database.write() as conn:
            added = await add(conn)
        if added:
            self.wake()
        return added

    async def _turn(self) -> bool:
        """Takes a batch, carries out what is quick in the same transaction, starts the slow. False: nothing to do."""
        if self._room <= 0:
            self._passed_over = set(self._showing.chats | self._slow.people)
            return False
        free: list[Waiting] = []
        try:
            async with self._showing.writing() as (conn, showing):
                now = self._clock()
                busy = showing | self._slow.people
                free, full = await self._find(conn, busy, now)
                if not free:
                    self._held_up = 0
                    return False
                batch = await self._carry_out(conn, free, busy, now)
        except StorageError:
            raise
        except Exception as error:
            if not free:
                raise
            if len(free) == 1:
                await self._failing.set_aside(free[0], error)
            else:  # one of them spoils the batch: each is taken alone, and only the one at fault fails
                for waiting in free:
                    await self._alone(waiting)
            return True
        self._follow_up(batch)
        return full

    async def _find(self, conn: AsyncConnection, busy: frozenset[int], now: datetime) -> tuple[list[Waiting], bool]:
        """Whose updates can be taken; and whether so many wait that not all were seen."""
        self._looks += 1
        room = self._room
        most = room + len(busy) + self._held_up  # who cannot be taken yet must not crowd out who can
        found = await inbox.waiting(conn, now=now, most=most)
        self._pass_over({waiting.person_id for waiting in found} & busy)
        free = [waiting for waiting in found if waiting.person_id not in busy]
        return free[: room + self._held_up], len(found) == most or not room

    async def _carry_out(
        self, conn: AsyncConnection, free: Sequence[Waiting], busy: frozenset[int], now: datetime
    ) -> _Batch:
        """Decides on them, carries out what is quick, and claims what is not."""
        taken = await self._handling.take(conn, free, now, busy)
        slow = [turn for turn in taken.turns if is_slow(turn)]
        quick = [turn for turn in taken.turns if not is_slow(turn)]
        if quick:
            await self._handling.carry_out(conn, quick, now)
        held = [*(turn.waiting.seq for turn in slow), *(waiting.seq for waiting, _ in taken.broken)]
        if held:
            await inbox.claim(conn, held, worker=self._worker, until=now + LEASE)
        return _Batch(taken, quick, slow, await inbox.is_waiting(conn, now))

    def _pass_over(self, chats_: set[int]) -> None:
        """Remembers who waits for their chat to be free; whose chat became free meanwhile is looked for."""
        self._passed_over = chats_
        if any(chat not in self._slow.people and not self._showing.has(chat) for chat in chats_):
            self._look_soon()

    def _follow_up(self, batch: _Batch) -> None:
        """What comes after the commit."""
        for turn in batch.taken.turns:
            self._answers.acknowledge(turn)
        for turn in batch.quick:
            self._answers.show(turn)
        for turn in batch.slow:
            self._slow.start(turn)
        for waiting, error in batch.taken.broken:
            self._slow.fail(waiting, error)
        if batch.more and (batch.taken.turns or batch.taken.broken):
            self._look_soon()
        self._held_up = len(batch.taken.later)
        self._pass_over(self._passed_over | (set(batch.taken.later) & (self._showing.chats | self._slow.people)))

    async def _alone(self, waiting: Waiting) -> None:
        """Takes one update by itself."""
        try:
            await through_outages(lambda: self._take_one(waiting))
        except Exception as error:
            await self._failing.set_aside(waiting, error)

    async def _take_one(self, waiting: Waiting) -> None:
        async with self._showing.writing() as (conn, busy):
            now = self._clock()
            taken = await self._handling.take(conn, [waiting], now, busy)
            quick = [turn for turn in taken.turns if not is_slow(turn)]
            if quick:
                await self._handling.carry_out(conn, quick, now)
        for turn in quick:
            self._answers.acknowledge(turn)
            self._answers.show(turn)
        for _, error in taken.broken:
            raise error

    async def _show_what_was_left(self) -> None:
        """Shows answers that were committed and not shown: by a worker that was killed, or while Telegram was away."""
        for row in await self._holding.take_left():
            self._showing.start(row, self._handling.codec.pending(row))
