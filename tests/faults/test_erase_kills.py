"""kill -9 at any moment of an erasure: it is done whole or not begun, and what follows behind it is not forgotten."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from sandbox.client import Chat, Sandbox
from sandbox.server import Served, serve
from storage.database import Database
from storage.tables.accounts import accounts, sessions
from storage.tables.erasures import photo_removals
from storage.tables.profiles import profiles
from tests import pictures
from tests.faults.process import BOT_ID, TOKEN, BotProcess, environment
from tests.faults.test_kills import PASSWORD, PATIENCE, register

PEOPLE = 6
LEASE = 90.0  # so long the timers are still those of a process that was killed


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with serve(token=TOKEN, people=()) as served:
        yield served


@pytest.mark.slow
async def test_people_are_erased_with_their_photos_though_the_bot_is_killed_again_and_again(
    server: Served, database_url: str, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    env = environment(tmp_path, server.url, database_url) | {"CLINIC_BOT__STORAGE__PHOTOS_URL": str(photos)}
    bot = BotProcess(env, tmp_path / "bot.log")
    async with Sandbox.connect(server.url, bot=BOT_ID) as sandbox:
        await bot.start()
        try:
            for number in range(PEOPLE):
                chat = await sandbox.person("王", phone=f"1380000000{number}")
                await with_a_picture(chat)
                await chat.send("/erase", wait=False)
                await chat.expect("（1/2）", PATIENCE)
                await chat.send(PASSWORD, wait=False)
                await chat.expect("（2/2）真的要删除账号吗", PATIENCE)
                await chat.press("删除我的账号", wait=False)
                await asyncio.sleep(random.uniform(0, 0.15))
                await bot.kill()
                await bot.start()
                await bot.running()
                await chat.expect("您的账号已删除", PATIENCE)
            async with asyncio.timeout(LEASE + PATIENCE):
                while files(photos):
                    await asyncio.sleep(0.1)
            assert await bot.stop() == 0
        finally:
            await bot.kill()
    database = Database(database_url)
    async with database.read() as conn:
        assert set(await conn.execute(select(accounts.c.state, accounts.c.phone, accounts.c.name))) == {
            ("erased", None, "")
        }
        for table in (sessions, profiles, photo_removals):
            assert (await conn.execute(select(table))).all() == []
    await database.dispose()


async def with_a_picture(chat: Chat) -> None:
    """Registers and sends a picture of oneself."""
    await register(chat, name="王小明", phone=chat.phone)
    await chat.send("/profile", wait=False)
    await chat.expect("头像：未填写", PATIENCE)
    await chat.press("头像", wait=False)
    await chat.expect("请发一张照片", PATIENCE)
    await chat.send_photo(pictures.jpeg(), wait=False)
    await chat.expect("头像：1 张照片", PATIENCE)
    await chat.press("保存", wait=False)
    await chat.expect("头像：已设置", PATIENCE)


def files(folder: Path) -> list[Path]:
    """What lies in the photo store."""
    return [path for path in folder.rglob("*") if path.is_file()]
