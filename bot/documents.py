"""Sends files of our own, and the message beside them that shows how far they are; all else goes by bot/screen.py."""

import asyncio
import os
import random
from collections.abc import Mapping
from typing import IO, Any, Final, Protocol

import structlog
from telegram import InputFile
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from bot.telegram import wait_of

_log: Final = structlog.get_logger(__name__)
_TRIES: Final = 6
_LONGEST_PAUSE: Final = 30.0


class Caller(Protocol):
    """What sends a call to the Bot API and gives its result's JSON."""

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Raises telegram.error.TelegramError."""


class GivenUpError(Exception):
    """Telegram was away for all tries."""


async def send_document(bot: Caller, chat_id: int, file: IO[bytes], name: str, caption: str) -> int:
    """Sends an open file from its start; the message's id.

    Waits out what passes. Raises BadRequest, Forbidden, and GivenUpError when Telegram was away for all tries.
    """
    for attempt in range(_TRIES):
        file.seek(0)
        # What sends it closes it, and it may have to go again.
        upload = InputFile(os.fdopen(os.dup(file.fileno()), "rb"), filename=name, read_file_handle=False)
        try:
            sent = await bot.call("sendDocument", {"chat_id": chat_id, "caption": caption, "document": upload})
        except RetryAfter as error:
            await asyncio.sleep(wait_of(error).total_seconds())
        except (BadRequest, Forbidden):
            raise
        except TelegramError as error:
            _log.warning("a file could not be sent; trying again", reason=type(error).__name__)
            # Jitter: many that lost the same server must not come back in the same moment.
            await asyncio.sleep(min(_LONGEST_PAUSE, 2.0**attempt) * random.uniform(0.5, 1))  # noqa: S311
        else:
            return int(sent["message_id"])
    raise GivenUpError


async def say(bot: Caller, chat_id: int, text: str, message_id: int | None) -> int | None:
    """Sends a line, or puts it in the place of an earlier one; its message's id. Nothing hangs on it.

    Raises Forbidden alone.
    """
    params: dict[str, Any] = {"chat_id": chat_id, "text": text}
    try:
        if message_id is None:
            return int((await bot.call("sendMessage", params))["message_id"])
        await bot.call("editMessageText", {**params, "message_id": message_id})
    except Forbidden:
        raise
    except TelegramError as error:
        _log.debug("a line was not shown", reason=str(error))
    return message_id


async def sending(bot: Caller, chat_id: int) -> None:
    """Shows that a file is on its way, for five seconds (DIALOGS rule 20); nothing hangs on it."""
    try:
        await bot.call("sendChatAction", {"chat_id": chat_id, "action": "upload_document"})
    except TelegramError as error:
        _log.debug("chat action not shown", reason=str(error))
