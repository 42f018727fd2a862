"""What people do on their phones. Each act checks what the client app would let them do, and makes the update."""

from __future__ import annotations

import secrets

from sandbox.errors import ApiError, bad_request
from sandbox.media import stored
from sandbox.methods.call import without_nothing
from sandbox.model import Bot, CallbackQuery, Chat, Json, Message, Person
from sandbox.others import other_content
from sandbox.params import Upload
from sandbox.text import MAX_CAPTION, MAX_TEXT, given_entities, trim, utf16_length, with_found
from sandbox.world import Act, World

MAX_ALBUM = 10


class Phone:
    """One person's phone with one bot's chat open."""

    def __init__(self, world: World, bot: Bot, person: Person) -> None:
        self.world = world
        self.bot = bot
        self.person = person
        self.chat = world.open_chat(bot, person)

    # What a person sends.

    def send_text(self, text: str, entities: list[Json] | None = None) -> tuple[Message, Act | None]:
        """A text; entities are what the client made of ``__x__`` and the like."""
        return self._send(_text(text, entities or []))

    def share_contact(self, of: Person | None = None) -> tuple[Message, Act | None]:
        """One's own contact, whose ``user_id`` the server sets, or somebody else's."""
        whose = of or self.person
        if not whose.phone:
            raise bad_request(f"{whose.first_name} has no phone number")
        contact = {"phone_number": _international(whose.phone), "first_name": whose.first_name, "user_id": whose.id}
        return self._send({"contact": contact})

    def share_card(self, contact: Json) -> tuple[Message, Act | None]:
        """A contact from the address book that is nobody's on Telegram, or that claims to be."""
        card = {key: contact[key] for key in ("phone_number", "first_name", "user_id") if contact.get(key)}
        return self._send({"contact": {"first_name": "", "phone_number": "", **card}})

    async def send_file(
        self, kind: str, upload: Upload, *, caption: str = "", album: str = "", spoiler: bool = False
    ) -> tuple[Message, Act | None]:
        """A photo, or a document as it is; ``album`` is the ``media_group_id`` that files sent together share."""
        if utf16_length(caption) > MAX_CAPTION:
            raise bad_request("message caption is too long")
        content = {
            **await stored(self.bot, kind, upload),
            "caption": caption,
            "caption_entities": with_found(caption, []),
            "media_group_id": album,
            "has_media_spoiler": spoiler,
        }
        return self._send(without_nothing(content))

    async def send_album(
        self, kind: str, uploads: list[Upload], *, caption: str = "", spoiler: bool = False
    ) -> tuple[Message, Act | None]:
        """2-10 photos or files together, the caption on the first: separate messages whose updates come at once."""
        if not 2 <= len(uploads) <= MAX_ALBUM:
            raise bad_request(f"an album has from 2 to {MAX_ALBUM} photos or files")
        if utf16_length(caption) > MAX_CAPTION:
            raise bad_request("message caption is too long")
        contents = [await stored(self.bot, kind, upload) for upload in uploads]
        contents[0] = {**contents[0], "caption": caption, "caption_entities": with_found(caption, [])}
        together = {"media_group_id": str(secrets.randbits(53)), "has_media_spoiler": spoiler}
        return [self._send(without_nothing({**content, **together})) for content in contents][-1]

    def send_other(self, kind: str) -> tuple[Message, Act | None]:
        """A sticker, a voice message, a place, a notice of Telegram's own: see ``others.py``."""
        return self._send(other_content(kind, self.bot, self.chat))

    def _send(self, content: Json) -> tuple[Message, Act | None]:
        if self.chat.blocked:
            raise ApiError(409, f"{self.person.first_name} has blocked the bot and has to unblock it first")
        shown = self.chat.keyboard or {}
        message = self.world.add_message(self.chat, self.person.as_user(), content)
        if "force_reply" in shown or shown.get("one_time_keyboard"):
            self.chat.keyboard_message_id = None
        return message, self.world.add_update(self.bot, self.chat, "message", message.data)

    # What a person does to messages.

    def edit(self, message_id: int, text: str) -> tuple[Message, Act | None]:
        """Another text for one's own message."""
        message = self._message(message_id)
        if message.by_bot or "text" not in message.data:
            raise bad_request("people can edit only texts of their own")
        message.data.pop("entities", None)
        message.data.update(_text(text, []))
        message.data["edit_date"] = int(self.world.clock.now())
        self.world.chat_changed(self.chat)
        return message, self.world.add_update(self.bot, self.chat, "edited_message", message.data)

    def press(self, message_id: int, callback_data: str) -> tuple[Message, Act | None]:
        """A tap on an inline button. Old messages can be pressed too, as long as they are shown with that button."""
        message = self._message(message_id)
        return message, self._press(message, callback_data)

    def press_stale(self, message_id: int, callback_data: str) -> tuple[Message, Act | None]:
        """A tap that was under way when the bot took the button back, or one made by a tampered client."""
        return self._message(message_id), self._press(self._message(message_id), callback_data, check=False)

    def _press(self, message: Message, data: str, *, check: bool = True) -> Act | None:
        rows = (message.markup or {}).get("inline_keyboard", [])
        if check and not any(button.get("callback_data") == data for row in rows for button in row):
            raise bad_request("that message has no such button")
        query = CallbackQuery(str(secrets.randbits(62)), self.chat, message.id, self.world.clock.now())
        self.bot.callbacks[query.id] = query
        body = {
            "id": query.id,
            "from": self.person.as_user(),
            "message": dict(message.data),
            "chat_instance": str(self.chat.id),
            "data": data,
        }
        return self.world.add_update(self.bot, self.chat, "callback_query", body)

    def _message(self, message_id: int) -> Message:
        message = self.chat.messages.get(message_id)
        if message is None or message.deleted:
            raise bad_request("that message is not there")
        return message

    # What a person does to the bot.

    def set_blocked(self, blocked: bool) -> Act | None:
        """Blocks the bot or lets it in again."""
        if blocked == self.chat.blocked:
            return None
        self.chat.blocked = blocked
        self.world.chat_changed(self.chat)
        return self._membership(self.chat, "member" if blocked else "kicked", "kicked" if blocked else "member")

    def write_in_group(self, title: str, text: str) -> tuple[Message, Act | None]:
        """A message in a group with the bot, which is brought in first. Bots see only commands there (privacy mode)."""
        known = len(self.bot.chats)
        group = self.world.open_group(self.bot, title)
        if len(self.bot.chats) > known:
            self._membership(group, "left", "member")
        message = self.world.add_message(group, self.person.as_user(), _text(text, []))
        if not message.text.startswith("/"):
            return message, None
        return message, self.world.add_update(self.bot, group, "message", message.data)

    def _membership(self, chat: Chat, old: str, new: str) -> Act | None:
        def member(status: str) -> Json:
            until = {"until_date": 0} if status == "kicked" else {}
            return {"user": self.bot.as_user(), "status": status, **until}

        body = {
            "chat": chat.data,
            "from": self.person.as_user(),
            "date": int(self.world.clock.now()),
            "old_chat_member": member(old),
            "new_chat_member": member(new),
        }
        return self.world.add_update(self.bot, chat, "my_chat_member", body)


def _international(phone: str) -> str:
    """As Telegram's server gives phone numbers: the country's code in front and no plus sign."""
    digits = phone.removeprefix("+")
    return f"86{digits}" if len(digits) == 11 and digits.startswith("1") else digits


def _text(text: str, entities: list[Json]) -> Json:
    trimmed, clipped = trim(text, given_entities(entities))
    if not trimmed:
        raise bad_request("message text is empty")
    if utf16_length(trimmed) > MAX_TEXT:
        raise bad_request("message is too long: the client app would send it as several")
    return without_nothing({"text": trimmed, "entities": with_found(trimmed, clipped)})
