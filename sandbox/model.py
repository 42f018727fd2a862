"""What the sandbox remembers: people, bots, chats, messages, files. All of it in memory."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.updates import UpdateQueue

Json = dict[str, Any]

TOKEN = re.compile(r"(?P<id>[1-9][0-9]{0,15}):[A-Za-z0-9_-]{3,128}")


@dataclass(slots=True)
class Person:
    """A made person who holds one of the phones on the page."""

    id: int
    first_name: str
    language_code: str = "zh-hans"
    phone: str = ""
    note: str = ""
    deactivated: bool = False

    def as_user(self) -> Json:
        """The Bot API's ``User``."""
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": self.language_code,
        }


@dataclass(slots=True)
class StoredFile:
    """Bytes that can be downloaded. ``unique_id`` is the same for the same bytes, as ``file_unique_id`` must be."""

    content: bytes
    name: str
    mime: str
    unique_id: str
    path: str


@dataclass(slots=True)
class Message:
    """A message as the Bot API shows it (``data``) and what only the sandbox knows of it."""

    data: Json
    by_bot: bool
    markup: Json | None = None
    deleted: bool = False

    @property
    def id(self) -> int:
        """``message_id``."""
        return int(self.data["message_id"])

    @property
    def text(self) -> str:
        """Text or caption, empty where there is neither."""
        return str(self.data.get("text") or self.data.get("caption") or "")


@dataclass(slots=True)
class Chat:
    """A bot's chat with one person, or a group they are both in."""

    id: int
    data: Json
    person: Person | None
    messages: dict[int, Message] = field(default_factory=dict)
    keyboard_message_id: int | None = None
    action: str = ""
    action_until: float = 0.0
    blocked: bool = False
    alerts: list[Json] = field(default_factory=list)
    # How much the bot did here: a client waits on these (see wait.py).
    calls: int = 0
    answers: int = 0
    in_flight: int = 0
    last_call: float = field(default_factory=time.monotonic)
    touched: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def keyboard(self) -> Json | None:
        """The reply keyboard (or force reply) the person's client shows now."""
        message = self.messages.get(self.keyboard_message_id or 0)
        return message.markup if message else None


@dataclass(slots=True)
class CallbackQuery:
    """A press that the bot may still answer."""

    id: str
    chat: Chat
    message_id: int
    made_at: float
    answer: Json | None = None


@dataclass(slots=True)
class Webhook:
    """Where updates go when the bot does not fetch them."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    last_error_date: int = 0
    last_error_message: str = ""


@dataclass(slots=True)
class Bot:
    """One token and everything that belongs to it."""

    id: int
    token: str
    username: str
    updates: UpdateQueue
    chats: dict[int, Chat] = field(default_factory=dict)
    callbacks: dict[str, CallbackQuery] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    contents: dict[str, Json] = field(default_factory=dict)  # file id → the photo or document it belongs to
    settings: dict[str, Any] = field(default_factory=dict)
    webhook: Webhook | None = None
    revoked: bool = False

    def as_user(self) -> Json:
        """The Bot API's ``User``; without ``username`` commands addressed to the bot would not be recognised."""
        return {"id": self.id, "is_bot": True, "first_name": "Sandbox Bot", "username": self.username}
