"""Makes the exports that people have asked for, and delivers them, beside everything else (SECURITY.md Privacy).

A kill leaves only the row: the export is made anew. Its files have no names and are gone with the process.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final, TypeVar

import structlog
from telegram.error import BadRequest, Forbidden, TelegramError

from bot import documents
from bot.documents import Caller, GivenUpError
from bot.export_words import Progress, Words
from bot.notices import pause_after
from bot.outage import Outage
from bot.texts import Catalogue, language_of
from core.core import Core
from core.export_data import OwnData, PhotoFile
from core.export_parts import MAX_PART, Part, shared_out
from core.exports import LEASE, is_hopeless
from core.sealing import SealBroken
from core.uncut import uncut
from core.unit import Channel, Clock, UnitOfWork
from storage import chats
from storage import exports as store
from storage.database import Database
from storage.errors import NotStored, StorageError
from storage.exports import ExportJob

_T = TypeVar("_T")

AT_ONCE: Final = 2
"""Each needs 45 MB of disk, and memory for two copies of one photo."""
_LOOK_AGAIN: Final = 2.0  # seconds
_ACTION_SECONDS: Final = 4.0  # the client shows "sending a file" for five
_KEEP_EVERY: Final = LEASE.total_seconds() / 4

_log = structlog.get_logger(__name__)


class LostError(Exception):
    """The export is another process' by now, or its account is erased: nothing is left to do here."""


class NobodyError(Exception):
    """There is nobody to deliver it to: logged out, suspended, or the bot is blocked."""


