"""kill -9 while photos come: each is counted once, and no file lies in the store that nothing knows of."""

import asyncio
import random
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from sandbox.client import Chat, Sandbox
from sandbox.server import Served, serve
from storage.database import Database
from storage.tables.erasures import photo_removals
from storage.tables.submissions import submission_files
from tests import pictures
from tests.faults.presses import pressed, shown
from tests.faults.process import BOT_ID, TOKEN, BotProcess, environment
from tests.faults.test_kills import PASSWORD, PATIENCE

ROUNDS = 3


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with serve(token=TOKEN, people=()) as served:
        yield served


@pytest.mark.slow
async def test_photos_come_while_the_bot_is_killed_again_and_again(
    server: Served, database_url: str, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    env = environment(tmp_path, server.url, database_url) | {"CLINIC_BOT__STORAGE__PHOTOS_URL": str(photos)}
    bot = BotProcess(env, tmp_path / "bot.log")
    database = Database(database_url)
    async with Sandbox.connect(server.url, bot=BOT_ID) as sandbox:
        await bot.start()
        wang = await doctor(sandbox)
        sending = asyncio.create_task(send_again_and_again(wang, rounds=ROUNDS))
        try:
            for kills in count(1):
                await bot.running()
                # Now and then it is left in peace: on a busy machine no photo is done within a short life.
                await asyncio.wait({sending}, timeout=random.uniform(0, 4) if kills % 5 else 20)
                if sending.done():
                    break
                await bot.kill()
                await bot.start()
            await sending
            assert await bot.stop() == 0
        finally:
            await bot.kill()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    lying = {str(path.relative_to(photos)) for path in photos.rglob("*") if path.is_file()}
    async with database.read() as conn:
        named = set((await conn.execute(select(submission_files.c.path))).scalars())
        noted = set((await conn.execute(select(photo_removals.c.path))).scalars())
    await database.dispose()
    assert len(named) == ROUNDS * 3
    assert named <= lying
    # A write that was cut off leaves the name with a number behind it; it goes with the photo of that name.
    assert {name.partition("#")[0] for name in lying} - named <= noted
    assert not named & noted


async def doctor(sandbox: Sandbox) -> Chat:
    wang = await sandbox.person("王", phone="13700000001")
    await wang.send("/register", wait=False)
    await wang.expect("（1/9）", PATIENCE)
    await pressed(wang, "医生", "（2/9）")
    await pressed(wang, "我同意", "（3/9）")
    await wang.send("13700000001", wait=False)
    await wang.expect("（4/9）", PATIENCE)
    await wang.send("王医生", wait=False)
    for step in ("（5/9", "（6/9", "（7/9"):
        await wang.expect(step, PATIENCE)
        await wang.press("跳过", wait=False)
    await wang.expect("（8/9）", PATIENCE)
    await pressed(wang, "下一步：设置密码", "（9/9）")
    await wang.send(PASSWORD, wait=False)
    await wang.expect("已注册好", PATIENCE)
    return wang


async def send_again_and_again(wang: Chat, rounds: int) -> None:
    """Three photos an attempt, each attempt in place of the one before."""
    for number in range(rounds):
        await wang.send("/certificate", wait=False)
        await shown(wang, "排队等审核" if number else "还没有提交")
        await pressed(wang, "换照片" if number else "提交证件", "（1/2）")
        pages = [pictures.jpeg(pictures.page(text=f"{number} {page}")) for page in range(3)]
        await wang.send_album(pages, wait=False)
        await shown(wang, "已收到 3 张")
        await pressed(wang, "发完了", "证件：3 张照片")
        await pressed(wang, "提交审核", "收到了，谢谢您")
        await wang.send("/start", wait=False)
        await shown(wang, "您想做什么")
