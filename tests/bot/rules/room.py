"""The bot's insides on a real database, with Telegram's place taken: fast enough to try whatever may happen."""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from typing import Any, Self, TypeVar

from PIL import Image
from sqlalchemy import select, text
from telegram.error import BadRequest

from bot.adapter import Arrival
from bot.desk import Desk
from bot.dialog.draft import Draft
from bot.dialog.events import Said
from bot.handling import Handling
from bot.intake import Intake
from bot.person import Ask, Decision, Person, Reply
from bot.preview.clinic import SampleClinic
from bot.preview.samples import NOW
from bot.runner import Runner
from bot.telegram import RawBot
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone, Role
from storage import chats
from storage.tables import metadata
from storage.tables.updates import inbox
from tests.conftest import SetClock

T = TypeVar("T")
BOT = 700001
# What may change while a dialog only moves: the update and the chat themselves, counters, and what only says that
# somebody was here or asked for something.
MOVING = {"inbox", "chats", "sessions", "counters", "audit", "outbox", "leases"}


class Telegram(RawBot):
    """Takes what the bot sends, refuses what Telegram refuses, and remembers each chat."""

    def __init__(self) -> None:
        self.chats: dict[int, dict[int, dict[str, Any]]] = {}
        self.calls: dict[int, int] = {}
        self._ids = count(1)

    async def call(self, method: str, params: Mapping[str, Any], **_times: Any) -> Any:
        """What the Bot API would answer. Raises BadRequest."""
        if method == "answerCallbackQuery":
            self._count(int(params["callback_query_id"]))
            assert len(params.get("text", "")) <= 200
            return True
        if method == "getFile":
            return {"file_id": params["file_id"], "file_path": "a.png", "file_size": 100}
        chat = params.get("chat_id", 0)
        messages = self.chats.setdefault(chat, {})
        self._count(chat)
        if method.startswith("edit") and params["message_id"] not in messages:
            raise BadRequest("message to edit not found")
        if method in {"sendMessage", "editMessageText"}:
            assert 0 < len(params["text"].encode("utf-16-le")) // 2 <= 4096
            self._check(params.get("reply_markup", {}))
            number = params.get("message_id") or next(self._ids)
            messages[number] = dict(params)
            return {"message_id": number}
        if method == "sendMediaGroup":
            return [{"message_id": next(self._ids)} for _ in params["media"]]
        if method in {"sendPhoto", "sendDocument"}:
            return {"message_id": next(self._ids)}
        if method == "editMessageReplyMarkup":
            messages[params["message_id"]]["reply_markup"] = params["reply_markup"]
        return True

    async def download(self, file_path: str) -> bytes:
        """A photo."""
        picture = BytesIO()
        Image.new("RGB", (320, 240), "grey").save(picture, "PNG")
        return picture.getvalue()

    def buttons(self, chat: int, *, newest: bool = True) -> list[tuple[int, str]]:
        """The callback data under the newest message that has buttons, or under all, with the message's number."""
        found = [
            (number, button["callback_data"])
            for number, message in sorted(self.chats.get(chat, {}).items())
            for row in message.get("reply_markup", {}).get("inline_keyboard", ())
            for button in row
        ]
        last = found[-1][0] if found else 0
        return [each for each in found if not newest or each[0] == last]

    def new_id(self) -> int:
        """The number of a message that the person sends."""
        return next(self._ids)

    def _count(self, chat: int) -> None:
        self.calls[chat] = self.calls.get(chat, 0) + 1

    @staticmethod
    def _check(markup: Mapping[str, Any]) -> None:
        for row in markup.get("inline_keyboard", ()):
            for button in row:
                assert button["text"]
                assert 0 < len(button["callback_data"].encode()) <= 64


@dataclass(frozen=True, slots=True)
class Watching(Desk):
    """A desk whose last decision for each person can be looked at."""

    made: dict[int, tuple[Person, Decision]] = field(default_factory=dict)

    def decide(self, person: Person, arrival: Arrival, now: Any) -> Decision:
        """As any desk does."""
        decision = Desk.decide(self, person, arrival, now)
        self.made[person.id] = (person, decision)
        return decision


