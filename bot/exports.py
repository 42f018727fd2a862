"""Delivers the exports that people have asked for, beside everything else (SECURITY.md Privacy).

A kill leaves only the row: the export is made anew. Its files have no names and are gone with the process.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import structlog
from telegram.error import BadRequest, Forbidden, TelegramError

from bot import documents
from bot.delivery import Delivery, LostError, NobodyError
from bot.documents import Caller, GivenUpError
from bot.export_words import Progress, Words
from bot.looking import Looking
from bot.notices import pause_after
from bot.outage import Outage
from bot.texts import Catalogue, language_of
from bot.units import Units
from core.core import Core
from core.export_parts import MAX_PART
from core.exports import LEASE, is_hopeless
from core.unit import Clock, UnitOfWork
from storage import chats
from storage import exports as store
from storage.database import Database
from storage.errors import StorageError
from storage.exports import ExportJob

AT_ONCE: Final = 2
"""Each needs 45 MB of disk, and memory for two copies of one photo."""
_ACTION_SECONDS: Final = 4.0  # the client shows "sending a file" for five
_KEEP_EVERY: Final = LEASE.total_seconds() / 4

_log: Final = structlog.get_logger(__name__)


class Exporting:
    """Claims exports and has them delivered, a few at once."""

    def __init__(
        self,
        *,
        database: Database,
        core: Core,
        bot: Caller,
        clock: Clock,
        catalogue: Catalogue,
        holder: str,
        limit: int = MAX_PART,
    ) -> None:
        """`holder` names this process in claims, like a dead one whose place it has. `limit`: most bytes of a file."""
        self._core = core
        self._bot = bot
        self._clock = clock
        self._catalogue = catalogue
        self._holder = holder
        self._units = Units(database, clock)
        self._delivery = Delivery(core, self._units, bot, holder=holder, limit=limit)
        self._storage = Outage()
        self._looking = Looking(database, clock)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Says that there may be something to deliver."""
        self._looking.wake()

    async def run(self) -> None:
        """Delivers until cancelled; what is not delivered then is made again at the next start."""
        await self._units.write_at_last(lambda uow: store.free(uow.conn, self._holder))
        try:
            while True:
                self._looking.begin()
                for job in await self._claimed():
                    self._tasks[job.id] = asyncio.create_task(self._do(job))
                await self._looking.sleep()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            with suppress(StorageError):
                await self._units.write(lambda uow: store.free(uow.conn, self._holder))

    async def idle(self) -> None:
        """Waits until every export that is due is delivered."""
        while self._tasks or await self._is_due():
            self._looking.wake()
            await asyncio.sleep(0.005)

    async def _is_due(self) -> bool:
        """Most often nothing is due, and reading takes no lock."""
        async with self._units.reading() as uow:
            return self._looking.saw(await store.next_due(uow.conn))

    async def _claimed(self) -> list[ExportJob]:
        """What this process takes up now."""
        room = AT_ONCE - len(self._tasks)
        try:
            if room <= 0 or not await self._is_due():
                return []
            claimed = await self._units.write(lambda uow: self._core.exports.claim(uow, self._holder, room))
        except StorageError as error:
            await self._storage.pause("Exports cannot be read; trying again", error=str(error))
            return []
        self._storage.over("Exports are made again")
        return claimed

    async def _do(self, job: ExportJob) -> None:
        """Delivers one; whatever keeps it from that, the row says what follows."""
        words = Words(self._catalogue, language_of(None))
        progress = Progress(self._bot, job.telegram_user_id, job.message_id)
        try:
            async with self._held(job):
                words = await self._words(job)
                await self._delivery.deliver(job, words, progress)
        except LostError:
            await self._lose(job, progress)
        except (NobodyError, Forbidden, BadRequest) as error:  # blocked, or something that no second try would mend
            _log.warning("export.refused", export=job.id, reason=str(error) or type(error).__name__)
            await self._fail(job, progress)
        except (TelegramError, GivenUpError, StorageError, OSError) as error:
            _log.warning("export.interrupted", export=job.id, attempt=job.attempts, reason=str(error))
            await self._put_back(job, words, progress)
        except Exception:
            _log.exception("export.failed", export=job.id, attempt=job.attempts)
            await self._put_back(job, words, progress)
        finally:
            del self._tasks[job.id]
            self._looking.wake()

    async def _words(self, job: ExportJob) -> Words:
        async with self._units.reading() as uow:
            row = (await chats.get(uow.conn, [job.telegram_user_id])).get(job.telegram_user_id)
        return Words(self._catalogue, language_of(row.language if row else None))

    async def _put_back(self, job: ExportJob, words: Words, progress: Progress) -> None:
        """Has it tried again later; what has been tried for a day is given up."""
        if is_hopeless(job, self._clock()):
            await self._fail(job, progress)
            return
        pause = pause_after(job.attempts)
        with suppress(StorageError, Forbidden):  # then the claim runs out by itself; who blocks us sees nothing
            if await self._units.write(lambda uow: self._core.exports.put_back(uow, job, self._holder, pause)):
                await progress.show(words.of("export.waiting"))
            else:
                await self._lose(job, progress)

    async def _lose(self, job: ExportJob, progress: Progress) -> None:
        """Leaves it to who has it now. When nobody has, its account was erased, and nothing stays to look at."""
        _log.info("export.lost", export=job.id)

        async def tidy(uow: UnitOfWork) -> None:
            if progress.message_id is not None and not await store.is_under_way(uow.conn, job.account_id):
                await self._core.exports.take_away(uow, job, progress.message_id, timedelta(0))

        await self._units.write_at_last(tidy)

    async def _fail(self, job: ExportJob, progress: Progress) -> None:
        async def fail(uow: UnitOfWork) -> None:
            await self._core.exports.fail(uow, job, self._holder)
            if progress.message_id is not None:
                await self._core.exports.take_away(uow, job, progress.message_id, timedelta(0))

        await self._units.write_at_last(fail)

    @asynccontextmanager
    async def _held(self, job: ExportJob) -> AsyncIterator[None]:
        """Goes on holding the claim, and shows that a file is on its way. Raises LostError when the claim is lost."""
        work = asyncio.current_task()
        assert work is not None
        lost = False

        async def hold() -> None:
            nonlocal lost
            kept_at = time.monotonic()
            while True:
                with suppress(TimeoutError):  # a slow Telegram must not cost the claim
                    async with asyncio.timeout(_ACTION_SECONDS):  # not wait_for: bot/looking.py
                        await documents.sending(self._bot, job.telegram_user_id)
                await asyncio.sleep(_ACTION_SECONDS)
                if time.monotonic() - kept_at > _KEEP_EVERY:
                    kept_at = time.monotonic()
                    if not await self._units.write_at_last(lambda uow: self._core.exports.keep(uow, job, self._holder)):
                        lost = True
                        work.cancel()
                        return

        holding = asyncio.create_task(hold())
        try:
            yield
        except asyncio.CancelledError:
            if not lost:
                raise
            work.uncancel()
            raise LostError from None
        finally:
            holding.cancel()
            with suppress(asyncio.CancelledError):
                await holding
