"""Takes updates from the inbox, runs them, commits, and has the answers shown.

One person's updates run one after another, different people's side by side. What only moves dialogs is done in
batches: one transaction for many people. A kill at any moment loses nothing: an update that was not committed is
claimed again, an answer that was committed and not shown is shown.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection
from telegram.error import TelegramError

from bot import adapter, screen
from bot.acts import sentence
from bot.codec import ChatCodec
from bot.desk import Desk
from bot.dialog.view import Text
from bot.logs import following
from bot.person import Ask, Case, Done, Left, Refused, Reply, Submit
from bot.screen import Call, Caller
from bot.sealed import open_json, update_context
from bot.showing import Showing
from bot.texts import language_of
from bot.turn import Turn, changes_nothing, not_deleted
from core.core import Core
from core.errors import CoreError
from core.unit import Channel, Clock, UnitOfWork
from storage import chats, inbox
from storage.chats import ChatRow
from storage.database import Database
from storage.errors import StorageError
from storage.inbox import Claimed

log: Final = structlog.get_logger(__name__)
T = TypeVar("T")

_BATCH: Final = 64
_AT_ONCE: Final = 512
_LEASE: Final = timedelta(seconds=60)
_LOOK_AGAIN: Final = 2.0
_TRIES: Final = 3
_SHOW_AGAIN: Final = timedelta(seconds=5)


class LostRaceError(Exception):
    """Somebody else has moved this chat or handled this update meanwhile; nothing of ours was written."""


class Runner:
    """Runs the updates of one bot process."""

    def __init__(self, *, database: Database, core: Core, bot: Caller, desk: Desk, clock: Clock, worker: str) -> None:
        """`worker` names this process in claims; it must differ from every other one's."""
        self._database = database
        self._core = core
        self._bot = bot
        self._desk = desk
        self._clock = clock
        self._worker = worker
        self._codec = ChatCodec(core.inbox_sealer, timedelta(hours=core.settings.dialogs.draft_hours))
        self._showing = Showing(database, bot, clock, on_free=self.wake)
        self._woken = asyncio.Event()
        self._stopping = False
        self._working: dict[int, asyncio.Task[None]] = {}
        self._held: dict[int, Claimed] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._turning = False

    def wake(self) -> None:
        """Says that there may be something to do."""
        self._woken.set()

    async def run(self) -> None:
        """Works until `stop`. Faults of the database are waited out; nothing that was taken is lost."""
        if self._core.settings.telegram.mode == "polling":
            await self._stored(self._free_what_was_claimed)
        await self._stored(self._show_what_was_left)
        while not self._stopping:
            self._woken.clear()
            self._turning = True
            try:
                batch = [*self._free_again(), *await self._stored(self._claim)]
                if batch:
                    await self._take(batch)
                    continue
            finally:
                self._turning = False
            await self._sleep()

    async def stop(self, drain: float) -> None:
        """Takes nothing more and lets what runs end within `drain` seconds; the rest is taken up at the next start."""
        self._stopping = True
        self.wake()
        running = [*self._working.values(), *self._asides]
        if running:
            _, late = await asyncio.wait(running, timeout=drain)
            for task in late:
                task.cancel()
        await self._showing.close(drain)

    async def idle(self) -> None:
        """Waits until every update that was received is handled and its answer shown."""
        while True:
            if not (self._turning or self._working or self._held or self._asides or self._showing.busy):
                async with self._database.read() as conn:
                    if not await inbox.count_open(conn):
                        return
                self.wake()
            await asyncio.sleep(0.002)

    async def _sleep(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), _LOOK_AGAIN)
        except TimeoutError:
            await self._stored(lambda: self._show_what_was_left(_SHOW_AGAIN))

    def _free_again(self) -> list[Claimed]:
        free = [person for person in self._held if not self._showing.has(person)]
        return [self._held.pop(person) for person in free]

    async def _free_what_was_claimed(self) -> None:
        """Telegram lets one process poll at a time: what is claimed at the start is a dead one's."""
        async with self._database.write() as conn:
            await inbox.free_all(conn)

    async def _claim(self) -> list[Claimed]:
        room = min(_BATCH, _AT_ONCE - len(self._showing))
        if room <= 0:
            return []
        async with self._database.write() as conn:
            claimed = await inbox.claim(conn, worker=self._worker, now=self._clock(), lease=_LEASE, most=room)
        ready = []
        for each in claimed:
            if each.person_id in self._working:
                continue  # its lease ran out while it is being worked on here
            if self._showing.has(each.person_id):
                self._held[each.person_id] = each
            else:
                ready.append(each)
        return ready

    async def _take(self, batch: Sequence[Claimed]) -> None:
        """Decides on a batch, commits what is quick in one transaction and starts what is slow."""
        quick: list[Turn] = []
        for turn in await self._stored(lambda: self._load(batch)):
            if turn.pressed:
                alert = turn.alert
                said = self._desk.catalogue.render(alert, turn.person.language) if alert else None
                self._aside(screen.answer(self._bot, turn.pressed.query_id, said))
            slow = isinstance(turn.decision, Submit) or (isinstance(turn.decision, Reply) and turn.decision.forget)
            if slow:
                self._work(turn.claimed, self._slow(turn))
            else:
                quick.append(turn)
        if quick:
            await self._commit_together(quick)

    async def _load(self, batch: Sequence[Claimed]) -> list[Turn]:
        now = self._clock()
        known: list[tuple[Claimed, adapter.Arrival]] = []
        for claimed in batch:
            try:
                known.append((claimed, self._read(claimed)))
            except Exception as error:
                self._work(claimed, self._failed(claimed, error))
        turns = []
        busy = self._showing.chats
        async with self._database.read() as conn:
            rows = await chats.get(conn, [arrival.chat_id for _, arrival in known])
            uow = UnitOfWork(conn, now, Channel.BOT)
            signed = await self._core.sessions.of_people(uow, [arrival.person_id for _, arrival in known])
        for claimed, arrival in known:
            row = rows.get(arrival.chat_id)
            if row and row.pending:
                self._held[arrival.chat_id] = claimed
                if arrival.chat_id not in busy:
                    self._show_row(row)
                continue
            try:
                person = self._codec.person(row, arrival, signed.get(arrival.person_id), now)
                turn = Turn(claimed, arrival, person, self._desk.decide(person, arrival, now))
                turn.keyboard_up = self._desk.keyboard_up(person)
                turns.append(turn)
            except Exception as error:
                self._work(claimed, self._failed(claimed, error))
        return turns

    def _read(self, claimed: Claimed) -> adapter.Arrival:
        context = update_context(claimed.bot_id, claimed.update_id)
        return adapter.read(open_json(self._core.inbox_sealer, claimed.payload, context), self._desk.username)

    async def _commit_together(self, turns: list[Turn]) -> None:
        try:
            await self._stored(lambda: self._commit(turns))
        except Exception as error:
            if len(turns) == 1:
                self._work(turns[0].claimed, self._failed(turns[0].claimed, error))
                return
            # One of them spoils the batch: each runs alone, and only the one at fault fails.
            for turn in turns:
                await self._commit_together([turn])

    async def _commit(self, turns: Sequence[Turn]) -> None:
        """One transaction: what core is asked, the chats, the updates done. What follows the commit is started here."""
        now = self._clock()
        async with self._database.write() as conn:
            uow = UnitOfWork(conn, now, Channel.BOT)
            for turn in turns:
                if isinstance(turn.decision, Ask):
                    async with conn.begin_nested():
                        reply = await turn.decision.act(Case(self._core, uow, turn.person))
                    self._prepare(turn, reply, now)
                elif isinstance(turn.decision, Left):
                    turn.row = self._codec.blocked(turn.person, turn.decision.at, now)
                elif isinstance(turn.decision, Reply) and not changes_nothing(turn.decision):
                    self._prepare(turn, turn.decision, now)
            await self._core.sessions.touch(uow, [turn.person.signed for turn in turns if turn.person.signed])
            await self._write(conn, turns, now)
        for turn in turns:
            self._show(turn)

    def _prepare(self, turn: Turn, reply: Reply, now: datetime) -> None:
        turn.calls = turn.compose(reply, self._desk.catalogue)
        turn.row = self._codec.row(turn.person, reply, turn.calls, now)

    async def _write(self, conn: AsyncConnection, turns: Sequence[Turn], now: datetime) -> None:
        rows = [turn.row for turn in turns if turn.row]
        if rows and len(await chats.save(conn, rows)) != len(rows):
            raise LostRaceError
        if await inbox.finish(conn, [turn.claimed.seq for turn in turns], now) != len(turns):
            raise LostRaceError

    async def _slow(self, turn: Turn) -> None:
        """What deletes a password or asks core for slow work: alone, and never inside a transaction meanwhile."""
        decision = turn.decision
        try:
            forget = decision.forget if isinstance(decision, Submit | Reply) else ()
            deleted = all([await screen.delete(self._bot, turn.person.id, message) for message in forget])
            if isinstance(decision, Submit):
                await self._submit(turn, decision, deleted)
            elif isinstance(decision, Reply):
                turn.decision = decision if deleted else not_deleted(decision)
                await self._stored(lambda: self._commit([turn]))
        except Exception as error:
            await self._failed(turn.claimed, error)

    async def _submit(self, turn: Turn, submit: Submit, deleted: bool) -> None:
        acts, answers = submit.flow.submit, submit.submission.answers
        self._aside(screen.busy(self._bot, turn.person.id))

        async def begin() -> object:
            async with self._database.write() as conn:
                case = Case(self._core, UnitOfWork(conn, self._clock(), Channel.BOT), turn.person)
                return await acts.begin(case, answers, submit.submission.secret)

        try:
            worked = await acts.work(self._core, await self._stored(begin))
        except CoreError as problem:
            refused = _refused(problem)
            await self._stored(lambda: self._finish(turn, submit, lambda _case: _known(refused), deleted))
        else:
            await self._stored(
                lambda: self._finish(turn, submit, lambda case: acts.finish(case, answers, worked), deleted)
            )

    async def _finish(
        self, turn: Turn, submit: Submit, act: Callable[[Case], Awaitable[Done | Refused]], deleted: bool
    ) -> None:
        """The last transaction of a submitted dialog: core's writes, the chat, the update done."""
        now = self._clock()
        async with self._database.write() as conn:
            case = Case(self._core, UnitOfWork(conn, now, Channel.BOT), turn.person)
            try:
                async with conn.begin_nested():
                    result = await act(case)
            except CoreError as problem:
                result = _refused(problem)
            reply = await self._follow(case, turn, submit, result)
            self._prepare(turn, reply if deleted else not_deleted(reply), now)
            await self._write(conn, [turn], now)
        self._show(turn)

    async def _follow(self, case: Case, turn: Turn, submit: Submit, result: Done | Refused) -> Reply:
        if isinstance(result, Refused):
            return self._desk.refused(submit, result.problem, result.step)
        signed = await self._core.sessions.of_people(case.uow, [turn.person.id])
        turn.person = replace(turn.person, signed=signed.get(turn.person.id), draft=None)
        decision = self._desk.after(turn.person, submit.draft, result, case.uow.now)
        if isinstance(decision, Ask):
            return await decision.act(replace(case, person=turn.person))
        assert isinstance(decision, Reply)
        return decision

    async def _failed(self, claimed: Claimed, error: Exception) -> None:
        """Tries an update again a little later; one that keeps failing is parked and its person told a number."""
        number = secrets.token_hex(3).upper()
        lost = isinstance(error, LostRaceError)
        log.log(
            20 if lost else 40,
            "update failed",
            number=number,
            seq=claimed.seq,
            attempt=claimed.attempts,
            exc_info=None if lost else error,
        )
        await self._stored(lambda: self._set_aside(claimed, number, type(error).__name__))

    async def _set_aside(self, claimed: Claimed, number: str, error: str) -> None:
        now = self._clock()
        async with self._database.write() as conn:
            if claimed.attempts < _TRIES:
                pause = timedelta(seconds=claimed.attempts)
                await inbox.put_back(conn, claimed.seq, not_before=now + pause, error=error)
                return
            await inbox.park(conn, claimed.seq, now=now, error=f"{number} {error}")
            rows = await chats.get(conn, [claimed.person_id])
            row = rows.get(claimed.person_id)
            said = self._desk.catalogue.render(
                Text.of("fault", number=number), language_of(row.language if row else None)
            )
            call = Call(method="sendMessage", params={"chat_id": claimed.person_id, "text": said}, screen=False)
        self._aside(self._tell(call))

    async def _tell(self, call: Call) -> None:
        try:
            await screen.show(self._bot, [call])
        except TelegramError as error:
            log.warning("a person could not be told of a fault", reason=str(error))

    def _show(self, turn: Turn) -> None:
        if turn.row and turn.calls:
            self._showing.start(turn.row, turn.calls)

    def _show_row(self, row: ChatRow) -> None:
        self._showing.start(row, self._codec.pending(row))

    async def _show_what_was_left(self, older_than: timedelta = timedelta(0)) -> None:
        """Shows answers that were committed and not shown: by a process that was killed, or while Telegram was away."""
        busy = self._showing.chats
        async with self._database.read() as conn:
            rows = await chats.unshown(conn, before=self._clock() - older_than)
        for row in rows:
            if row.person_id not in busy:
                self._show_row(row)

    def _work(self, claimed: Claimed, work: Coroutine[Any, Any, None]) -> None:
        """Handles one update in a task of its own; its person's next one waits for it."""

        async def run() -> None:
            try:
                with following(claimed.update_id):
                    await work
            finally:
                del self._working[claimed.person_id]
                self.wake()

        self._working[claimed.person_id] = asyncio.create_task(run())

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something that nothing waits for and that raises nothing."""
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _stored(self, act: Callable[[], Awaitable[T]]) -> T:
        """Does what needs the database, waiting with growing pauses while it does not work."""
        pause = 0.1
        while True:
            try:
                return await act()
            except StorageError as error:
                log.warning("the database does not work; trying again", reason=str(error), pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10.0)


def _refused(problem: CoreError) -> Refused:
    return Refused(sentence(problem), problem.field or "")


async def _known(refused: Refused) -> Refused:
    return refused
