"""What people send beside texts, photos and files: what most bots answer kindly, and notices that they pass over."""

from __future__ import annotations

from typing import Any

from sandbox.errors import bad_request
from sandbox.media import document
from sandbox.model import Bot, Chat, Json
from sandbox.params import Upload


def other_content(kind: str, bot: Bot, chat: Chat) -> Json:
    """The content of such a message.

    Raises:
        ApiError: 400 for a kind that is none, or where there is no message to pin.
    """
    if kind == "pinned_message":
        return {kind: _newest(chat)}
    if kind in _NOTICES:
        return {kind: _NOTICES[kind]}
    if kind not in _OTHERS:
        raise bad_request(f"kind is one of {', '.join((*_OTHERS, *_NOTICES, 'pinned_message'))}")
    content: Json = dict(_OTHERS[kind])
    # For bots that know no venues and no animations, Telegram adds what they do know.
    if kind in _PLACES:
        return {kind: content, "location": _PLACE}
    file = document(bot, Upload(kind, kind.encode(), ""), kind)
    content |= {key: file[key] for key in ("file_id", "file_unique_id", "file_size")}
    if kind == "animation":
        return {kind: content, "document": {key: content[key] for key in content.keys() & file.keys()}}
    return {kind: content}


def _newest(chat: Chat) -> Json:
    for message in reversed(chat.messages.values()):
        if not message.deleted:
            return {key: value for key, value in message.data.items() if key != "reply_to_message"}
    raise bad_request("there is no message to pin")


_PLACE: Json = {"latitude": 39.9042, "longitude": 116.4074}
_PLACES = ("location", "venue")
_OTHERS: dict[str, dict[str, Any]] = {
    "sticker": {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False, "emoji": "👍"},
    "voice": {"duration": 3, "mime_type": "audio/ogg"},
    "video": {"duration": 3, "width": 640, "height": 480, "mime_type": "video/mp4"},
    "audio": {"duration": 3, "mime_type": "audio/mpeg"},
    "animation": {"duration": 3, "width": 640, "height": 480, "mime_type": "video/mp4"},
    "video_note": {"duration": 3, "length": 240},
    "location": _PLACE,
    "venue": {"location": _PLACE, "title": "示例公园", "address": "示例路 1 号"},
}
# What Telegram tells in a chat by itself, in a message of the person's.
_NOTICES: dict[str, dict[str, Any]] = {
    "message_auto_delete_timer_changed": {"message_auto_delete_time": 86400},
    "chat_background_set": {"type": {"type": "chat_theme", "theme_name": "🌷"}},
    "write_access_allowed": {"from_request": True},
}
