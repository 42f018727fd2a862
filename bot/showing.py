"""Shows committed answers, and notes in the database that they were shown.

A note has no transaction of its own where another is made within a moment: it goes first in the worker's next one,
and who is read there is free. A kill before it has the answer shown once more, as one while it is being shown does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import screen
from bot.holding import ShowingLease
from bot.screen import Call, Caller, PhotoSource
from bot.telegram import before_sending
from core import exhibits
from core.exhibits import Exhibit
from core.logs import tracing
from core.metrics import ANSWERS
from core.unit import Channel, Clock, UnitOfWork
from storage import chats
from storage.chats import ChatRow
from storage.database import Database
from storage.errors import StorageError

log: Final = structlog.get_logger(__name__)

_PAUSE: Final = 0.5
_LATEST: Final = 0.05  # seconds that a note waits for a transaction to go with


class _Note(NamedTuple):
    chat_id: int
    revision: int
    message_id: int | None
    blocked_at: datetime | None


class Showing:
    """The answers that are on their way to their chats. A chat is busy until its answer is shown."""

    def __init__(
        self,
        database: Database,
        bot: Caller,
        clock: Clock,
        *,
        worker: str,
        photos: PhotoSource,
        on_free: Callable[[int], None],
    ) -> None:
        """
        Args:
            worker: this process' name in leases.
            photos: those that answers show.
            on_free: is called with each chat that is busy no more.
        """
        self._database = database
        self._bot = bot
        self._clock = clock
        self._worker = worker
        self._photos = photos
        self._on_free = on_free
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._leases: dict[int, ShowingLease] = {}  # of the same chats
        self._notes: dict[int, _Note] = {}  # by chat
        self._lists: dict[int, str] = {}  # command lists that clients were given, by person
        self._oldest = 0.0  # when the first of both came
        self._noting: asyncio.Task[None] | None = None
        self._turns = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def busy(self) -> bool:
        """Whether anything is still to be shown or noted."""
        return bool(self._tasks or self._notes or self._lists or self.is_writing)

    @property
    def chats(self) -> frozenset[int]:
        """The chats whose answer is on its way, or shown and not noted yet."""
        return frozenset(self._tasks) | self._notes.keys()

    @property
    def is_writing(self) -> bool:
        """Whether `writing` is under way."""
        return self._turns.locked()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[tuple[AsyncConnection, frozenset[int]]]:
        """A write transaction that first notes what was shown, one at a time; with the chats that are busy in it."""
        async with self._turns:
            async with self._database.write() as conn:
                began = asyncio.get_running_loop().time()
                busy, notes, lists = frozenset(self._tasks), list(self._notes.values()), self._lists.copy()
                if notes:
                    await chats.shown(conn, notes, worker=self._worker)
                if lists:
                    await chats.set_listed(conn, lists)
                yield conn, busy
            for note in notes:
                del self._notes[note.chat_id]
            for person_id in [person_id for person_id, name in lists.items() if self._lists[person_id] == name]:
                del self._lists[person_id]
            self._oldest = began  # or a little later: what is left came while that was written

    def has(self, chat_id: int) -> bool:
        """Whether this chat's answer is still on its way."""
        return chat_id in self._tasks

    def start(self, row: ChatRow, calls: Sequence[Call]) -> None:
        """Shows an answer of a committed row; does nothing for a chat that is busy, or whose last is not noted yet."""
        if row.person_id not in self.chats:
            lease = ShowingLease(self._database, self._clock, self._worker, row)
            self._leases[row.person_id] = lease
            self._tasks[row.person_id] = asyncio.create_task(self._show(row, calls, lease))

    def listed(self, person_id: int, name: str) -> None:
        """Notes which command list a person's client was given; a kill before that has it given once more."""
        self._lists[person_id] = name
        self._note_soon()

    def kept(self, answers: Iterable[tuple[int, int]], until: datetime) -> None:
        """Says that these answers, each a chat and its revision, are this worker's until then."""
        for chat_id, revision in answers:
            if lease := self._leases.get(chat_id):
                lease.kept(revision, until)

    async def close(self, drain: float) -> None:
        """Waits for what is under way, at most so many seconds; what is left is shown at the next start."""
        with suppress(TimeoutError):
            async with asyncio.timeout(drain):
                if self._tasks:
                    await asyncio.wait(list(self._tasks.values()))
                await self.note_now()
        for task in filter(None, [*self._tasks.values(), self._noting]):
            task.cancel()

    async def note_now(self) -> None:
        """Notes what was shown, if it is not yet."""
        while self._has_notes:
            await self._note_once()

    async def _show(self, row: ChatRow, calls: Sequence[Call], lease: ShowingLease) -> None:
        before_sending.set(lease.check)
        try:
            with ANSWERS.time():
                shown = await screen.show(self._bot, calls, self._photos)
            if tracing():
                log.debug("answer shown" if shown.whole else "answer waits")
            blocked_at = self._clock() if shown.blocked else None
            note = _Note(row.person_id, row.revision, shown.message_id, blocked_at)
            if shown.exhibits:
                await self._note_exhibits(shown.exhibits, [note] if shown.whole else [])
            elif shown.whole:
                self._note(note)
        except Exception:
            log.exception("an answer could not be shown")
        finally:
            del self._tasks[row.person_id], self._leases[row.person_id]
            self._on_free(row.person_id)

    def _note(self, note: _Note) -> None:
        self._notes[note.chat_id] = note
        self._note_soon()

    @property
    def _has_notes(self) -> bool:
        return bool(self._notes or self._lists)

    def _note_soon(self) -> None:
        if self._noting is None:
            self._oldest = asyncio.get_running_loop().time()
            # For many answers at once: it follows none of them.
            self._noting = asyncio.create_task(self._note_later(), context=Context())

    async def _note_later(self) -> None:
        """Makes a transaction for what none came for in time."""
        try:
            while self._has_notes:
                time_left = self._oldest + _LATEST - asyncio.get_running_loop().time()
                if time_left > 0:
                    await asyncio.sleep(time_left)
                else:
                    await self._note_once()
        finally:
            self._noting = None

    async def _note_once(self) -> None:
        try:
            async with self.writing():
                pass
        except StorageError as error:
            await self._pause(error)

    async def _note_exhibits(self, shown: Sequence[Exhibit], notes: Sequence[_Note]) -> None:
        """At once, and of half an answer, too: whatever of an attempt lies in a chat has to go again."""
        while True:
            try:
                async with self.writing() as (conn, _):
                    if notes:
                        await chats.shown(conn, notes, worker=self._worker)
                    for exhibit in shown:
                        await exhibits.shown(UnitOfWork(conn, self._clock(), Channel.BOT), exhibit)
            except StorageError as error:
                await self._pause(error)
            else:
                return

    @staticmethod
    async def _pause(error: StorageError) -> None:
        log.warning("the database does not work; trying again", reason=str(error))
        await asyncio.sleep(_PAUSE)
