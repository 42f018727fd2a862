"""What a person did, as a dialog understands it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Other(StrEnum):
    """Kinds of message that no step takes as they are; each has a sentence of its own (DIALOGS rule 16)."""

    STICKER = "sticker"
    VOICE = "voice"
    VIDEO = "video"
    LOCATION = "location"
    PHOTO = "photo"
    DOCUMENT = "document"
    CONTACT = "contact"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """A text message, as typed. `formatted`: the client turned part of it into bold, underline or the like."""

    text: str
    message_id: int
    formatted: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """A shared contact; `own` only when Telegram says that it is the sender's own (DIALOGS.md).

    One that is `forwarded`, or comes by another bot, may be from years ago: numbers are recycled.
    """

    phone: str
    own: bool
    forwarded: bool = False


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button under a message of ours, or (`query_id` empty) on the keyboard that replaces the person's own."""

    dialog: str
    revision: int
    action: str
    arg: str
    message_id: int | None
    query_id: str


@dataclass(frozen=True, slots=True)
class File:
    """A file in Telegram's keeping.

    Args:
        file_id: what it is fetched by.
        size: in bytes, as Telegram says; 0 where it says nothing.
        album: what messages that were sent together share; they arrive one by one, in any order.
    """

    file_id: str
    size: int = 0
    album: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of another kind than text. `file`: the photo, or the file that may hold one."""

    kind: Other
    message_id: int = 0
    file: File | None = None


Answer: TypeAlias = "Said | Shared | Pressed | Sent"
