"""A person's chat as their phone shows it: for the page and for the Python client."""

from __future__ import annotations

from sandbox.methods.commands import commands_for
from sandbox.model import Bot, Chat, Json, Message
from sandbox.world import World

# Of an animation and its document, a venue and its place, the later counts.
_MEDIA = (
    *("photo", "document", "animation", "sticker", "voice", "video", "video_note", "audio", "location", "venue"),
    *("contact", "pinned_message", "message_auto_delete_timer_changed", "chat_background_set", "write_access_allowed"),
)


def chat_view(world: World, bot: Bot, chat: Chat) -> Json:
    """Everything on the screen: messages (deleted ones marked), keyboard, notices, commands."""
    now = world.clock.now()
    person = chat.person
    return {
        "chat_id": chat.id,
        "bot": {"id": bot.id, "username": bot.username},
        "blocked": chat.blocked,
        "calls": chat.calls,
        "messages": [_message_view(message) for message in chat.messages.values()],
        "keyboard": chat.keyboard,
        "action": chat.action if chat.action_until > now else "",
        "alerts": chat.alerts,
        "commands": commands_for(bot, person) if person else [],
        "description": bot.settings.get(f"description {person.language_code[:2] if person else ''}")
        or bot.settings.get("description ", ""),
    }


def _reply_view(replied: Json | None) -> Json | None:
    """What a reply shows of the message it answers."""
    if replied is None:
        return None
    return {"id": replied["message_id"], "text": replied.get("text") or replied.get("caption") or "…"}


def _message_view(message: Message) -> Json:
    data = message.data
    view: Json = {
        "id": message.id,
        "by_bot": message.by_bot,
        "sender": data["from"]["first_name"],
        "text": message.text,
        "entities": data.get("entities") or data.get("caption_entities") or [],
        "date": data["date"],
        "edited": "edit_date" in data,
        "deleted": message.deleted,
        "buttons": (message.markup or {}).get("inline_keyboard", []),
        "album": data.get("media_group_id"),
        "protected": data.get("has_protected_content", False),
        "spoiler": data.get("has_media_spoiler", False),
        "reply_to": _reply_view(data.get("reply_to_message")),
    }
    for kind in _MEDIA:
        if kind in data:
            media = data[kind][-1] if kind == "photo" else data[kind]
            view["media"] = {"kind": kind, **media}
    return view
