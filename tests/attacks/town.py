"""The town that is attacked: its people, and what of it nobody may have changed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select

from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from storage import chats
from storage.tables.base import metadata
from tests.api.conftest import Http
from tests.bot.conftest import Clinic, register
from tests.bot.test_admins import admin
from tests.bot.test_profile import doctor

_PASSING: Final = frozenset({"inbox", "chats", "counters", "leases", "audit", "alembic_version"})
"""Tables that every word of anybody changes."""
_PASSES: Final = frozenset({"last_used_at", "compared_at"})
"""Columns that change without anybody's deed: by being used, and by the clock's own jobs (core/flags.py)."""
_WHOSE: Final = ("account_id", "telegram_user_id")
FAULT: Final = "我们这边出了点问题"

Kept = dict[str, list[tuple[Any, ...]]]


@dataclass
class Town:
    """The clinic in the bot and over HTTP. Whoever is asked for gets a phone of their own."""

    clinic: Clinic
    http: Http
    people: int = 0
    chats: list[Chat] = field(default_factory=list)

    def next_phone(self) -> str:
        """A phone that nobody has."""
        self.people += 1
        return f"139{self.people:08}"

    async def stranger(self, name: str = "路人") -> Chat:
        """A guest."""
        return self._known(await self.clinic.person(name, phone=self.next_phone()))

    async def patient(self, name: str = "李雷") -> Chat:
        """A patient, logged in."""
        chat = await self.stranger(name)
        await register(chat, name=name)
        return chat

    async def doctor(self) -> Chat:
        """A doctor, logged in."""
        return self._known(await doctor(self.clinic, phone=self.next_phone()))

    async def admin(self, name: str = "陈芳") -> Chat:
        """An admin, logged in."""
        return self._known(await admin(self.clinic, self.next_phone(), name))

    def _known(self, chat: Chat) -> Chat:
        self.chats.append(chat)
        return chat

    async def account_of(self, chat: Chat) -> int:
        """The account that is logged in there."""
        signed = await self._signed(chat)
        assert signed is not None
        return int(signed.account_id)

    async def number_of(self, chat: Chat) -> str:
        """Its number, like `P12`."""
        signed = await self._signed(chat)
        return f"{signed.role.value[0].upper()}{signed.account_id}"

    async def _signed(self, chat: Chat) -> Any:
        async with self.clinic.app.database.read() as conn:
            uow = UnitOfWork(conn, self.clinic.clock(), Channel.BOT)
            return (await self.clinic.app.core.sessions.of_people(uow, [chat.id])).get(chat.id)

    async def revision(self, chat: Chat) -> int:
        """The number that buttons of the present screen carry."""
        async with self.clinic.app.database.read() as conn:
            state = (await chats.get(conn, [chat.id])).get(chat.id)
            return state.revision if state else 0

    async def in_dialog(self, chat: Chat) -> bool:
        """Whether a dialog is open there, in which the menu's buttons are old ones."""
        async with self.clinic.app.database.read() as conn:
            state = (await chats.get(conn, [chat.id])).get(chat.id)
            return bool(state and state.flow)

    async def kept(self, *, but: Collection[int] = ()) -> Kept:
        """Every row that is not about these accounts and Telegram users, without what passes by itself."""
        async with self.clinic.app.database.read() as conn:
            return {
                table.name: sorted(
                    tuple(repr(value) for name, value in row._mapping.items() if name not in _PASSES)
                    for row in await conn.execute(select(table))
                    if not _about(table.name, row._mapping, but)
                )
                for table in metadata.sorted_tables
                if table.name not in _PASSING
            }

    async def audited(self) -> list[str]:
        """The actions of the audit, oldest first."""
        audit = metadata.tables["audit"]
        async with self.clinic.app.database.read() as conn:
            return list((await conn.execute(select(audit.c.action).order_by(audit.c.id))).scalars())

    def said(self, wanted: Callable[[str], bool] = lambda _: True) -> list[str]:
        """The texts of all messages of the bot to anybody, as they were last looked at."""
        return [m.text for chat in self.chats for m in chat.messages if m.by_bot and wanted(m.text)]

    def check_no_fault(self) -> None:
        """Whatever was sent, nobody met an error that was not foreseen."""
        assert not self.said(lambda text: FAULT in text)
        assert not [line for line in self.clinic.heard.logged if "Traceback" in line or "call refused" in line]


def _about(table: str, row: Any, but: Collection[int]) -> bool:
    own = row.get("id") if table == "accounts" else None
    return own in but or any(row.get(name) in but for name in _WHOSE)


async def press(chat: Chat, data: str) -> None:
    """Presses a button that the bot never made: a client can send any data. The chat is not looked at again."""
    forged = {"message_id": chat.last.id, "callback_data": data, "stale": True}
    done = await chat.sandbox.request("POST", f"/people/{chat.id}/press", json=forged)
    await chat.sandbox.request("GET", f"/acts/{done['update_id']}", params={"until": "confirmed"})
    assert chat.sandbox.settled
    await chat.sandbox.settled()


def shown_data(chat: Chat) -> set[str]:
    """The data of all buttons that were ever shown in a chat."""
    return {
        button["callback_data"]
        for message in chat.messages
        for row in message.rows
        for button in row
        if "callback_data" in button
    }
