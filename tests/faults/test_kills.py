"""kill -9 at any moment of a registration: no answer is lost, no account is made twice, every prompt is right."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sandbox.client import Chat, Sandbox
from sandbox.server import Served, serve
from storage.database import Database
from storage.tables.accounts import accounts, sessions
from storage.tables.updates import chats, inbox
from tests.faults.presses import pressed
from tests.faults.process import BOT_ID, TOKEN, BotProcess, environment

PASSWORD = "correct horse battery"
PATIENCE = 60.0


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with serve(token=TOKEN, people=()) as served:
        yield served


@pytest.mark.slow
@pytest.mark.parametrize("kills", [15])
async def test_people_register_while_the_bot_is_killed_again_and_again(
    kills: int, server: Served, database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    bot = BotProcess(environment(tmp_path, server.url, database_url), tmp_path / "bot.log")
    registered: list[Chat] = []
    stopping = asyncio.Event()
    async with Sandbox.connect(server.url, bot=BOT_ID) as sandbox:
        await bot.start()
        people = [asyncio.create_task(_register_until(stopping, sandbox, line, registered)) for line in range(6)]
        try:
            for _ in range(kills):
                if random.random() < 0.8:  # else it may be killed while it starts
                    await bot.running()
                await asyncio.sleep(random.uniform(0, 0.8))
                assert bot.ended is None, bot.said()
                await bot.kill()
                await bot.start()
            stopping.set()
            await asyncio.wait_for(asyncio.gather(*people), PATIENCE * 3)
            assert await bot.stop() == 0
        finally:
            await bot.kill()
            for person in people:
                person.cancel()
            await asyncio.gather(*people, return_exceptions=True)
    await _check(database, registered)
    print(f"{kills} kills, {len(registered)} registrations on {database.dialect}")
    await database.dispose()


async def _register_until(stopping: asyncio.Event, sandbox: Sandbox, line: int, registered: list[Chat]) -> None:
    """One person after another registers; each sends every answer once, and waits for the prompt that must follow."""
    number = 0
    while not stopping.is_set():
        number += 1
        phone = f"13{line}{number:08d}"
        chat = await sandbox.person(f"人{line}-{number}", phone=phone)
        await register(chat, name=f"王{'一二三四五六'[line]}{'甲乙丙丁'[number % 4]}", phone=phone)
        registered.append(chat)


async def register(chat: Chat, *, name: str, phone: str) -> None:
    await chat.send("/register", wait=False)
    await chat.expect("（1/9）", PATIENCE)
    await pressed(chat, "患者", "（2/9）")
    await pressed(chat, "我同意", "（3/9）")
    await chat.send(phone, wait=False)
    await chat.expect("（4/9）", PATIENCE)
    await chat.send(name, wait=False)
    await chat.expect("（5/9", PATIENCE)
    await pressed(chat, "跳过", "（6/9")
    await pressed(chat, "女", "（7/9")
    await chat.send("1990年1月31日", wait=False)
    review = await chat.expect("（8/9）", PATIENCE)
    for line in (f"姓名：{name}", f"手机号：{phone}", "邮箱：未填写", "性别：女", "出生日期：1990-01-31"):
        assert line in review.text, chat.transcript()
    await pressed(chat, "下一步：设置密码", "（9/9）")
    typed = await chat.send(PASSWORD, wait=False)
    await chat.expect("已注册好", PATIENCE)
    assert next(message for message in chat.messages if message.id == typed.id).deleted, chat.transcript()


async def _check(database: Database, registered: list[Chat]) -> None:
    """Reads the database as a stranger would: one account and one living login a person, nothing left open."""
    async with database.read() as conn:
        phones = list((await conn.execute(select(accounts.c.phone))).scalars())
        living = (
            await conn.execute(
                select(sessions.c.telegram_user_id, func.count())
                .where(sessions.c.ended_at.is_(None))
                .group_by(sessions.c.telegram_user_id)
                .order_by(sessions.c.telegram_user_id)
            )
        ).all()
        still_open = await conn.execute(select(func.count()).select_from(inbox).where(inbox.c.done_at.is_(None)))
        unshown = await conn.execute(select(func.count()).select_from(chats).where(chats.c.pending.is_not(None)))
        assert still_open.scalar_one() == 0
        assert unshown.scalar_one() == 0
    assert sorted(phones) == sorted(chat.phone for chat in registered)
    assert [tuple(row) for row in living] == sorted((chat.id, 1) for chat in registered)
