"""Takes updates from the inbox, has them handled, and has the answers shown.

One person's updates run one after another, different people's side by side. What only moves dialogs is done in
batches: one transaction for many people. A kill at any moment loses nothing: an update that was not committed is
taken again, an answer that was committed and not shown is shown.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeVar

import structlog
from telegram.error import TelegramError

from bot import screen
from bot.desk import Desk
from bot.files import Files
from bot.handling import Handling, LostRaceError, Taken, refused
from bot.outage import Outage
from bot.person import Case, Done, Refused, Reply, Submit
from bot.published import Listing
from bot.screen import Call
from bot.showing import Showing
from bot.telegram import RawBot
from bot.turn import Turn, not_deleted
from core.core import Core
from core.errors import CoreError
from core.logs import following
from core.metrics import UPDATES
from core.unit import Clock
from storage import chats, inbox
from storage.database import Database
from storage.errors import StorageError
from storage.inbox import Waiting

log: Final = structlog.get_logger(__name__)
T = TypeVar("T")

_BATCH: Final = 64
_AT_ONCE: Final = 512
_LEASE: Final = timedelta(seconds=60)
_LOOK_AGAIN: Final = 2.0
_SHOW_AGAIN: Final = timedelta(seconds=5)


class Runner:
    """Runs the updates of one bot process."""

    def __init__(self, *, database: Database, core: Core, bot: RawBot, desk: Desk, clock: Clock, worker: str) -> None:
        """`worker` names this process in claims; it must differ from every other one's."""
        self._database = database
        self._bot = bot
        self._clock = clock
        self._worker = worker
        self._handling = Handling(core, desk, Files(bot))
        self._showing = Showing(database, bot, clock, photos=core.photos, on_free=self._freed)
        self._woken = asyncio.Event()
        self._stopping = False
        self._resting = asyncio.Event()
        self._resting.set()
        self._working: dict[int, asyncio.Task[None]] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._passed_over: set[int] = set()
        self._held_up = 0

    def wake(self) -> None:
        """Says that there may be something to do."""
        self._woken.set()

    async def run(self) -> None:
        """Works until `stop`. Faults of the database are waited out; nothing that was received is lost."""
        alone = self._database.dialect == "sqlite" or self._handling.core.settings.telegram.mode == "polling"
        if alone:
            await self._stored(self._free_what_was_claimed)
        await self._stored(lambda: self._show_what_was_left(timedelta(0) if alone else _SHOW_AGAIN))
        looked = asyncio.get_running_loop().time()
        while not self._stopping:
            if asyncio.get_running_loop().time() - looked > _SHOW_AGAIN.total_seconds():
                await self._stored(lambda: self._show_what_was_left(_SHOW_AGAIN))
                looked = asyncio.get_running_loop().time()
            self._woken.clear()
            self._resting.clear()
            try:
                found = await self._stored(self._turn)
            finally:
                self._resting.set()
            if not found:
                await self._sleep()

    async def stop(self, drain: float) -> None:
        """Takes nothing more and lets what runs end within `drain` seconds; the rest is taken up at the next start."""
        self._stopping = True
        self.wake()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain
        with suppress(TimeoutError):
            await asyncio.wait_for(self._resting.wait(), drain)
        running = [*self._working.values(), *self._asides]
        if running:
            _, late = await asyncio.wait(running, timeout=max(0.0, deadline - loop.time()))
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._showing.close(max(0.0, deadline - loop.time()))
        await self._give_back()

    async def idle(self) -> None:
        """Waits until every update that was received is handled and its answer shown."""
        while True:
            if self._at_rest():
                async with self._database.read() as conn:
                    still_open = await inbox.count_open(conn)
                if not still_open and self._at_rest():  # a turn may have begun, and committed, during the look
                    return
                self.wake()
            await asyncio.sleep(0.002)

    def _at_rest(self) -> bool:
        return self._resting.is_set() and not (self._working or self._asides or self._showing.busy)

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), _LOOK_AGAIN)
        except TimeoutError:
            return

    def _freed(self, person_id: int) -> None:
        """Somebody's next update can be taken: looks for it if it was seen waiting."""
        if person_id in self._passed_over:
            self.wake()

    async def _turn(self) -> bool:
        """Takes a batch, carries out what is quick in the same transaction, starts the slow. False: nothing to do."""
        busy = self._showing.chats | self._working.keys()
        room = min(_BATCH, _AT_ONCE - len(self._showing))
        if room <= 0:
            self._passed_over = set(busy)
            return False
        now = self._clock()
        most = room + len(busy) + self._held_up  # those who cannot be taken yet must not crowd out those who can
        free: list[Waiting] = []
        try:
            async with self._database.write() as conn:
                found = await inbox.waiting(conn, now=now, most=most)
                free = [waiting for waiting in found if waiting.person_id not in busy]
                free = free[: room + self._held_up]
                self._pass_over({waiting.person_id for waiting in found} & busy)
                if not free:
                    return False
                taken = await self._handling.take(conn, free, now, busy)
                slow = [turn for turn in taken.turns if _is_slow(turn)]
                quick = [turn for turn in taken.turns if not _is_slow(turn)]
                if quick:
                    await self._handling.carry_out(conn, quick, now)
                held = [*(turn.waiting.seq for turn in slow), *(waiting.seq for waiting, _ in taken.broken)]
                if held:
                    await inbox.claim(conn, held, worker=self._worker, until=now + _LEASE)
        except StorageError:
            raise
        except Exception as error:
            if not free:
                raise
            if len(free) == 1:
                await self._failed(free[0], error)
            else:  # one of them spoils the batch: each is taken alone, and only the one at fault fails
                for waiting in free:
                    await self._alone(waiting)
            return True
        self._held_up = len(taken.later)
        self._pass_over(self._passed_over | (set(taken.later) & busy))
        self._follow_up(taken, quick, slow)
        return bool(taken.turns or taken.broken) or len(found) == most

    def _pass_over(self, chats_: set[int]) -> None:
        """Remembers who waits for their chat to be free; whose chat became free meanwhile is looked for at once."""
        self._passed_over = chats_
        if any(chat not in self._working and not self._showing.has(chat) for chat in chats_):
            self.wake()

    def _follow_up(self, taken: Taken, quick: Sequence[Turn], slow: Sequence[Turn]) -> None:
        """What comes after the commit."""
        for turn in taken.turns:
            self._answer(turn)
        for turn in quick:
            self._show(turn)
        for turn in slow:
            self._work(turn.waiting, self._slow(turn))
        for waiting, error in taken.broken:
            self._work(waiting, self._failed(waiting, error))

    async def _alone(self, waiting: Waiting) -> None:
        """Takes one update by itself."""
        try:
            await self._stored(lambda: self._take_one(waiting))
        except Exception as error:
            await self._failed(waiting, error)

    async def _take_one(self, waiting: Waiting) -> None:
        now = self._clock()
        async with self._database.write() as conn:
            taken = await self._handling.take(conn, [waiting], now, self._showing.chats)
            quick = [turn for turn in taken.turns if not _is_slow(turn)]
            if quick:
                await self._handling.carry_out(conn, quick, now)
        for turn in quick:
            self._answer(turn)
            self._show(turn)
        for _, error in taken.broken:
            raise error

    async def _slow(self, turn: Turn) -> None:
        """What deletes a password or asks core for slow work: alone, and never inside a transaction meanwhile."""
        decision = turn.decision
        assert isinstance(decision, Submit | Reply)
        try:
            deleted = all([await screen.delete(self._bot, turn.person.id, message) for message in decision.forget])
            if isinstance(decision, Submit):
                await self._submit(turn, decision, deleted)
            else:
                turn.decision = decision if deleted else not_deleted(decision)
                await self._stored(lambda: self._carry_out(turn))
        except Exception as error:
            await self._failed(turn.waiting, error)

    async def _carry_out(self, turn: Turn) -> None:
        async with self._database.write() as conn:
            await self._handling.carry_out(conn, [turn], self._clock())
        self._show(turn)

    async def _submit(self, turn: Turn, submit: Submit, deleted: bool) -> None:
        acts = submit.acts
        self._aside(screen.busy(self._bot, turn.person.id, acts.shows))

        async def begin() -> object:
            async with self._database.write() as conn:
                return await self._handling.begin(conn, turn, submit, self._clock())

        async def end(act: Callable[[Case], Awaitable[Done | Refused]]) -> None:
            async with self._database.write() as conn:
                await self._handling.finish(conn, turn, submit, act, self._clock(), deleted=deleted)
            self._show(turn)

        try:
            begun = await self._stored(begin)
        except CoreError as error:
            problem = refused(error)
            await self._stored(lambda: end(lambda _case: _known(problem)))
            return
        try:
            worked = await acts.work(self._handling.core, begun)
        except CoreError as error:
            problem = refused(error)
            await self._stored(lambda: end(lambda case: _given_up(acts.give_up(case, begun), problem)))
            return
        await self._stored(lambda: end(lambda case: acts.finish(case, submit.submission.answers, worked)))

    async def _failed(self, waiting: Waiting, error: Exception) -> None:
        """Tries an update again a little later; one that keeps failing is parked and its person told a number."""
        number = secrets.token_hex(3).upper()
        if isinstance(error, LostRaceError):
            log.info("update was handled elsewhere", seq=waiting.seq)
        else:
            log.error("update failed", number=number, seq=waiting.seq, failures=waiting.attempts + 1, exc_info=error)
        call = await self._stored(lambda: self._set_aside(waiting, number, error))
        if call:
            self._aside(self._tell(call))

    async def _set_aside(self, waiting: Waiting, number: str, error: Exception) -> Call | None:
        now = self._clock()
        async with self._database.write() as conn:
            if isinstance(error, LostRaceError):
                await inbox.put_back(conn, waiting.seq, not_before=now, error=None)
                return None
            return await self._handling.set_aside(conn, waiting, number, type(error).__name__, now)

    async def _tell(self, call: Call) -> None:
        try:
            await screen.show(self._bot, [call], self._handling.core.photos)
        except TelegramError as error:
            log.warning("a person could not be told of a fault", reason=str(error))

    def _answer(self, turn: Turn) -> None:
        """Answers a pressed button: after the commit, before the slow work (DIALOGS rule 20)."""
        if turn.pressed and turn.pressed.query_id:
            alert = turn.alert
            text = self._handling.desk.catalogue.render(alert, turn.person.language) if alert else None
            self._aside(screen.answer(self._bot, turn.pressed.query_id, text))

    def _show(self, turn: Turn) -> None:
        UPDATES.observe((self._clock() - turn.waiting.received_at).total_seconds())
        if turn.row and turn.calls:
            self._showing.start(turn.row, turn.calls)
        if turn.listing:
            self._aside(self._list(turn.person.id, turn.listing))

    async def _list(self, person_id: int, listing: Listing) -> None:
        """Makes the client's command list fit its person; nothing waits for it, and the next update tries again."""
        try:
            await self._bot.call(listing.call["method"], listing.call["params"])
            async with self._database.write() as conn:
                await chats.set_listed(conn, person_id, listing.name)
        except (TelegramError, StorageError) as error:
            log.info("a command list was not changed", reason=str(error))

    async def _show_what_was_left(self, older_than: timedelta) -> None:
        """Shows answers that were committed and not shown: by a process that was killed, or while Telegram was away."""
        busy = self._showing.chats
        async with self._database.read() as conn:
            rows = await chats.unshown(conn, before=self._clock() - older_than)
        for row in rows:
            if row.person_id not in busy:
                self._showing.start(row, self._handling.codec.pending(row))

    async def _free_what_was_claimed(self) -> None:
        """One process has a SQLite file, and one may poll: what is claimed at the start is a dead one's."""
        async with self._database.write() as conn:
            await inbox.free(conn)

    async def _give_back(self) -> None:
        """Frees what this process had claimed and not done, so that another need not wait for the lease to end."""
        try:
            async with self._database.write() as conn:
                await inbox.free(conn, self._worker)
        except StorageError as error:
            log.warning("claims could not be given back", reason=str(error))

    def _work(self, waiting: Waiting, work: Coroutine[Any, Any, None]) -> None:
        """Handles one update in a task of its own; its person's next one waits for it."""

        async def run() -> None:
            try:
                with following(waiting.update_id):
                    await work
            finally:
                self._working.pop(waiting.person_id, None)
                self._freed(waiting.person_id)

        self._working[waiting.person_id] = asyncio.create_task(run())

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something that nothing waits for and that raises nothing."""
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _stored(self, act: Callable[[], Awaitable[T]]) -> T:
        """Does what needs the database, waiting with growing pauses while it does not work."""
        outage = Outage(first=0.1, longest=10.0)
        while True:
            try:
                result = await act()
            except StorageError as error:
                await outage.pause("The database does not work; trying again", error=str(error))
            else:
                outage.over("The database works again")
                return result


def _is_slow(turn: Turn) -> bool:
    decision = turn.decision
    return isinstance(decision, Submit) or (isinstance(decision, Reply) and bool(decision.forget))


async def _known(problem: Refused) -> Refused:
    return problem


async def _given_up(giving_up: Awaitable[None], problem: Refused) -> Refused:
    await giving_up
    return problem
