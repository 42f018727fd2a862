"""One person's chat with the bot: what they see and what they do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import aiohttp

from sandbox.client.message import Message, SandboxError

if TYPE_CHECKING:
    from sandbox.client.sandbox import Sandbox


class Chat:
    """A person's chat with the bot, as it was after the last act (``refresh`` looks again)."""

    def __init__(self, sandbox: Sandbox, person: dict[str, Any]) -> None:
        self.sandbox = sandbox
        self.id: int = person["id"]
        self.name: str = person["first_name"]
        self.phone: str = person["phone"]
        self.messages: list[Message] = []
        self._view: dict[str, Any] = {"keyboard": None, "alerts": [], "action": "", "commands": [], "calls": 0}

    # What the person sees.

    @property
    def visible(self) -> list[Message]:
        """The messages that are not deleted, oldest first."""
        return [message for message in self.messages if not message.deleted]

    @property
    def last(self) -> Message:
        """The newest visible message of the bot."""
        for message in reversed(self.visible):
            if message.by_bot:
                return message
        raise SandboxError(f"the bot has said nothing yet\n{self.transcript()}")

    @property
    def screen(self) -> str:
        """The text of the newest visible message of the bot."""
        return self.last.text

    @property
    def buttons(self) -> list[str]:
        """The inline buttons under it."""
        return self.last.buttons

    @property
    def keyboard(self) -> list[str]:
        """The labels of the reply keyboard shown now."""
        return [str(button["text"]) for button in self._reply_buttons()]

    @property
    def placeholder(self) -> str:
        """The hint in the empty text field."""
        return str((self._view["keyboard"] or {}).get("input_field_placeholder", ""))

    @property
    def alerts(self) -> list[str]:
        """The texts with which the bot answered presses, oldest first."""
        return [str(alert["text"]) for alert in self._view["alerts"]]

    @property
    def action(self) -> str:
        """The chat action shown now, for instance ``typing``; empty for none."""
        return str(self._view["action"])

    @property
    def commands(self) -> list[str]:
        """The commands that the client's menu lists for this person."""
        return [str(command["command"]) for command in self._view["commands"]]

    def transcript(self) -> str:
        """The chat as readable text."""
        lines = []
        for message in self.messages:
            marks = "".join(f" ({mark})" for mark in ("edited", "deleted") if getattr(message, mark))
            media = f"[{message.media['kind']}] " if message.media else ""
            lines.append(f"{message.sender}{marks}: {media}{message.text}")
            lines += [
                "    " + " ".join(f"[{button['text']}]" for button in row)
                for row in message.rows
                if not message.deleted
            ]
        if self.keyboard:
            lines.append("keyboard: " + " ".join(f"[{label}]" for label in self.keyboard))
        lines += [f"alert: {alert}" for alert in self.alerts[-1:]]
        return "\n".join(lines)

    # What the person does.

    async def send(self, text: str, *, entities: Sequence[dict[str, Any]] = (), wait: bool = True) -> Message:
        """Sends a text."""
        return await self._say("send", {"text": text, "entities": list(entities)}, wait)

    async def press(self, label: str, *, wait: bool = True) -> None:
        """Taps the inline button of this label on the newest message that has it, else the reply keyboard's.

        Raises:
            SandboxError: no such button; names those there are.
        """
        await self.refresh()
        for message in reversed(self.visible):
            for row in message.rows:
                for button in row:
                    if button["text"] == label:
                        await self.press_on(message, label, wait=wait)
                        return
        for button in self._reply_buttons():
            if button["text"] == label:
                if button.get("request_contact"):
                    await self.share_contact(wait=wait)
                else:
                    await self.send(label, wait=wait)
                return
        there_are = [button for message in self.visible for button in message.buttons] + self.keyboard
        raise SandboxError(f"there is no button {label!r}, only {there_are}\n{self.transcript()}")

    async def press_on(self, message: Message, label: str, *, wait: bool = True) -> None:
        """Taps a button of a certain message as it was seen, even if the bot has taken the button away meanwhile."""
        data = [button.get("callback_data") for row in message.rows for button in row if button["text"] == label]
        if not data or data[0] is None:
            raise SandboxError(f"there is no button {label!r} to press, only {message.buttons}\n{self.transcript()}")
        await self._act("press", {"message_id": message.id, "callback_data": data[0], "stale": True}, wait=wait)

    async def share_contact(self, of: Chat | None = None, *, wait: bool = True) -> Message:
        """Shares one's own contact, or that of another."""
        return await self._say("contact", {"of": of.id if of else 0}, wait)

    async def share_card(
        self, phone_number: str, first_name: str = "", *, user_id: int = 0, wait: bool = True
    ) -> Message:
        """Shares an entry of the address book: with ``user_id`` 0 that of somebody not on Telegram."""
        card = {"phone_number": phone_number, "first_name": first_name, "user_id": user_id}
        return await self._say("contact", {"contact": card}, wait)

    async def send_photo(
        self, content: bytes, *, caption: str = "", spoiler: bool = False, album: str = "", wait: bool = True
    ) -> Message:
        """Sends a picture."""
        fields = {"caption": caption, "album": album, "spoiler": "1" if spoiler else ""}
        return await self._send_file("photo", content, "photo.jpg", fields, wait)

    async def send_document(
        self, content: bytes, name: str = "document.pdf", *, caption: str = "", album: str = "", wait: bool = True
    ) -> Message:
        """Sends a file."""
        return await self._send_file("document", content, name, {"caption": caption, "album": album}, wait)

    async def send_album(self, photos: Sequence[bytes], *, caption: str = "", wait: bool = True) -> list[Message]:
        """Sends 2-10 pictures together: separate messages with one ``media_group_id``, the caption on the first."""
        form = aiohttp.FormData({"kind": "photo", "caption": caption})
        for number, content in enumerate(photos):
            form.add_field(f"file{number}", content, filename=f"photo{number}.jpg")
        last = await self._say("album", form, wait)
        return [message for message in self.messages if message.album == last.album]

    async def send_sticker(self, *, wait: bool = True) -> Message:
        """Sends a sticker."""
        return await self._say("other", {"kind": "sticker"}, wait)

    async def send_voice(self, *, wait: bool = True) -> Message:
        """Sends a voice message."""
        return await self._say("other", {"kind": "voice"}, wait)

    async def send_location(self, *, wait: bool = True) -> Message:
        """Sends a place."""
        return await self._say("other", {"kind": "location"}, wait)

    async def send_other(self, kind: str, *, wait: bool = True) -> Message:
        """Sends what few bots care for: ``video``, ``video_note``, ``audio``, ``animation``, ``venue``; or a notice.

        Notices are ``pinned_message``, ``message_auto_delete_timer_changed``, ``chat_background_set`` and
        ``write_access_allowed``.
        """
        return await self._say("other", {"kind": kind}, wait)

    async def edit(self, message: Message, text: str, *, wait: bool = True) -> Message:
        """Changes a text one has sent."""
        return await self._say("edit", {"message_id": message.id, "text": text}, wait)

    async def block(self, *, wait: bool = True) -> None:
        """Blocks the bot. Returns when the bot knows: there is no answer to wait for."""
        await self._act("block", {}, wait=wait, answer=False)

    async def unblock(self, *, wait: bool = True) -> None:
        """Lets the bot in again. Returns when the bot knows."""
        await self._act("unblock", {}, wait=wait, answer=False)

    async def write_in_group(self, title: str, text: str, *, wait: bool = True) -> None:
        """Writes in a group that the bot is in. Returns when the bot has it: in a group it may well stay silent."""
        await self._act("group", {"title": title, "text": text}, wait=wait, answer=False)

    async def set_language(self, language: str) -> None:
        """Switches the client's language."""
        await self.sandbox.request("PATCH", f"/people/{self.id}", json={"language_code": language})

    async def refresh(self) -> None:
        """Looks at the chat again."""
        await self._look()

    async def _look(self, **params: str) -> None:
        self._see(await self.sandbox.request("GET", f"/people/{self.id}/chat", params=params))

    def _see(self, view: dict[str, Any]) -> None:
        self._view = view
        self.messages = [Message.parse(message) for message in view["messages"]]

    async def save(self, message: Message) -> bytes:
        """The file or picture of a message, saved.

        Raises:
            SandboxError: the message has none.
        """
        if not message.media or "file_id" not in message.media:
            raise SandboxError(f"message {message.id} has no file\n{self.transcript()}")
        return await self.sandbox.file(message.media["file_id"])

    async def expect(self, text: str, timeout: float = 5.0) -> Message:  # noqa: ASYNC109 - reads as a test says it
        """Waits until a visible message of the bot contains a text, and gives the newest that does.

        Raises:
            SandboxError: none came in time; shows the whole chat.
        """
        clock = asyncio.get_running_loop()
        deadline = clock.time() + timeout
        await self.refresh()
        while True:
            for message in reversed(self.visible):
                if message.by_bot and text in message.text:
                    return message
            left = deadline - clock.time()
            if left <= 0:
                raise SandboxError(f"no visible message contains {text!r} after {timeout} s\n{self.transcript()}")
            await self.changed(left)

    async def changed(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - reads as a test says it
        """Waits until the bot has called something here since one last looked, at most so long, and looks."""
        await self._look(seen=str(self._view["calls"]), timeout=str(timeout))

    def _reply_buttons(self) -> list[dict[str, Any]]:
        return [button for row in (self._view["keyboard"] or {}).get("keyboard", []) for button in row]

    async def _send_file(self, kind: str, content: bytes, name: str, fields: dict[str, str], wait: bool) -> Message:
        form = aiohttp.FormData({**fields, "name": name})
        form.add_field("file", content, filename=name)
        return await self._say(kind, form, wait)

    async def _say(self, act: str, fields: dict[str, Any] | aiohttp.FormData, wait: bool) -> Message:
        """An act that makes or changes a message of the person's."""
        done = await self._act(act, fields, wait=wait)
        return next(message for message in self.messages if message.id == done["message_id"])

    async def _act(
        self, act: str, fields: dict[str, Any] | aiohttp.FormData, *, wait: bool, answer: bool = True
    ) -> dict[str, Any]:
        settled = self.sandbox.settled
        until = "nothing" if not wait else "answered" if answer and not settled else "confirmed"
        body = {"data": fields} if isinstance(fields, aiohttp.FormData) else {"json": fields}
        params = {"until": until, "timeout": str(self.sandbox.patience)}
        try:
            done: dict[str, Any] = await self.sandbox.request("POST", f"/people/{self.id}/{act}", params=params, **body)
        except SandboxError as error:
            await self.refresh()
            raise SandboxError(f"{error}\n{self.transcript()}") from None
        if wait and settled and done["update_id"] is not None:
            await settled()
            await self.refresh()
        else:
            self._see(done["chat"])
        return done
