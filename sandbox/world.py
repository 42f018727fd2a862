"""The sandbox's whole state, and the few things every part of it does: find, add, tell the page."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox.clock import Clock, numbers_from_clock, person_ids_from_clock
from sandbox.described import problems_of_update
from sandbox.errors import ApiError, bad_request, forbidden, unauthorized
from sandbox.faults import Faults
from sandbox.flood import Flood
from sandbox.model import TOKEN, Bot, Chat, Json, Message, Person
from sandbox.updates import Update, UpdateQueue
from sandbox.webhook import Webhooks

DEFAULT_PEOPLE = (
    Person(5_000_000_001, "李雷", "zh-hans", "13812340001", "患者"),
    Person(5_000_000_002, "韩梅梅", "zh-hans", "13812340002", "医生"),
    Person(5_000_000_003, "Alex", "en", "13812340003", "Admin"),
)
TRAFFIC_KEPT = 1000
ACTS_KEPT = 10_000


@dataclass(slots=True)
class Act:
    """Something a person did, and how much the bot had done in that chat before."""

    update: Update
    chat: Chat
    calls: int
    answers: int


@dataclass(slots=True)
class World:
    """Everything there is.

    Attributes:
        only_token: the one token that is a bot; None lets every well-formed token be a bot of its own.
        database: the SQLite file in which the bot keeps what it keeps, for the page to count; None where unknown.
        call_problems: what in the bots' calls does not fit the Bot API's description; Telegram may pass over it.
        own_problems: what in the sandbox's answers and updates does not: mistakes of the sandbox.
    """

    only_token: str | None = None
    database: Path | None = None
    people: dict[int, Person] = field(default_factory=dict)
    bots: dict[str, Bot] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    flood: Flood = field(default_factory=Flood)
    webhooks: Webhooks = field(default_factory=Webhooks)
    traffic: deque[Json] = field(default_factory=lambda: deque(maxlen=TRAFFIC_KEPT))
    call_problems: deque[str] = field(default_factory=lambda: deque(maxlen=TRAFFIC_KEPT))
    own_problems: deque[str] = field(default_factory=lambda: deque(maxlen=TRAFFIC_KEPT))
    acts: OrderedDict[int, Act] = field(default_factory=OrderedDict)
    listeners: set[asyncio.Queue[Json]] = field(default_factory=set)
    update_ids: Iterator[int] = field(default_factory=numbers_from_clock)
    message_ids: Iterator[int] = field(default_factory=numbers_from_clock)
    person_ids: Iterator[int] = field(default_factory=person_ids_from_clock)
    traffic_numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def make(cls, only_token: str | None = None, people: Iterable[Person] = DEFAULT_PEOPLE) -> World:
        """A world with copies of these people in it, and the bot when its token is known."""
        world = cls(only_token, people={person.id: replace(person) for person in people})
        if only_token is not None:
            world.bot(only_token)
        return world

    def bot(self, token: str) -> Bot:
        """The bot of a token.

        Raises:
            ApiError: 401 for a token that is no bot's.
        """
        bot = self.bots.get(token)
        if bot is None:
            match = TOKEN.fullmatch(token)
            if match is None or (self.only_token is not None and not secrets.compare_digest(token, self.only_token)):
                raise unauthorized()
            bot_id = int(match["id"])
            bot = Bot(bot_id, token, f"sandbox_{bot_id}_bot", UpdateQueue(self.clock, self.update_ids))
            self.bots[token] = bot
            self.publish({"type": "bots"})
        if bot.revoked:
            raise unauthorized()
        return bot

    def newest_bot(self) -> Bot | None:
        """The bot whose token was seen last: the one the page talks to."""
        return next(reversed(self.bots.values()), None)

    def open_chat(self, bot: Bot, person: Person) -> Chat:
        """A person's private chat with a bot, made when they first open it."""
        data = {"id": person.id, "type": "private", "first_name": person.first_name}
        if person.id not in bot.chats:
            bot.chats[person.id] = Chat(person.id, data, person)
        chat = bot.chats[person.id]
        if chat.data != data:  # a new name; older messages keep the old one
            chat.data = data
        return chat

    def open_group(self, bot: Bot, title: str) -> Chat:
        """The group of this title that the bot is in, made when first named."""
        digits = int.from_bytes(hashlib.sha256(title.encode()).digest()[:4], "big")
        group_id = -1_000_000_000_000 - digits
        if group_id not in bot.chats:
            data = {"id": group_id, "type": "supergroup", "title": title}
            bot.chats[group_id] = Chat(group_id, data, None)
        return bot.chats[group_id]

    def known_chat(self, bot: Bot, chat_id: int) -> Chat:
        """A chat in which somebody has written to the bot.

        Raises:
            ApiError: 400 for any other.
        """
        chat = bot.chats.get(chat_id)
        if chat is None or not chat.messages:
            raise bad_request("chat not found")
        return chat

    def reachable_chat(self, bot: Bot, chat_id: int) -> Chat:
        """The chat a bot wants to act in.

        Raises:
            ApiError: 400 for a chat the bot never saw, 403 where the person blocked it or is gone.
        """
        chat = self.known_chat(bot, chat_id)
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if chat.person and chat.person.deactivated:
            raise forbidden("user is deactivated")
        return chat

    def add_message(self, chat: Chat, sender: Json, content: Json, *, markup: Json | None = None) -> Message:
        """A new message in a chat. A reply keyboard on it is shown from now on; its removal takes the old one away."""
        data = {
            "message_id": next(self.message_ids),
            "from": sender,
            "chat": chat.data,
            "date": int(self.clock.now()),
            **content,
        }
        message = Message(data, bool(sender["is_bot"]), markup)
        if markup and "inline_keyboard" in markup:
            data["reply_markup"] = markup
        elif markup:
            chat.keyboard_message_id = None if "remove_keyboard" in markup else message.id
        if message.by_bot:
            chat.action = ""
        chat.messages[message.id] = message
        self.chat_changed(chat)
        return message

    def add_update(self, bot: Bot, chat: Chat, kind: str, body: Json) -> Act | None:
        """Queues an update and remembers what the bot had done until then; None where the bot takes no such updates.

        A chat's messages wait for one another, a person's presses for one another; a press does not wait for a text.
        The body is copied: an update shows its message as it was when the update was made.
        """
        lane = f"press {body['from']['id']}" if kind == "callback_query" else f"chat {chat.id}"
        calls, answers = chat.calls, chat.answers
        update = bot.updates.add(kind, dict(body), lane)
        if update is None:
            return None
        self.own_problems += problems_of_update(update.as_json())
        act = self.acts[update.id] = Act(update, chat, calls, answers)
        if len(self.acts) > ACTS_KEPT:
            self.acts.popitem(last=False)
        return act

    @contextmanager
    def watched_call(self, chat: Chat | None) -> Iterator[None]:
        """Counts a bot's call in a chat while it lasts, so that a client can tell when the bot is still."""
        if chat is None:
            yield
            return
        chat.in_flight += 1
        try:
            yield
        finally:
            chat.in_flight -= 1
            chat.calls += 1
            chat.last_call = time.monotonic()
            chat.touched.set()

    def chat_changed(self, chat: Chat) -> None:
        """Tells the page to look at a person's chat again."""
        if chat.person:
            self.publish({"type": "chat", "person": chat.person.id})

    def log(self, entry: Json) -> None:
        """Adds a call to the traffic log."""
        number = next(self.traffic_numbers)
        self.traffic.append({"number": number, "time": self.clock.now(), **entry})
        self.publish({"type": "traffic", "number": number})

    def publish(self, event: Json) -> None:
        """Tells every open page. One that does not read is dropped when its queue is full."""
        for queue in list(self.listeners):
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                self.listeners.discard(queue)

    def person(self, person_id: int) -> Person:
        """A made person.

        Raises:
            ApiError: 404 for an id nobody has.
        """
        if person_id not in self.people:
            raise ApiError(404, f"Not Found: nobody here has the id {person_id}")
        return self.people[person_id]
