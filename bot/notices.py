"""Sends what people are told without having asked: the outbox, with retries (REVIEW.md, DIALOGS.md Who is told)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from bot.looking import Looking
from bot.outage import Outage
from bot.telegram import NotOurs, RawBot, before_sending, wait_of
from core.exhibits import EDIT_CARD
from core.logs import following, tracing
from core.removals import REMOVALS
from core.uncut import uncut
from storage import outbox
from storage.database import Database
from storage.errors import StorageError
from storage.outbox import Due

# The text for a notice, in the language of whom it is for; None when nobody is to be told any more.
Render = Callable[[Due], Awaitable[str | None]]
# What became of a notice, to be written down under the claim that ends then, and whether that could be.
Note = Callable[[AsyncConnection, datetime], Awaitable[bool]]
Unreached = Callable[[AsyncConnection, Due], Awaitable[None]]

AT_ONCE: Final = 32
LEASE: Final = timedelta(seconds=30)  # renewed while a notice is under way
FIRST_RETRY: Final = timedelta(seconds=5)
LONGEST_RETRY: Final = timedelta(minutes=10)
GIVE_UP_AFTER: Final = timedelta(days=3)
REMOVE_AGAIN: Final = timedelta(hours=1)

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Claim:
    """What one worker sends side by side, and until when nobody else does."""

    notices: set[int]
    until: datetime


class Notices:
    """Claims due notices, sends them side by side (one person's in order), and notes what became of each.

    A notice is sent at least once: a kill between sending and noting sends it again when the lease has run out. Who
    gets no processor for so long sends nothing more of it, which others may have overtaken.
    Whatever the number of workers, one chat is told one thing at a time.
    """

    def __init__(
        self,
        *,
        database: Database,
        bot: RawBot,
        clock: Callable[[], datetime],
        render: Render,
        unreached: Unreached,
        lease: timedelta = LEASE,
        apart: timedelta = timedelta(0),
    ) -> None:
        """
        Args:
            unreached: is told of each notice whose person has blocked the bot, in the transaction that notes it.
            apart: at least so long between two messages to one chat, whoever sends them.
        """
        self._database = database
        self._bot = bot
        self._clock = clock
        self._render = render
        self._unreached = unreached
        self._lease = lease
        self._apart = apart
        self._storage = Outage()
        self._looking = Looking(database, clock)

    def wake(self) -> None:
        """Says that there may be something to send."""
        self._looking.wake()

    async def run(self) -> None:
        """Sends until cancelled. Faults of the database are waited out."""
        while True:
            self._looking.begin()
            try:
                sent = await uncut(self.send_due())
            except (StorageError, SQLAlchemyError) as error:
                await self._storage.pause("Notices cannot be read; trying again", error=str(error))
                continue
            self._storage.over("Notices are sent again")
            if not sent:
                await self._looking.sleep()

    async def idle(self) -> None:
        """Waits until nothing is due."""
        while True:
            async with self._database.read() as conn:
                if not await outbox.count_due(conn, self._clock()):
                    return
            self.wake()
            await asyncio.sleep(0.005)

    async def send_due(self) -> int:
        """Sends the first due notice of up to AT_ONCE people; returns how many were tried."""
        now = self._clock()
        async with self._database.read() as conn:  # most often nothing is due, and reading takes no lock
            if not self._looking.saw(await outbox.next_due(conn)):
                return 0
        async with self._database.write() as conn:
            claimed = await outbox.claim(conn, now=now, lease=self._lease, most=AT_ONCE)
        if claimed:
            claim = _Claim({due.id for due in claimed}, now + self._lease)
            renewing = asyncio.create_task(self._renew(claim))
            try:
                notes = await asyncio.gather(*(self._send(due, claim) for due in claimed))
            finally:
                renewing.cancel()
                await asyncio.wait([renewing])
            async with self._database.write() as conn:
                for note in notes:
                    await note(conn, claim.until)
        return len(claimed)

    async def _renew(self, claim: _Claim) -> None:
        """Keeps what is being sent from others: with many to tell, each waits for its turn under Telegram's limit."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            with suppress(StorageError):
                await uncut(self._keep(claim))

    async def _keep(self, claim: _Claim) -> None:
        until = self._clock() + self._lease
        async with self._database.write() as conn:
            kept = await outbox.keep(conn, claim.notices, held=claim.until, until=until)
        claim.notices, claim.until = kept, until  # the rest was erased, freed, or is another's

    async def _send(self, due: Due, claim: _Claim) -> Note:
        """Sends one notice and says what is to be noted of it; its lines in the log are of the update it came of."""

        async def check() -> None:
            if due.id not in claim.notices or self._clock() >= claim.until:
                raise NotOurs

        before_sending.set(check)
        with following(due.cause):
            if tracing():
                _log.debug("notice is sent", notice=due.id, kind=due.kind)
            return await self._tried(due)

    async def _tried(self, due: Due) -> Note:
        if self._clock() - due.created_at > GIVE_UP_AFTER:
            return self._dead(due, "too old")
        try:
            if due.kind in REMOVALS:
                return await self._remove(due)
            text = await self._render(due)
            if text is None:
                return self._unheard(due, "not wanted any more")
            if due.kind == EDIT_CARD:
                return await self._edit(due, text)
            # No parse_mode: names are shown as typed, never as markup (DIALOGS rule 27).
            await self._bot.call("sendMessage", {"chat_id": due.telegram_user_id, "text": text})
            return self._told(due)
        except NotOurs:
            return self._left(due)
        except Forbidden:
            return self._unheard(due, "blocked")
        except RetryAfter as error:
            return self._later(due, wait_of(error), "too many requests")
        except BadRequest as error:  # Telegram will refuse the same message for ever
            return self._dead(due, str(error))
        except TelegramError as error:
            return self._later(due, pause_after(due.attempts), str(error))
        except Exception as error:  # one notice that cannot be put into words must not keep the others
            _log.exception("A notice cannot be rendered", notice=due.id, kind=due.kind)
            return self._later(due, pause_after(due.attempts), type(error).__name__)

    async def _remove(self, due: Due) -> Note:
        """Deletes a message of ours whose time is over (core/removals.py)."""
        try:
            await self._bot.call(
                "deleteMessage", {"chat_id": due.telegram_user_id, "message_id": due.params["message_id"]}
            )
        except Forbidden:  # who has blocked the bot may let it in again
            return self._later(due, REMOVE_AGAIN, "blocked")
        except BadRequest as error:
            if "not found" not in str(error).lower():
                raise
        return self._sent(due)

    async def _edit(self, due: Due, text: str) -> Note:
        """Edits a card whose attempt has changed, and takes its buttons away (core/exhibits.py)."""
        params = {"chat_id": due.telegram_user_id, "message_id": due.params["message_id"], "text": text}
        try:
            await self._bot.call("editMessageText", params)
        except BadRequest as error:  # deleted by its reader, or it says so already
            _log.info("A card is left as it is", notice=due.id, reason=str(error))
        return self._sent(due)

    def _told(self, due: Due) -> Note:
        """As `_sent`, and the next message there waits a moment."""
        sent = self._sent(due)

        async def note(conn: AsyncConnection, held: datetime) -> bool:
            is_noted = await sent(conn, held)
            if is_noted and self._apart:
                await outbox.space_out(conn, due.telegram_user_id, until=self._clock() + self._apart)
            return is_noted

        return note

    def _sent(self, due: Due) -> Note:
        return lambda conn, held: outbox.sent(conn, due.id, held=held, now=self._clock())

    def _left(self, due: Due) -> Note:
        _log.info("A notice is left to whoever has it now", notice=due.id)

        async def note(_conn: AsyncConnection, _held: datetime) -> bool:
            return False  # it is theirs to note

        return note

    def _later(self, due: Due, wait: timedelta, reason: str) -> Note:
        _log.info("A notice could not be sent; trying again", notice=due.id, reason=reason, wait=str(wait))
        return lambda conn, held: outbox.put_back(conn, due.id, held=held, due_at=self._clock() + wait, error=reason)

    def _dead(self, due: Due, reason: str) -> Note:
        _log.info("A notice is given up", notice=due.id, reason=reason)
        return lambda conn, held: outbox.dead(conn, due.id, held=held, now=self._clock(), error=reason)

    def _unheard(self, due: Due, reason: str) -> Note:
        """As `_dead`, and somebody may have to know of it."""
        dead = self._dead(due, reason)

        async def note(conn: AsyncConnection, held: datetime) -> bool:
            if is_noted := await dead(conn, held):
                await self._unreached(conn, due)
            return is_noted

        return note


def pause_after(attempts: int) -> timedelta:
    """How long a notice waits after that many failed attempts: 5 s doubling to 10 minutes."""
    doublings = min(attempts - 1, 20)
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)