class Exporting:
    """Claims exports and delivers them, a few at once."""

    def __init__(
        self,
        *,
        database: Database,
        core: Core,
        bot: Caller,
        clock: Clock,
        catalogue: Catalogue,
        holder: str,
        alone: bool,
        limit: int = MAX_PART,
    ) -> None:
        """`holder` names this process in claims; `alone`: no other one runs, so what is claimed at the start is a dead
        one's. `limit`: most bytes of a file.
        """
        self._database = database
        self._core = core
        self._bot = bot
        self._clock = clock
        self._catalogue = catalogue
        self._holder = holder
        self._alone = alone
        self._limit = limit
        self._storage = Outage()
        self._woken = asyncio.Event()
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Delivers until cancelled; what is not delivered then is made again at the next start."""
        if self._alone:
            await self._stored(lambda uow: store.free(uow.conn))
        try:
            while True:
                self._woken.clear()
                for job in await self._claimed():
                    self._tasks[job.id] = asyncio.create_task(self._do(job))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), _LOOK_AGAIN)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            with suppress(StorageError):
                await self._write(lambda uow: store.free(uow.conn, self._holder))

    async def idle(self) -> None:
        """Waits until every export that is due is delivered."""
        while True:
            async with self._database.read() as conn:
                if not self._tasks and not await store.count_due(conn, self._clock()):
                    return
            self._woken.set()
            await asyncio.sleep(0.005)

    async def _claimed(self) -> list[ExportJob]:
        """What this process takes up now. Most often nothing is due, and reading takes no lock."""
        room = AT_ONCE - len(self._tasks)
        try:
            async with self._database.read() as conn:
                if room <= 0 or not await store.count_due(conn, self._clock()):
                    return []
            claimed = await self._write(lambda uow: self._core.exports.claim(uow, self._holder, room))
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
                await self._deliver(job, words, progress)
        except LostError:
            _log.info("export.lost", export=job.id)
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
            self._woken.set()

    async def _deliver(self, job: ExportJob, words: Words, progress: Progress) -> None:
        await self._check_recipient(job)
        await self._write(lambda uow: self._core.exports.begin(uow, job))
        await progress.show(words.of("export.collecting"))
        if (shown := progress.message_id) is not None and shown != job.message_id:
            await self._write(lambda uow: store.show(uow.conn, job.id, self._holder, shown))
        made = self._clock().astimezone(self._core.settings.clinic.zone)
        with Part(made) as first:
            own = await self._collect(job, first, words)
            await self._write(lambda uow: self._core.exports.looked_at(uow, own))
            shares = shared_out(own.photos, first.size, self._limit)
            packed = 0
            for number, share in enumerate(shares, start=1):
                with first if number == 1 else Part(made) as part:
                    for photo in share:
                        packed += 1
                        far = words.of("export.photos", number=packed, total=len(own.photos))
                        await progress.show(far, hurry=packed == 1)
                        await self._add_photo(part, photo, words)
                    await progress.show(words.of("export.packing"))
                    await part.close()
                    await self._check_recipient(job)  # they may have logged out meanwhile
                    await progress.show(words.of("export.sending", number=number, total=len(shares)))
                    await uncut(self._send(job, part, words, number, len(shares)))
        if await self._write(lambda uow: self._core.exports.end(uow, job, self._holder)):
            await progress.show(words.of("export.done", count=len(shares)))

    async def _collect(self, job: ExportJob, part: Part, words: Words) -> OwnData:
        """Writes all but the photos: of one moment, where the database gives one."""
        async with self._database.read() as conn:
            uow = UnitOfWork(conn, self._clock(), Channel.JOB)
            signed = await self._core.exports.owner(uow, job)
            if signed is None:
                raise NobodyError
            own = await self._core.exports.read(uow, signed, words)
            await part.add_text(words.of("export.readme_name"), words.readme(own, uow.now))
            await part.add_json("data.json", own.data)
            await part.add_json_list("audit.json", self._core.exports.trail(uow, own, words))
        return own

    async def _add_photo(self, part: Part, photo: PhotoFile, words: Words) -> None:
        """A photo that is not to be read any more leaves a note in its place, and the others their way."""
        try:
            content = await self._core.photos.read(photo.path)
        except (NotStored, SealBroken) as error:
            _log.error("export.photo_missing", path=photo.path, reason=str(error))
            await part.add_text(f"{photo.name}.txt", words.of("export.photo_missing"))
        else:
            await part.add_photo(photo.name, content)

    async def _send(self, job: ExportJob, part: Part, words: Words, number: int, total: int) -> None:
        """Sends a file and notes that it is there, to be taken away again."""
        name = words.file_name(self._clock().astimezone(self._core.settings.clinic.zone), number, total)
        caption = words.caption(number, total)
        message_id = await documents.send_document(self._bot, job.telegram_user_id, part.file, name, caption)
        if not await self._stored(lambda uow: self._core.exports.delivered(uow, job, self._holder, message_id)):
            raise LostError

    async def _check_recipient(self, job: ExportJob) -> None:
        """Raises NobodyError when nobody is logged in there any more, or the bot is blocked."""
        async with self._database.read() as conn:
            signed = await self._core.exports.owner(UnitOfWork(conn, self._clock(), Channel.JOB), job)
            row = (await chats.get(conn, [job.telegram_user_id])).get(job.telegram_user_id)
        if signed is None or (row and row.blocked_at):
            raise NobodyError

    async def _words(self, job: ExportJob) -> Words:
        async with self._database.read() as conn:
            row = (await chats.get(conn, [job.telegram_user_id])).get(job.telegram_user_id)
        return Words(self._catalogue, language_of(row.language if row else None))

    async def _put_back(self, job: ExportJob, words: Words, progress: Progress) -> None:
        """Has it tried again later; what has been tried for a day is given up."""
        if is_hopeless(job, self._clock()):
            await self._fail(job, progress)
            return
        pause = pause_after(job.attempts)
        with suppress(StorageError, Forbidden):  # then the claim runs out by itself; who blocks us sees nothing
            await self._write(lambda uow: self._core.exports.put_back(uow, job, self._holder, pause))
            await progress.show(words.of("export.waiting"))

    async def _fail(self, job: ExportJob, progress: Progress) -> None:
        async def fail(uow: UnitOfWork) -> None:
            await self._core.exports.fail(uow, job, self._holder)
            if progress.message_id is not None:
                await self._core.exports.take_away(uow, job, progress.message_id, timedelta(0))

        await self._stored(fail)

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
                await documents.sending(self._bot, job.telegram_user_id)
                await asyncio.sleep(_ACTION_SECONDS)
                if time.monotonic() - kept_at > _KEEP_EVERY:
                    kept_at = time.monotonic()
                    if not await self._stored(lambda uow: self._core.exports.keep(uow, job, self._holder)):
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

    async def _write(self, act: Callable[[UnitOfWork], Awaitable[_T]]) -> _T:
        async def write() -> _T:
            async with self._database.write() as conn:
                return await act(UnitOfWork(conn, self._clock(), Channel.JOB))

        return await uncut(write())

    async def _stored(self, act: Callable[[UnitOfWork], Awaitable[_T]]) -> _T:
        """The same, waiting with growing pauses while the database does not work."""
        outage = Outage(first=0.1, longest=10.0)
        while True:
            try:
                result = await self._write(act)
            except StorageError as error:
                await outage.pause("The database does not work; trying again", error=str(error))
            else:
                outage.over("The database works again")
                return result
