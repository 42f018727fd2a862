"""Updates that take a while: each in a task of its own, its claim renewed, no transaction open over the slow part."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import screen
from bot.answers import Answers
from bot.failing import Failing
from bot.handling import Handling, refused
from bot.outage import through_outages
from bot.person import Case, Done, Refused, Reply, Submit
from bot.telegram import RawBot
from bot.turn import Turn, not_deleted
from core.errors import CoreError
from core.logs import following
from core.unit import Clock
from storage import inbox
from storage.database import Database
from storage.inbox import Waiting


class SlowWork:
    """What one worker is at work on, at most one update a person."""

    def __init__(
        self,
        *,
        database: Database,
        bot: RawBot,
        clock: Clock,
        handling: Handling,
        answers: Answers,
        failing: Failing,
        on_free: Callable[[int, bool], None],
    ) -> None:
        """`on_free` is called with each person whose update is done, and whether more may wait."""
        self._database = database
        self._bot = bot
        self._clock = clock
        self._handling = handling
        self._answers = answers
        self._failing = failing
        self._on_free = on_free
        self._seqs: dict[int, int] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def people(self) -> frozenset[int]:
        """Those whose update is at work; their next ones wait for it."""
        return frozenset(self._tasks)

    @property
    def seqs(self) -> list[int]:
        """The updates at work, by their numbers in the inbox."""
        return list(self._seqs.values())

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """The work itself."""
        return list(self._tasks.values())

    def start(self, turn: Turn) -> None:
        """Carries out an update whose claim is committed."""
        self._begin(turn.waiting, self._carry_out(turn))

    def fail(self, waiting: Waiting, error: Exception) -> None:
        """Sets aside an update that could not even be read."""
        self._begin(waiting, self._set_aside(waiting, error))

    def _begin(self, waiting: Waiting, work: Coroutine[Any, Any, bool]) -> None:
        """`work` says whether more may wait."""

        async def run() -> None:
            more = True
            try:
                with following(waiting.update_id):
                    more = await work
            finally:
                self._seqs.pop(waiting.person_id, None)
                self._tasks.pop(waiting.person_id, None)
                self._on_free(waiting.person_id, more)

        self._seqs[waiting.person_id] = waiting.seq
        self._tasks[waiting.person_id] = asyncio.create_task(run())

    async def _set_aside(self, waiting: Waiting, error: Exception) -> bool:
        await self._failing.set_aside(waiting, error)
        return True

    async def _carry_out(self, turn: Turn) -> bool:
        """What deletes a password or asks core for slow work."""
        decision = turn.decision
        assert isinstance(decision, Submit | Reply)
        try:
            deleted = all([await screen.delete(self._bot, turn.person.id, message) for message in decision.forget])
            if isinstance(decision, Submit):
                return await self._submit(turn, decision, deleted)
            turn.decision = decision if deleted else not_deleted(decision)
            return await self._end(turn, lambda conn, now: self._handling.carry_out(conn, [turn], now))
        except Exception as error:
            return await self._set_aside(turn.waiting, error)

    async def _end(self, turn: Turn, write: Callable[[AsyncConnection, datetime], Awaitable[None]]) -> bool:
        """The last transaction, which asks what else waits: whoever looked for it would need one more."""

        async def commit() -> bool:
            async with self._database.write() as conn:
                now = self._clock()
                await write(conn, now)
                return await inbox.is_waiting(conn, now)

        more = await through_outages(commit)
        self._answers.show(turn)
        return more

    async def _submit(self, turn: Turn, submit: Submit, deleted: bool) -> bool:
        acts = submit.acts
        self._answers.busy(turn.person.id, acts.shows)

        async def begin() -> object:
            async with self._database.write() as conn:
                return await self._handling.begin(conn, turn, submit, self._clock())

        def end(act: Callable[[Case], Awaitable[Done | Refused]]) -> Awaitable[bool]:
            return self._end(
                turn, lambda conn, now: self._handling.finish(conn, turn, submit, act, now, deleted=deleted)
            )

        try:
            begun = await through_outages(begin)
        except CoreError as error:
            problem = refused(error)
            return await end(lambda _case: _known(problem))
        try:
            worked = await acts.work(self._handling.core, begun)
        except CoreError as error:
            problem = refused(error)
            return await end(lambda case: _given_up(acts.give_up(case, begun), problem))
        return await end(lambda case: acts.finish(case, submit.submission.answers, worked))


def is_slow(turn: Turn) -> bool:
    """Whether an update takes more than one short transaction."""
    decision = turn.decision
    return isinstance(decision, Submit) or (isinstance(decision, Reply) and bool(decision.forget))


async def _known(problem: Refused) -> Refused:
    return problem


async def _given_up(giving_up: Awaitable[None], problem: Refused) -> Refused:
    await giving_up
    return problem
