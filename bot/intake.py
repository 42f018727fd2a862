"""Updates come in: each is sealed and committed to the inbox before Telegram is told that we have it.

The library's own Updater is not used: when the storage fails, its polling ends in silence and says that it runs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from telegram.error import Conflict, EndPointNotFound, InvalidToken, RetryAfter, TelegramError

from bot.outage import Outage
from bot.sealed import seal_json, update_context
from bot.telegram import RawBot, TokenRefused, wait_of
from core.logs import tracing
from core.sealing import Sealer
from core.uncut import uncut
from storage import inbox
from storage.errors import StorageError
from storage.inbox import Adding

ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "my_chat_member")
POLL_SECONDS: Final = 50
# What keeps an update from being stored now, though it may be stored later.
STORAGE_FAULTS: Final = (StorageError, SQLAlchemyError, OSError)
_LARGEST_ID: Final = 2**63 - 1

_log = structlog.get_logger(__name__)


class Intake:
    """Seals what arrived, by whichever way it came, and has it stored."""

    def __init__(
        self,
        *,
        sealer: Sealer,
        bot_id: int,
        clock: Callable[[], datetime],
        receive: Callable[[Adding], Awaitable[int]],
    ) -> None:
        """`receive` commits what is added to the inbox: `Runner.receive`."""
        self._sealer = sealer
        self._bot_id = bot_id
        self._clock = clock
        self._receive = receive

    async def take(self, updates: Sequence[Any]) -> int:
        """Commits a batch in one transaction and returns how many were new. Raises one of STORAGE_FAULTS.

        `updates` is parsed JSON as Telegram sent it. What has no usable update id cannot be told from others and
        is left out.
        """
        new = [self._sealed(update) for update in updates if has_id(update)]
        if len(new) < len(updates):
            _log.warning("An update without a usable id was left out", count=len(updates) - len(new))
        if not new:
            return 0
        if tracing():
            for each in new:
                _log.debug("update received", update=each.update_id)
        return await self._receive(lambda conn: inbox.add(conn, self._bot_id, self._clock(), new))

    def _sealed(self, update: dict[str, Any]) -> inbox.NewUpdate:
        update_id = update["update_id"]
        payload = seal_json(self._sealer, update, update_context(self._bot_id, update_id))
        return inbox.NewUpdate(update_id, person_of(update), payload)


class Polling:
    """Asks Telegram for updates, and confirms them only when they are committed."""

    def __init__(
        self, *, bot: RawBot, intake: Intake, poll_seconds: int = POLL_SECONDS, first_pause: float = 1.0
    ) -> None:
        self._bot = bot
        self._intake = intake
        self._poll_seconds = poll_seconds
        self._server = Outage(first=first_pause)
        self._storage = Outage(first=first_pause)
        self._offset: int | None = None

    @property
    def troubles(self) -> list[str]:
        """What keeps updates from coming in now, a sentence each."""
        return [outage.present for outage in (self._server, self._storage) if outage.present]

    async def run(self) -> None:
        """Polls until cancelled, and may again. Raises TokenRefused; every other fault is waited out."""
        self._offset = None  # of an earlier time: others have polled since, and lower ids may have begun
        while True:
            try:
                updates = await self._ask()
            except (InvalidToken, EndPointNotFound):
                raise TokenRefused from None
            except RetryAfter as error:
                await asyncio.sleep(wait_of(error).total_seconds())
            except Conflict as error:
                await self._resolve(error)
            except TelegramError as error:
                await self._server.pause("The Bot API server is away; trying again", error=str(error))
            except Exception:  # the one loop that may never go deaf
                _log.exception("Polling failed in a way that was not foreseen")
                await self._server.pause("Polling goes on")
            else:
                self._server.over("The Bot API server answers again")
                await self._keep(updates)

    async def _ask(self) -> list[Any]:
        asked = {"timeout": self._poll_seconds, "allowed_updates": list(ALLOWED_UPDATES)}
        if self._offset is not None:
            asked["offset"] = self._offset
        answer = await self._bot.call("getUpdates", asked, read_timeout=self._poll_seconds + 10)
        return answer if isinstance(answer, list) else []

    async def _keep(self, updates: list[Any]) -> None:
        """Stores a batch, however long the storage is away, and only then lets the next call confirm it."""
        while updates:
            try:
                await uncut(self._intake.take(updates))
            except STORAGE_FAULTS as error:
                await self._storage.pause("Updates cannot be stored; trying again", error=str(error))
            else:
                self._storage.over("Updates are stored again")
                break
        # An offset confirms all ids below it. Ids do not always rise: it is sent once, to confirm
        # what was just stored, and never kept as "the highest so far".
        ids = [update["update_id"] for update in updates if has_id(update)]
        self._offset = max(ids) + 1 if ids else None

    async def _resolve(self, conflict: Conflict) -> None:
        if "webhook" not in str(conflict).lower():
            await self._server.pause(
                "Another process polls with this bot's token: stop it, or run it with a token of its own; trying again"
            )
            return
        _log.info("A webhook was set for this bot; it is removed, because telegram.mode is polling")
        try:
            await self._bot.call("deleteWebhook", {})
        except TelegramError as error:
            await self._server.pause("The webhook cannot be removed; trying again", error=str(error))


def person_of(update: dict[str, Any]) -> int | None:
    """The id of whoever acts, in a group too; None when nobody does (DIALOGS.md: done unseen)."""
    for kind in ALLOWED_UPDATES:
        event = update.get(kind)
        sender = event.get("from") if isinstance(event, dict) else None
        person = sender.get("id") if isinstance(sender, dict) else None
        if type(person) is int and 0 < person <= _LARGEST_ID:
            return person
    return None


def has_id(update: object) -> bool:
    """Whether this is an update that can be told from others and stored."""
    update_id = update.get("update_id") if isinstance(update, dict) else None
    return type(update_id) is int and 0 <= update_id <= _LARGEST_ID
