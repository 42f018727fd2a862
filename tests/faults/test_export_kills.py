"""kill -9 at any moment of an export: it comes all the same, and nothing of it stays on the disk."""

import asyncio
import io
import random
from collections.abc import AsyncIterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select

from sandbox.client import Chat, Sandbox
from sandbox.client.message import Message
from sandbox.server import Served, serve
from storage.database import Database
from storage.tables.exports import export_jobs
from tests.faults.process import BOT_ID, TOKEN, BotProcess, environment
from tests.faults.test_kills import PASSWORD, PATIENCE, register

EXPORTS = 3


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with serve(token=TOKEN, people=()) as served:
        yield served


@pytest.mark.slow
async def test_people_get_their_exports_while_the_bot_is_killed_again_and_again(
    server: Served, database_url: str, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = {**environment(tmp_path, server.url, database_url), "TMPDIR": str(scratch)}
    bot = BotProcess(env, tmp_path / "bot.log")
    database = Database(database_url)
    async with Sandbox.connect(server.url, bot=BOT_ID) as sandbox:
        await bot.start()
        try:
            people = []
            for number in range(EXPORTS):
                chat = await sandbox.person("王", phone=f"1380000000{number}")
                await register(chat, name="王小明", phone=chat.phone)
                people.append(chat)
            kills = 0
            for chat in people:
                await chat.send("/export", wait=False)
                await chat.expect("（1/1）", PATIENCE)
                await sandbox.fail("slow", "sendDocument", times=3, seconds=0.3)
                await chat.send(PASSWORD, wait=False)
                while not await _done(chat):
                    await asyncio.sleep(random.uniform(0, 0.6))
                    await bot.kill()
                    assert list(scratch.iterdir()) == []
                    kills += 1
                    await bot.start()
                    await bot.running()
                    await sandbox.heal()
                    if kills % 4 == 0:  # now and then it is left in peace
                        await chat.expect("您的资料已经发给您", PATIENCE)
            async with asyncio.timeout(PATIENCE):  # a kill right at the end has it made anew
                while await _jobs(database):
                    await asyncio.sleep(0.1)
            assert await bot.stop() == 0
        finally:
            await bot.kill()
            await database.dispose()
        assert list(scratch.iterdir()) == []
        for chat in people:
            [*_, file] = await _files(chat)  # a kill between sending and noting leaves one more (at least once)
            with ZipFile(io.BytesIO(await chat.save(file))) as export:
                assert export.testzip() is None


async def _jobs(database: Database) -> int:
    async with database.read() as conn:
        return await conn.scalar(select(func.count()).select_from(export_jobs)) or 0


async def _done(chat: Chat) -> bool:
    await chat.refresh()
    return any("您的资料已经发给您" in message.text for message in chat.visible)


async def _files(chat: Chat) -> list[Message]:
    await chat.refresh()
    return [message for message in chat.visible if message.media and message.media["kind"] == "document"]
