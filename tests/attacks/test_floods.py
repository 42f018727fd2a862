"""Crowds and floods: what ten thousand guests leave behind is bounded, and nobody waits for one who shouts (2.4.1)."""

import asyncio
import gc
from typing import Final

import pytest
from sqlalchemy import func, select

from sandbox.acts import Phone
from sandbox.client import Chat
from sandbox.model import Person
from storage import inbox
from storage.tables.base import metadata
from storage.tables.updates import chats as chats_table
from storage.tables.updates import inbox as inbox_table
from tests.attacks.town import Town
from tests.bot.conftest import PASSWORD

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

_GUESTS: Final = 10_000
_AT_ONCE: Final = 500
_LEFT: Final = 2_000
"""Objects of ours that may lie about in the process afterwards, where 10,000 people have a dialog open."""


async def test_thousands_of_guests_open_a_dialog_and_others_are_served(town: Town) -> None:
    """A row each and nothing else; the process keeps nothing of them; somebody registers in the midst of them."""
    world = town.clinic.server.world
    [bot] = world.bots.values()
    before = await _counts(town)
    li = await town.stranger("李雷")
    registered = asyncio.create_task(_register(li))
    alive = _ours()
    for first in range(0, _GUESTS, _AT_ONCE):
        for number in range(first, first + _AT_ONCE):
            person = world.people[9_000_000_000 + number] = Person(9_000_000_000 + number, "客", "zh-hans")
            Phone(world, bot, person).send_text("/register")
        await _settled(town)
    await asyncio.wait_for(registered, 60)
    assert "已注册好" in li.screen
    assert _ours() - alive < _LEFT
    after = await _counts(town)
    async with town.clinic.app.database.read() as conn:
        opened = select(func.count()).select_from(chats_table).where(chats_table.c.flow == "register")
        assert (await conn.execute(opened)).scalar_one() == _GUESTS
        payloads = select(func.count()).select_from(inbox_table).where(inbox_table.c.payload.is_not(None))
        assert (await conn.execute(payloads)).scalar_one() == 0
    assert after["chats"] - before["chats"] == _GUESTS + 1
    of_li = {"accounts", "profiles", "sessions", "account_chats", "consents", "counters", "audit", "news", "outbox"}
    grown = {name for name in after if after[name] > before[name]}
    assert grown <= of_li | {"chats", "inbox", "leases"}
    assert after["accounts"] == before["accounts"] + 1


async def test_one_who_sends_a_thousand_messages_delays_nobody(town: Town) -> None:
    """Others go through a whole dialog while his are still waiting; then all of his are answered in their order."""
    shouter = await town.stranger("吵")
    world = town.clinic.server.world
    phone = Phone(world, next(iter(world.bots.values())), world.people[shouter.id])
    others = [await town.stranger(f"人{number}") for number in range(3)]
    for number in range(1000):
        phone.send_text(f"第 {number} 条")
    await asyncio.gather(*(_register(chat) for chat in others))
    assert all("已注册好" in chat.screen for chat in others)
    async with town.clinic.app.database.read() as conn:
        assert await inbox.count_open(conn) > 0
    await _settled(town)
    async with town.clinic.app.database.read() as conn:
        taken = select(inbox_table.c.done_at).where(inbox_table.c.person_id == shouter.id).order_by(inbox_table.c.seq)
        done = list((await conn.execute(taken)).scalars())
    assert len(done) == 1000
    assert None not in done
    town.check_no_fault()


async def _register(chat: Chat) -> None:
    """Does not wait until the bot is at rest, which it is not, but for each answer."""
    await chat.send("/register", wait=False)
    for said, then in (
        ("（1/", lambda: chat.press("患者", wait=False)),
        ("（2/", lambda: chat.press("我同意", wait=False)),
        ("（3/", lambda: chat.send(chat.phone, wait=False)),
        ("（4/", lambda: chat.send("王小明", wait=False)),
        ("（5/", lambda: chat.press("跳过", wait=False)),
        ("（6/", lambda: chat.press("跳过", wait=False)),
        ("（7/", lambda: chat.press("跳过", wait=False)),
        ("请核对", lambda: chat.press("下一步：设置密码", wait=False)),
        ("密码", lambda: chat.send(PASSWORD, wait=False)),
    ):
        await chat.expect(said, timeout=60)
        await then()
    await chat.expect("已注册好", timeout=60)


async def _settled(town: Town) -> None:
    """Until the bot has fetched and handled all there is."""
    [bot] = town.clinic.server.world.bots.values()
    while len(bot.updates):
        await asyncio.sleep(0.02)
    await town.clinic.app.idle()


def _ours() -> int:
    """How many objects of the product's own classes there are in this process."""
    gc.collect()
    rooms = ("bot.", "core.", "storage.", "api.", "ops.")
    return sum(str(type(thing).__module__).startswith(rooms) for thing in gc.get_objects())


async def _counts(town: Town) -> dict[str, int]:
    async with town.clinic.app.database.read() as conn:
        return {
            table.name: int((await conn.execute(select(func.count()).select_from(table))).scalar_one())
            for table in metadata.sorted_tables
        }
