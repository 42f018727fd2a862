"""Deletions: a bot may delete for 48 hours, in private chats also what the person wrote."""

from __future__ import annotations

from sandbox.clock import DELETE_WINDOW
from sandbox.errors import bad_request
from sandbox.methods.call import Call, method
from sandbox.model import Chat, Message


@method
def delete_message(call: Call) -> bool:
    """One message."""
    chat = call.chat()
    message = call.message(chat, "message to delete not found")
    if not _deletable(call, chat, message):
        raise bad_request("message can't be deleted")
    _delete(call, chat, message)
    return True


@method
def delete_messages(call: Call) -> bool:
    """Up to 100 messages; those that are not there are passed over."""
    chat = call.chat()
    message_ids = call.params.items("message_ids", "message identifiers")
    if not message_ids:
        raise bad_request("message identifiers are not specified")
    if len(message_ids) > 100:
        raise bad_request("too many message identifiers specified")
    messages = [chat.messages[key] for key in message_ids if isinstance(key, int) and key in chat.messages]
    if not all(_deletable(call, chat, message) for message in messages):
        raise bad_request("message can't be deleted")
    for message in messages:
        _delete(call, chat, message)
    return True


def _deletable(call: Call, chat: Chat, message: Message) -> bool:
    age = call.world.clock.now() - message.data["date"]
    return age <= DELETE_WINDOW and (message.by_bot or chat.person is not None)


def _delete(call: Call, chat: Chat, message: Message) -> None:
    message.deleted = True
    if chat.keyboard_message_id == message.id:
        chat.keyboard_message_id = None
    call.world.chat_changed(chat)
