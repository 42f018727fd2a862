"""What an update comes to in the database: read, decided, carried out and committed. Shows and waits for nothing."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import adapter
from bot.acts import sentence
from bot.breathing import breathe
from bot.codec import ChatCodec
from bot.desk import Desk
from bot.dialog.view import Text
from bot.files import Files
from bot.holding import LEASE
from bot.person import Ask, Case, Done, Left, Person, Refused, Reply, Submit
from bot.screen import Call
from bot.sealed import open_json, update_context
from bot.texts import Language, language_of
from bot.turn import Turn, changes_nothing, not_deleted
from core.core import Core
from core.errors import CoreError, Forbidden
from core.logs import following
from core.unit import Channel, UnitOfWork
from storage import chats, inbox
from storage.chats import ChatRow
from storage.inbox import Waiting

TRIES = 3
"""An update that has failed so often is parked (SECURITY.md Updates)."""


class LostRaceError(Exception):
    """Somebody else has moved this chat or handled this update meanwhile; nothing of ours was written."""


@dataclass(slots=True)
class Taken:
    """What was found waiting and is decided.

    Args:
        turns: may be carried out.
        later: belong to chats that are busy; they stay where they are.
        broken: cannot even be read or decided on, and why.
    """

    turns: list[Turn]
    later: list[int]
    broken: list[tuple[Waiting, Exception]]


class Handling:
    """Handles updates inside transactions that its caller opens and commits."""

    def __init__(self, core: Core, desk: Desk, files: Files, worker: str) -> None:
        """`worker` names this process in claims."""
        self.core = core
        self.worker = worker
        self.desk = desk
        self._files = files
        self.codec = ChatCodec(core.inbox_sealer, timedelta(hours=core.settings.dialogs.draft_hours))

    async def take(
        self, conn: AsyncConnection, found: Sequence[Waiting], now: datetime, busy: Collection[int]
    ) -> Taken:
        """Reads updates and the people they are from, and decides on each.

        Args:
            busy: chats whose last answer is still on its way; taken before anything was read here.
        """
        taken = Taken([], [], [])
        arrivals: list[tuple[Waiting, adapter.Arrival]] = []
        for waiting in found:
            try:
                arrivals.append((waiting, self._read(waiting)))
            except Exception as error:  # sealed by a key that is gone, or no update as we know them
                taken.broken.append((waiting, error))
        rows = await chats.get(conn, {arrival.chat_id for _, arrival in arrivals})
        uow = UnitOfWork(conn, now, Channel.BOT)
        signed = await self.core.sessions.of_people(uow, {arrival.person_id for _, arrival in arrivals})
        seen: set[int] = set()
        for number, (waiting, arrival) in enumerate(arrivals, start=1):
            await breathe(number)
            row = rows.get(arrival.chat_id)
            # A pending answer is shown before the next one is made; two people may write in one group at once.
            if arrival.chat_id in busy or arrival.chat_id in seen or (row and row.pending):
                taken.later.append(arrival.chat_id)
                continue
            seen.add(arrival.chat_id)
            try:
                with following(waiting.update_id):
                    person = self.codec.person(row, arrival, signed.get(arrival.person_id), now)
                    taken.turns.append(Turn(waiting, arrival, person, self.desk.decide(person, arrival, now)))
            except Exception as error:
                taken.broken.append((waiting, error))
        return taken

    async def carry_out(self, conn: AsyncConnection, turns: Sequence[Turn], now: datetime) -> None:
        """What core is asked, the chats, the updates done. For turns that need no slow work.

        Raises:
            LostRaceError: roll back; what an act of core raises: roll back, too.
        """
        uow = UnitOfWork(conn, now, Channel.BOT)
        for number, turn in enumerate(turns, start=1):
            await breathe(number)
            with following(turn.waiting.update_id):
                await self._carry_out_one(uow, turn)
        await self.core.sessions.touch(uow, [turn.person.signed for turn in turns if turn.person.signed])
        await self._write(conn, turns, now)

    async def _carry_out_one(self, uow: UnitOfWork, turn: Turn) -> None:
        if isinstance(turn.decision, Ask):
            case = Case(self.core, uow, turn.person, self._files)
            self._prepare(turn, await self._ask(case, turn.decision), uow.now)
        elif isinstance(turn.decision, Left):
            await chats.set_blocked(uow.conn, turn.person.id, turn.decision.at)
        elif isinstance(turn.decision, Reply) and not changes_nothing(turn.decision):
            self._prepare(turn, turn.decision, uow.now)

    async def begin(self, conn: AsyncConnection, turn: Turn, submit: Submit, now: datetime) -> object:
        """The first part of a submitted dialog: what its acts do before the slow work."""
        case = Case(self.core, UnitOfWork(conn, now, Channel.BOT), turn.person, self._files)
        begun: object = await submit.acts.begin(case, submit.submission.answers, submit.submission.secret)
        return begun

    async def finish(
        self,
        conn: AsyncConnection,
        turn: Turn,
        submit: Submit,
        act: Callable[[Case], Awaitable[Done | Refused]],
        now: datetime,
        *,
        deleted: bool,
    ) -> None:
        """The last part of a submitted dialog: core's writes, the chat, the update done.

        Args:
            act: core's writes; a CoreError of its is what the person is told.
            deleted: whether the password message is gone.
        """
        case = Case(self.core, UnitOfWork(conn, now, Channel.BOT), turn.person, self._files)
        try:
            async with conn.begin_nested():
                result = await act(case)
        except CoreError as problem:
            await self._record(case.uow, problem)
            result = refused(problem)
        reply, person = await self._follow(case, submit, result)
        self._prepare(turn, reply if deleted else not_deleted(reply), now, person)
        await self._write(conn, [turn], now)

    async def set_aside(
        self, conn: AsyncConnection, waiting: Waiting, number: str, error: str, now: datetime
    ) -> Call | None:
        """Puts a failed update back for a little later; the last time parks it and gives what to tell its person."""
        failed = waiting.attempts + 1
        if failed < TRIES:
            pause = timedelta(seconds=failed)
            await inbox.put_back(conn, waiting.seq, worker=self.worker, not_before=now + pause, error=error)
            return None
        if not await inbox.park(conn, waiting.seq, worker=self.worker, now=now, error=f"{number} {error}"):
            return None
        row = (await chats.get(conn, [waiting.person_id])).get(waiting.person_id)
        text = self.desk.catalogue.render(Text.of("fault", number=number), self._language(waiting, row))
        return Call(method="sendMessage", params={"chat_id": waiting.person_id, "text": text}, screen=False)

    def _language(self, waiting: Waiting, row: ChatRow | None) -> Language:
        if row:
            return language_of(row.language)
        try:
            return language_of(self._read(waiting).language_code)
        except Exception:
            return language_of(None)

    def _read(self, waiting: Waiting) -> adapter.Arrival:
        context = update_context(waiting.bot_id, waiting.update_id)
        return adapter.read(open_json(self.core.inbox_sealer, waiting.payload, context), self.desk.username)

    def _prepare(self, turn: Turn, reply: Reply, now: datetime, person: Person | None = None) -> None:
        """`person`: who they are after the act, when it logged them in."""
        person = person or turn.person
        turn.calls = turn.compose(person, reply, self.desk.catalogue)
        took = (isinstance(turn.decision, Submit) and turn.decision.secret) or bool(reply.forget)
        turn.row = self.codec.row(person, reply, turn.calls, now, self.desk.secret_until(reply, now, took=took))

    async def _ask(self, case: Case, ask: Ask, *notes: Text) -> Reply:
        """What core answers; what it refuses is said after these notes, and nothing of the act is kept."""
        try:
            async with case.uow.conn.begin_nested() if ask.writes else nullcontext():
                return await ask.act(case)
        except CoreError as problem:
            await self._record(case.uow, problem)
            return self.desk.said(case.person, *notes, sentence(problem))

    async def _record(self, uow: UnitOfWork, problem: CoreError) -> None:
        if isinstance(problem, Forbidden):
            await self.core.permissions.record(uow, problem)

    async def _write(self, conn: AsyncConnection, turns: Sequence[Turn], now: datetime) -> None:
        rows = [turn.row for turn in turns if turn.row]
        if rows and len(await chats.save(conn, rows, worker=self.worker, until=now + LEASE)) != len(rows):
            raise LostRaceError
        if await inbox.finish(conn, [turn.waiting.seq for turn in turns], now) != len(turns):
            raise LostRaceError

    async def _follow(self, case: Case, submit: Submit, result: Done | Refused) -> tuple[Reply, Person]:
        before = case.person
        signed = await self.core.sessions.of_people(case.uow, [before.id])
        person = replace(before, signed=signed.get(before.id), draft=None)
        if isinstance(result, Refused):
            if person.account_id == before.account_id:
                return self.desk.refused(submit, result.problem, result.step), before
            return self.desk.said(person, result.problem), person  # their login was ended meanwhile, and the dialog's
        if submit.taking:
            return self.desk.took(submit, result.taken), person
        decision = self.desk.after(person, submit.draft, result, case.uow.now)
        if isinstance(decision, Ask):
            return await self._ask(replace(case, person=person), decision, *result.notes), person
        assert isinstance(decision, Reply)
        return decision, person


def refused(problem: CoreError) -> Refused:
    """What core refused, as the end of a submitted dialog."""
    return Refused(sentence(problem), problem.field or "")
