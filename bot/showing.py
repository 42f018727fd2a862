"""Shows committed answers, and notes in the database that they were shown."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from bot import screen
from bot.screen import Call, Caller, PhotoSource
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


class _Note(NamedTuple):
    chat_id: int
    revision: int
    message_id: int | None
    blocked_at: datetime | None
    exhibits: tuple[Exhibit, ...] = ()


class Showing:
    """The answers that are on their way to their chats. A chat is busy until its answer is shown and that is noted."""

    def __init__(
        self,
        database: Database,
        bot: Caller,
        clock: Clock,
        *,
        photos: PhotoSource,
        on_free: Callable[[int], None],
    ) -> None:
        """`photos` are those that answers show; `on_free` is called with each chat that is busy no more."""
        self._database = database
        self._bot = bot
        self._clock = clock
        self._photos = photos
        self._on_free = on_free
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._notes: list[_Note] = []
        self._noting: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def busy(self) -> bool:
        """Whether anything is still to be shown or noted."""
        return bool(self._tasks)

    @property
    def chats(self) -> frozenset[int]:
        """The chats that are busy. Take it before reading rows: a row read later may be shown and noted meanwhile."""
        return frozenset(self._tasks)

    def has(self, chat_id: int) -> bool:
        """Whether this chat's answer is still on its way."""
        return chat_id in self._tasks

    def start(self, row: ChatRow, calls: Sequence[Call]) -> None:
        """Shows an answer of a committed row; does nothing for a chat that is busy already."""
        if row.person_id not in self._tasks:
            self._tasks[row.person_id] = asyncio.create_task(self._show(row, calls))

    async def close(self, drain: float) -> None:
        """Waits for what is under way, at most so many seconds; what is left is shown at the next start."""
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks.values()), timeout=drain)
            for task in late:
                task.cancel()

    async def _show(self, row: ChatRow, calls: Sequence[Call]) -> None:
        try:
            with ANSWERS.time():
                shown = await screen.show(self._bot, calls, self._photos)
            if tracing():
                log.debug("answer shown" if shown is not None else "answer waits")
            if shown is not None:
                blocked_at = self._clock() if shown.blocked else None
                await self._note(_Note(row.person_id, row.revision, shown.message_id, blocked_at, shown.exhibits))
        except Exception:
            log.exception("an answer could not be shown")
        finally:
            del self._tasks[row.person_id]
            self._on_free(row.person_id)

    async def _note(self, note: _Note) -> None:
        """Adds a note to the next write; all that come while one write is under way go together in the next."""
        self._notes.append(note)
        while note in self._notes:
            if self._noting is None:
                # For many answers at once: it follows none of them.
                self._noting = asyncio.create_task(self._write(), context=Context())
            await asyncio.shield(self._noting)

    async def _write(self) -> None:
        batch = list(self._notes)
        try:
            async with self._database.write() as conn:
                await chats.shown(conn, [note[:4] for note in batch])
                for exhibit in [exhibit for note in batch for exhibit in note.exhibits]:
                    await exhibits.shown(UnitOfWork(conn, self._clock(), Channel.BOT), exhibit)
        except StorageError as error:
            log.warning("the database does not work; trying again", reason=str(error))
            await asyncio.sleep(_PAUSE)
        except Exception:  # what cannot be noted now is shown once more later
            log.exception("what was shown could not be noted")
            del self._notes[: len(batch)]
        else:
            del self._notes[: len(batch)]
        finally:
            self._noting = None
