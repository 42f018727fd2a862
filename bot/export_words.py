"""How an export reads: the words in its files, and the message that shows how far it is."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot import documents
from bot.dialog.view import Param, Text
from bot.documents import Caller
from bot.news import told
from bot.reasons import mending
from bot.texts import Catalogue, Language
from core.audit import Action
from core.export_data import OwnData
from core.notices import NoticeKind
from core.reasons import Reason
from core.trail import By
from core.unit import Channel

_EVERY: Final = 1.5  # seconds; Telegram takes about one edit a second in a chat


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of an export in its owner's language; core's Wording."""

    catalogue: Catalogue
    language: Language

    def act(self, action: Action) -> str:
        """What was done."""
        return self.of(f"audit.{action}")

    def by(self, who: By, channel: Channel) -> str:
        """Who did it."""
        if who is By.ADMIN:
            return self.of("role.admin")
        return self.of(f"audit.by.{channel}" if who is By.NOBODY else f"audit.by.{who}")

    def news(self, kind: NoticeKind, params: Mapping[str, str | int]) -> str:
        """What the account was told."""
        return self.catalogue.render(told(kind, params), self.language)

    def reason(self, reason: Reason) -> str:
        """Why a certificate was refused."""
        return self.catalogue.render(mending(reason), self.language)

    def readme(self, own: OwnData, made_at: datetime) -> str:
        """What the export is, and what is where in it."""
        return self.of("export.readme", name=own.account.name, number=own.account.number, at=made_at)

    def caption(self, number: int, total: int) -> str:
        """What is said under a file."""
        part = "" if total == 1 else self.of("export.part", number=number, total=total) + "\n"
        return part + self.of("export.file")

    @staticmethod
    def file_name(made_at: datetime, number: int, total: int) -> str:
        """What a file is called; plain letters, which every system keeps as they are."""
        part = "" if total == 1 else f"-{number}-of-{total}"
        return f"my-data-{made_at:%Y-%m-%d}{part}.zip"

    def of(self, key: str, **params: Param) -> str:
        """Any text."""
        return self.catalogue.render(Text(key, params), self.language)


class Progress:
    """One message that is edited in place as the work goes on."""

    def __init__(self, bot: Caller, chat_id: int, message_id: int | None) -> None:
        """`message_id`: the message of an earlier attempt."""
        self._bot = bot
        self._chat_id = chat_id
        self.message_id = message_id
        self._shown = ""
        self._shown_at = 0.0

    async def show(self, text: str, *, hurry: bool = True) -> None:
        """Shows how far it is; without `hurry` only if that was not just done. Raises Forbidden."""
        if text == self._shown or (not hurry and time.monotonic() - self._shown_at < _EVERY):
            return
        self._shown, self._shown_at = text, time.monotonic()
        self.message_id = await documents.say(self._bot, self._chat_id, text, self.message_id)
