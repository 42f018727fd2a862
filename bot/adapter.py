"""Telegram's updates, as this bot understands them. All that is read of their JSON is read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from bot.dialog.events import Answer, File, Other, Pressed, Said, Sent, Shared

_FORMATTING: Final = frozenset(
    {"bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre",
     "text_link", "custom_emoji"}
)  # fmt: skip
_KINDS: Final[tuple[tuple[str, Other], ...]] = (
    ("photo", Other.PHOTO),
    ("animation", Other.VIDEO),  # it comes with a document of the same
    ("document", Other.DOCUMENT),
    ("sticker", Other.STICKER),
    ("voice", Other.VOICE),
    ("audio", Other.VOICE),
    ("video", Other.VIDEO),
    ("video_note", Other.VIDEO),
    ("location", Other.LOCATION),
    ("venue", Other.LOCATION),
)

_SECOND_HAND: Final = ("forward_origin", "forward_date", "via_bot")  # forward_date: Bot API servers before 7.0
_SERVICE: Final = ("pinned_message", "message_auto_delete_timer_changed", "chat_background_set", "write_access_allowed")


@dataclass(frozen=True, slots=True)
class Edited:
    """The person changed a message that they had sent."""

    message_id: int


@dataclass(frozen=True, slots=True)
class Blocked:
    """The person blocked the bot (or, with `blocked` false, let it in again)."""

    blocked: bool


@dataclass(frozen=True, slots=True)
class InGroup:
    """A command to this bot in a group; `chat_id` is the group."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing that concerns this bot."""


Event: TypeAlias = "Answer | Edited | Blocked | InGroup | Ignored"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update: who acted, in which language their client is, and what they did."""

    person_id: int
    language_code: str | None
    event: Event

    @property
    def chat_id(self) -> int:
        """Where the answer goes: the person's private chat, whose id is theirs, or the group."""
        return self.event.chat_id if isinstance(self.event, InGroup) else self.person_id


def read(update: Mapping[str, Any], bot_username: str) -> Arrival:
    """Reads one update. The inbox takes only updates with a sender, so there always is one.

    Args:
        update: the update's JSON as Telegram sent it.
        bot_username: the bot's own name without `@`, to know a group's commands that are meant for it.
    """
    kind, body = next(((key, value) for key, value in update.items() if isinstance(value, dict)), ("", {}))
    sender: Mapping[str, Any] = body["from"]
    return Arrival(sender["id"], sender.get("language_code"), _event(kind, body, bot_username))


def _event(kind: str, body: Mapping[str, Any], bot_username: str) -> Event:
    if kind == "callback_query":
        return _pressed(body)
    private = body["chat"]["type"] == "private"
    if kind == "my_chat_member":
        return Blocked(body["new_chat_member"]["status"] == "kicked") if private else Ignored()
    if kind == "edited_message":
        # A live location moves by edits; only what was said anew counts.
        said = "text" in body or "caption" in body
        return Edited(body["message_id"]) if private and said else Ignored()
    if kind != "message":
        return Ignored()
    if not private:
        return InGroup(body["chat"]["id"]) if _is_for_us(body.get("text", ""), bot_username) else Ignored()
    return _message(body, bot_username)


def _message(body: Mapping[str, Any], bot_username: str) -> Event:
    if "text" in body:
        formatted = any(entity["type"] in _FORMATTING for entity in body.get("entities", ()))
        return Said(_without_mention(body["text"], bot_username), body["message_id"], formatted)
    if "contact" in body:
        contact = body["contact"]
        own = contact.get("user_id") == body["from"]["id"]
        return Shared(contact.get("phone_number", ""), own=own, forwarded=any(key in body for key in _SECOND_HAND))
    kind = next((other for key, other in _KINDS if key in body), None)
    if kind is None and any(key in body for key in _SERVICE):
        return Ignored()
    return Sent(kind or Other.UNKNOWN, body["message_id"], _file(kind, body))


def _file(kind: Other | None, body: Mapping[str, Any]) -> File | None:
    """The photo in the largest of its sizes, or the document."""
    if kind is Other.PHOTO:
        file = max(body["photo"], key=lambda size: size["width"] * size["height"])
    elif kind is Other.DOCUMENT:
        file = body["document"]
    else:
        return None
    return File(file["file_id"], file.get("file_size", 0), body.get("media_group_id", ""))


def _pressed(body: Mapping[str, Any]) -> Pressed:
    dialog, _, rest = body.get("data", "").partition(":")
    revision, _, rest = rest.partition(":")
    action, _, arg = rest.partition(":")
    number = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 12 else -1
    return Pressed(dialog, number, action, arg, (body.get("message") or {}).get("message_id"), body["id"])


def _is_for_us(text: str, bot_username: str) -> bool:
    command = text.split(maxsplit=1)[0] if text.startswith("/") else ""
    return command.casefold().endswith(f"@{bot_username}".casefold())


def _without_mention(text: str, bot_username: str) -> str:
    """`/help@our_bot` is `/help`, also in a private chat."""
    command, space, rest = text.partition(" ")
    name, at, mentioned = command.partition("@")
    if command.startswith("/") and at and mentioned.casefold() == bot_username.casefold():
        return f"{name}{space}{rest}"
    return text
