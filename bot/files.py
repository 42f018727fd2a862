"""Fetches the photos that people send, from where Telegram keeps them (SECURITY.md Photos)."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, Final, Protocol

import structlog
from telegram.error import BadRequest, InvalidToken, NetworkError, RetryAfter

from bot.dialog.events import File
from bot.telegram import wait_of
from core.errors import CoreError, InvalidValue
from core.pictures import MAX_BYTES

log: Final = structlog.get_logger(__name__)

_AT_ONCE: Final = 6  # each is whole in memory, and may have 20 MB
_PAUSES: Final = (1.0, 3.0)
_LONGEST_WAIT: Final = 20.0


class Downloader(Protocol):
    """What asks Telegram for a file."""

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Raises telegram.error.TelegramError."""

    async def download(self, file_path: str) -> bytes:
        """The file at the path that getFile told. Raises TelegramError."""


class NotFetched(CoreError):  # noqa: N818 - the name says what happened
    """Telegram does not give the file: `photo.expired` for ever, `photo.not_fetched` for now."""


class Files:
    """Fetches files, few at a time."""

    def __init__(self, bot: Downloader) -> None:
        self._bot = bot
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def fetched(self, file: File) -> AsyncIterator[BinaryIO]:
        """The file, for the block that judges it. Raises InvalidValue (`photo.too_big`) and NotFetched.

        While all slots are taken the others wait: their senders have nothing to do about it.
        """
        if file.size > MAX_BYTES:
            raise InvalidValue("photo.too_big", field="photo")
        async with self._slots:
            yield io.BytesIO(await self._fetch(file.file_id))

    async def _fetch(self, file_id: str) -> bytes:
        for pause in (*_PAUSES, None):
            try:
                told = await self._bot.call("getFile", {"file_id": file_id})
                if told.get("file_size", 0) > MAX_BYTES:
                    raise InvalidValue("photo.too_big", field="photo")
                return await self._bot.download(told["file_path"])
            except BadRequest as error:
                if "too big" in str(error).lower():
                    raise InvalidValue("photo.too_big", field="photo") from None
                raise NotFetched("photo.expired", field="photo") from None
            except InvalidToken:  # so the library calls a path that is not there any more
                raise NotFetched("photo.expired", field="photo") from None
            except RetryAfter as error:
                await asyncio.sleep(min(_LONGEST_WAIT, wait_of(error).total_seconds()))
            except NetworkError as error:
                log.info("a photo could not be fetched", reason=type(error).__name__)
                if pause is not None:
                    await asyncio.sleep(pause)
        raise NotFetched("photo.not_fetched", field="photo")