class Room:
    """A bot that runs, on a loop of its own, so that tests that are no coroutines can use it."""

    def __init__(self, clinic: SampleClinic, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._clinic = clinic
        self.clock = SetClock(NOW)
        self.telegram = Telegram()
        desk = clinic.desk
        self.desk = Watching(desk.engine, desk.catalogue, desk.commands, desk.flows, desk.username)
        self._runner = Runner(
            database=clinic.database,
            core=clinic.core,
            bot=self.telegram,
            desk=self.desk,
            clock=self.clock,
            worker="room",
        )
        self._codec = Handling(clinic.core, self.desk, clinic.files, "room").codec
        self._intake = Intake(
            sealer=clinic.core.inbox_sealer, bot_id=BOT, clock=self.clock, receive=self._runner.receive
        )
        self._updates = count(1)
        self._people = count(10_000)
        self._hash = self.run(clinic.core.passwords.hash(Password.parse("correct horse battery")))
        self.run(self._watch())
        self._task = loop.create_task(self._runner.run())

    def run(self, act: Awaitable[T]) -> T:
        """Runs it to its end."""
        return self._loop.run_until_complete(act)

    def close(self) -> Self:
        """Ends the bot."""
        self.run(self._runner.stop(1.0))
        self.run(self._task)
        return self

    def somebody(self, role: str) -> int:
        """The Telegram id of somebody new: a guest, or logged in as that role."""
        number = next(self._people)
        if role != "guest":
            self.run(self._sign_in(number, Role(role)))
        return number

    def happens(self, person: int, kind: str, body: dict[str, Any]) -> bool:
        """An update comes and is handled; whether it was answered."""
        before = self.telegram.calls.get(person, 0)
        self.desk.made.pop(person, None)
        sender = {"id": person, "is_bot": False, "first_name": "x", "language_code": "zh-hans"}
        chat = {"id": person, "type": "private"}
        body = {**body, "from": sender} | ({"chat": chat, "date": 0} if kind != "callback_query" else {})
        self.run(self._handled({"update_id": next(self._updates), kind: body}))
        return self.telegram.calls.get(person, 0) > before

    def draft(self, person: int) -> Draft | None:
        """The dialog somebody is in."""
        return self.run(self._draft(person))

    def faults(self) -> list[str]:
        """What went wrong with any update, ever."""
        return self.run(self._faults())

    def written(self) -> set[str]:
        """Which tables of accounts were written to since this was asked last."""
        return self.run(self._written())

    def only_moved(self, person: int) -> bool:
        """Whether the last update of somebody may have changed nothing but where they are in a dialog."""
        who, decision = self.desk.made.get(person, (None, Reply()))
        asked_in_dialog = isinstance(decision, Ask) and who is not None and who.draft is not None
        return isinstance(decision, Reply) or asked_in_dialog

    async def _handled(self, update: dict[str, Any]) -> None:
        await self._intake.take([update])
        with suppress(TimeoutError):  # what has failed waits for its next try: `faults` tells of it
            await asyncio.wait_for(self._runner.idle(), 60)

    async def _draft(self, person: int) -> Draft | None:
        async with self._clinic.database.read() as conn:
            row = (await chats.get(conn, [person])).get(person)
        return self._codec.person(row, Arrival(person, None, Said("", 0)), None, self.clock()).draft if row else None

    async def _faults(self) -> list[str]:
        async with self._clinic.database.read() as conn:
            rows = await conn.execute(select(inbox.c.error).where(inbox.c.error.is_not(None) | (inbox.c.attempts > 0)))
            return [str(row.error) for row in rows]

    async def _watch(self) -> None:
        """Has the database note each write to the tables of accounts."""
        async with self._clinic.database.write() as conn:
            await conn.execute(text("CREATE TABLE written (name TEXT)"))
            for table in metadata.sorted_tables:
                for act in ("INSERT", "UPDATE", "DELETE") if table.name not in MOVING else ():
                    note = f"BEGIN INSERT INTO written VALUES ('{table.name}'); END"
                    await conn.execute(text(f"CREATE TRIGGER {act}_{table.name} AFTER {act} ON {table.name} {note}"))

    async def _written(self) -> set[str]:
        async with self._clinic.database.write() as conn:
            rows = (await conn.execute(text("SELECT DISTINCT name FROM written"))).scalars().all()
            if rows:
                await conn.execute(text("DELETE FROM written"))
            return set(rows)

    async def _sign_in(self, number: int, role: Role) -> None:
        core, phone, name = self._clinic.core, Phone.parse(f"139{number:08d}"), PersonName.parse("王小明")
        async with self._clinic.database.write() as conn:
            uow = UnitOfWork(conn, self.clock(), Channel.BOT)
            if role is Role.ADMIN:
                account = await core.accounts.create_admin(uow, phone=phone, name=name, password_hash=self._hash)
            else:
                account = await core.accounts.register_by_phone(
                    uow, role=role, phone=phone, phone_verified=False, name=name, password_hash=self._hash
                )
            await core.sessions.open_in_bot(uow, account, number)
