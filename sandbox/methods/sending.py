"""Messages a bot sends."""

from __future__ import annotations

import secrets

from sandbox.errors import bad_request
from sandbox.keyboards import parse_markup
from sandbox.media import received
from sandbox.methods.call import Call, formatted, method, without_nothing
from sandbox.model import Chat, Json
from sandbox.params import Params
from sandbox.text import MAX_CAPTION, MAX_TEXT, utf16_length

ACTION_SECONDS = 5.0
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    },
)


@method
def send_message(call: Call) -> Json:
    """Text, 1-4096 UTF-16 units after trimming."""
    chat = call.chat()
    return _send(call, chat, text_content(call.params))


@method
async def send_photo(call: Call) -> Json:
    """A picture by upload or by file id."""
    chat = call.chat()
    content = {
        **await received(call, "photo", call.params.values.get("photo")),
        **caption_content(call.params),
        "has_media_spoiler": call.params.flag("has_spoiler"),
    }
    return _send(call, chat, content)


@method
async def send_document(call: Call) -> Json:
    """A file by upload or by file id."""
    chat = call.chat()
    content = {
        **await received(call, "document", call.params.values.get("document")),
        **caption_content(call.params),
    }
    return _send(call, chat, content)


@method
async def send_media_group(call: Call) -> list[Json]:
    """An album of 2-10 photos or of as many documents; comes back as separate messages of one ``media_group_id``."""
    chat = call.chat()
    media = call.params.objects("media", "media")
    if not 2 <= len(media) <= 10:
        raise bad_request("wrong number of media in album: from 2 to 10 expected")
    if any(item.get("type") != media[0].get("type") for item in media):
        raise bad_request("documents can't be mixed with other media types")
    contents = [await media_content(call, item) for item in media]
    group_id = str(secrets.randbits(53))
    return [_send(call, chat, {**content, "media_group_id": group_id}) for content in contents]


@method
def send_chat_action(call: Call) -> bool:
    """The "typing…" notice, for five seconds or until the next message."""
    chat = call.chat()
    action = call.params.text("action").lower()
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat.action, chat.action_until = action, call.world.clock.now() + ACTION_SECONDS
    call.world.chat_changed(chat)
    return True


def text_content(params: Params) -> Json:
    """``text`` and its entities.

    Raises:
        ApiError: 400 for an empty or too long text.
    """
    text, entities = formatted(params, "text", "entities")
    if not text:
        raise bad_request("message text is empty")
    if utf16_length(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return without_nothing({"text": text, "entities": entities})


def caption_content(params: Params, too_long: str = "message caption is too long") -> Json:
    """``caption`` and its entities; neither where there is none.

    Raises:
        ApiError: 400 for a caption over 1024 UTF-16 units.
    """
    caption, entities = formatted(params, "caption", "caption_entities")
    if utf16_length(caption) > MAX_CAPTION:
        raise bad_request(too_long)
    return without_nothing({"caption": caption, "caption_entities": entities})


async def media_content(call: Call, item: Json) -> Json:
    """One InputMedia as message content.

    Raises:
        ApiError: 400 for what is no photo or document.
    """
    kind = item.get("type")
    if kind not in ("photo", "document"):
        raise bad_request("can't parse InputMedia: unknown type of media; the sandbox knows photo and document")
    content = {
        **await received(call, kind, item.get("media")),
        **caption_content(Params(item)),
        "has_media_spoiler": bool(item.get("has_spoiler")),
    }
    return without_nothing(content)


def _send(call: Call, chat: Chat, content: Json) -> Json:
    markup = parse_markup(call.params.json("reply_markup", "reply keyboard markup"))
    extras = without_nothing(
        {"has_protected_content": call.params.flag("protect_content"), "reply_to_message": _replied_to(call, chat)},
    )
    message = call.world.add_message(chat, call.bot.as_user(), {**without_nothing(content), **extras}, markup=markup)
    chat.answers += 1
    return dict(message.data)


def _replied_to(call: Call, chat: Chat) -> Json | None:
    reply = call.params.mapping("reply_parameters", "reply parameters")
    message_id = Params(reply).integer("message_id") or call.params.integer("reply_to_message_id")
    if not message_id:
        return None
    message = chat.messages.get(message_id)
    if message is None or message.deleted:
        if reply.get("allow_sending_without_reply") or call.params.flag("allow_sending_without_reply"):
            return None
        raise bad_request("message to be replied not found")
    return {key: value for key, value in message.data.items() if key != "reply_to_message"}
