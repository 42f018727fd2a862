"""One call of a method, and how methods are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.errors import bad_request
from sandbox.html import parse_html
from sandbox.model import Bot, Chat, Json, Message
from sandbox.params import Params
from sandbox.text import clean, given_entities, trim, with_found
from sandbox.world import World


@dataclass(slots=True)
class Call:
    """Who calls, with what."""

    world: World
    bot: Bot
    params: Params

    def chat(self) -> Chat:
        """The chat of ``chat_id``, where the bot may act.

        Raises:
            ApiError: 400 or 403 where it may not.
        """
        if not self.params.text("chat_id"):
            raise bad_request("chat_id is empty")
        return self.world.reachable_chat(self.bot, self.params.integer("chat_id"))

    def message(self, chat: Chat, missing: str) -> Message:
        """The message of ``message_id`` that is still there.

        Raises:
            ApiError: 400 with the ``missing`` text.
        """
        message_id = self.params.integer("message_id")
        if not message_id:
            raise bad_request("message identifier is not specified")
        message = chat.messages.get(message_id)
        if message is None or message.deleted:
            raise bad_request(missing)
        return message

    def own_chat(self) -> Chat | None:
        """The chat this call is about, without judging it: for counting and for faults."""
        query = self.bot.callbacks.get(self.params.text("callback_query_id"))
        return query.chat if query else self.bot.chats.get(self.params.integer("chat_id"))


Method = Callable[[Call], Any]
METHODS: dict[str, Method] = {}
NAMES: dict[str, str] = {}


def method(function: Method) -> Method:
    """Registers a method: ``send_message`` answers to sendMessage, in any case."""
    first, *rest = function.__name__.split("_")
    name = first + "".join(word.capitalize() for word in rest)
    METHODS[name.lower()] = function
    NAMES[name.lower()] = name
    return function


def formatted(values: Params, text_key: str, entities_key: str) -> tuple[str, list[Json]]:
    """A text parameter, cleaned and trimmed, with its entities: parsed, given or found.

    Raises:
        ApiError: 400 for markup that Telegram does not take.
    """
    text = clean(values.text(text_key))
    mode = values.text("parse_mode").lower()
    if mode == "html":
        text, entities = parse_html(text)
    elif mode in {"", "none"}:
        entities = given_entities(values.objects(entities_key, "entities"))
    elif mode in {"markdown", "markdownv2"}:
        raise bad_request("the sandbox does not read Markdown: use HTML or entities")
    else:
        raise bad_request("unsupported parse_mode")
    text, entities = trim(text, entities)
    return text, with_found(text, entities)


def without_nothing(content: Json) -> Json:
    """Leaves out what is None, empty or False: the Bot API does not send those."""
    return {key: value for key, value in content.items() if value not in (None, "", [], False)}
