"""Edits of a bot's own messages."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.keyboards import inline_only, is_inline, parse_markup
from sandbox.methods.call import Call, method
from sandbox.methods.sending import caption_content, media_content, text_content
from sandbox.model import Chat, Json, Message

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
_TEXT_KEYS = ("text", "entities")
_CAPTION_KEYS = ("caption", "caption_entities")
_MEDIA_KEYS = (*_TEXT_KEYS, *_CAPTION_KEYS, "photo", "document", "has_media_spoiler")


@method
def edit_message_text(call: Call) -> Json:
    """A new text; without ``reply_markup`` the keyboard goes."""
    chat, message = _editable(call)
    content = text_content(call.params)
    if "text" not in message.data:
        raise bad_request("there is no text in the message to edit")
    return _edit(call, chat, message, _TEXT_KEYS, content)


@method
def edit_message_caption(call: Call) -> Json:
    """A new caption, or none."""
    chat, message = _editable(call)
    if "text" in message.data:
        raise bad_request("there is no caption in the message to edit")
    return _edit(call, chat, message, _CAPTION_KEYS, caption_content(call.params, "MEDIA_CAPTION_TOO_LONG"))


@method
async def edit_message_media(call: Call) -> Json:
    """Another photo or document in the place of what was there."""
    chat, message = _editable(call)
    content = await media_content(call, call.params.mapping("media", "media"))
    return _edit(call, chat, message, _MEDIA_KEYS, content)


@method
def edit_message_reply_markup(call: Call) -> Json:
    """Another inline keyboard, or none."""
    chat, message = _editable(call)
    return _edit(call, chat, message, (), {})


def _editable(call: Call) -> tuple[Chat, Message]:
    chat = call.chat()
    message = call.message(chat, "message to edit not found")
    # Telegram edits only messages with an inline keyboard or none: not those that brought or took a reply keyboard.
    if not message.by_bot or (message.markup and not is_inline(message.markup)):
        raise bad_request("message can't be edited")
    return chat, message


def _edit(call: Call, chat: Chat, message: Message, replaced: tuple[str, ...], content: Json) -> Json:
    markup = inline_only(parse_markup(call.params.json("reply_markup", "reply keyboard markup")))
    current = {key: message.data[key] for key in replaced if key in message.data}
    if content == current and markup == message.markup:
        raise bad_request(_NOT_MODIFIED)
    for key in (*replaced, "reply_markup"):
        message.data.pop(key, None)
    message.data.update(content)
    if content != current:  # a new keyboard alone does not make a message "edited"
        message.data["edit_date"] = int(call.world.clock.now())
    message.markup = markup
    if markup:
        message.data["reply_markup"] = markup
    if markup or content != current:  # a keyboard taken away answers nothing yet
        chat.answers += 1
    call.world.chat_changed(chat)
    return dict(message.data)
