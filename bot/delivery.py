"""Makes one export and sends it, file by file (SECURITY.md Privacy)."""

from contextlib import suppress
from typing import Final

import structlog
from telegram.error import Forbidden

from bot import documents
from bot.documents import Caller
from bot.export_words import Progress, Words
from bot.units import Units
from core.core import Core
from core.export_data import OwnData, PhotoFile
from core.export_parts import Part, shared_out
from core.sealing import SealBroken
from core.uncut import uncut
from storage import chats
from storage import exports as store
from storage.errors import NotStored
from storage.exports import ExportJob

_log: Final = structlog.get_logger(__name__)


class LostError(Exception):
    """The export is another process' by now, or its account is erased: nothing is left to do here."""


class NobodyError(Exception):
    """There is nobody to deliver it to: logged out, suspended, or the bot is blocked."""


class Delivery:
    """From a claimed job to the last file in the chat."""

    def __init__(self, core: Core, units: Units, bot: Caller, *, holder: str, limit: int) -> None:
        """`holder` is who has claimed the jobs; `limit`: most bytes of a file."""
        self._core = core
        self._units = units
        self._bot = bot
        self._holder = holder
        self._limit = limit

    async def deliver(self, job: ExportJob, words: Words, progress: Progress) -> None:
        """Makes and sends it all, and ends the job. What has come of an earlier attempt is taken away.

        Raises LostError, NobodyError, TelegramError, GivenUpError, StorageError, OSError (the disk).
        """
        await self._check_recipient(job)
        await self._units.write(lambda uow: self._core.exports.begin(uow, job))
        await progress.show(words.of("export.collecting"))
        if (shown := progress.message_id) is not None and shown != job.message_id:
            await self._units.write(lambda uow: store.show(uow.conn, job.id, self._holder, shown))
        async with self._units.reading() as uow:
            made = uow.now.astimezone(self._core.settings.clinic.zone)
        with Part(made) as first:
            own = await self._collect(job, first, words)
            await self._units.write(lambda uow: self._core.exports.looked_at(uow, own))
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
                    name, caption = words.file_name(made, number, len(shares)), words.caption(number, len(shares))
                    if not await uncut(self._send(job, part, name, caption)):
                        raise LostError
        with suppress(Forbidden):  # the files are there
            await progress.show(words.of("export.done", count=len(shares)))
        # Only now: whoever is killed before makes it anew, and nobody reads for ever that a file is on its way.
        await self._units.write(lambda uow: self._core.exports.end(uow, job, self._holder))

    async def _collect(self, job: ExportJob, part: Part, words: Words) -> OwnData:
        """Writes all but the photos: of one moment, where the database gives one."""
        async with self._units.reading() as uow:
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

    async def _send(self, job: ExportJob, part: Part, name: str, caption: str) -> bool:
        """Sends a file and notes that it is there, to be taken away again; False when it was wanted no more."""
        message_id = await documents.send_document(self._bot, job.telegram_user_id, part.file, name, caption)
        return await self._units.write_at_last(
            lambda uow: self._core.exports.delivered(uow, job, self._holder, message_id)
        )

    async def _check_recipient(self, job: ExportJob) -> None:
        """Raises NobodyError when nobody is logged in there any more, or the bot is blocked."""
        async with self._units.reading() as uow:
            signed = await self._core.exports.owner(uow, job)
            row = (await chats.get(uow.conn, [job.telegram_user_id])).get(job.telegram_user_id)
        if signed is None or (row and row.blocked_at):
            raise NobodyError
