"""Photos of 12 megapixels from many doctors at once, and what somebody else's step costs meanwhile."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.contestants import TOKEN, OurBot
from benchmarks.neighbours.pictures import photo
from benchmarks.processes import memory_mb, peak_memory_mb, started
from sandbox.client import Chat, Sandbox
from sandbox.server import Served, serve

_EACH: Final = 4
_STEPS_BEFORE: Final = 200
_PATIENCE: Final = 300
_PASSWORD: Final = "benchmark doctor"


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of it: milliseconds of each step of somebody else's, before and meanwhile; the bot's memory in MB."""

    photos: int
    megabytes: float
    seconds: float
    before: list[float]
    meanwhile: list[float]
    memory_before: float
    memory_peak: float


async def take_in(doctors: int, folder: Path) -> Intake:
    """So many doctors send four photos each, all at once, to a bot of its own process on SQLite.

    They send them as files, which Telegram does not make smaller.
    """
    photos = [photo(number) for number in range(_EACH)]
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serve(token=TOKEN, people=()))
        command = await OurBot().ready(served.url, folder)
        output = asyncio.subprocess.DEVNULL
        env = {**command.env, "CLINIC_BOT__STORAGE__PHOTOS_URL": str(folder / "photos")}
        bot = await started(stack, *command.arguments, env=env, stdout=output, stderr=output, stdin=None)
        sandbox = await stack.enter_async_context(
            Sandbox.connect(served.url, bot=int(TOKEN.partition(":")[0]), patience=_PATIENCE)
        )
        chats = [await _doctor(sandbox, number) for number in range(doctors)]
        other = await sandbox.person("Other", language="en", phone="13900000000")
        await other.send("/start")
        before = [await _step(served, other) for _ in range(_STEPS_BEFORE)]
        memory_before = memory_mb(bot.pid)
        began = time.perf_counter()
        sending = asyncio.gather(*(_send(chat, photos) for chat in chats))
        meanwhile = []
        while not sending.done():
            meanwhile.append(await _step(served, other))
        await sending
        seconds = time.perf_counter() - began
        megabytes = sum(map(len, photos)) / _EACH / 1e6
        return Intake(doctors * _EACH, megabytes, seconds, before, meanwhile, memory_before, peak_memory_mb(bot.pid))


async def _doctor(sandbox: Sandbox, number: int) -> Chat:
    """A doctor who has registered and is asked for photos."""
    chat = await sandbox.person(f"Doctor {number}", language="zh", phone=str(13_800_000_000 + number))
    await chat.send("/register")
    await chat.press("医生")
    await chat.press("我同意")
    await chat.share_contact()
    await chat.send("王医生")
    for _ in range(3):
        await chat.press("跳过")
    await chat.press("下一步：设置密码")
    await chat.send(_PASSWORD)
    await chat.expect("已注册好", timeout=30)
    await chat.send("/certificate")
    await chat.press("提交证件")
    return chat


async def _send(chat: Chat, photos: list[bytes]) -> None:
    for count, content in enumerate(photos, start=1):
        await chat.send_document(content, "photo.jpg")
        await chat.expect(f"已收到 {count} 张", timeout=_PATIENCE)
    await chat.press("发完了")
    await chat.expect(f"{_EACH} 张照片", timeout=_PATIENCE)
    await chat.press("提交审核")
    await chat.expect("正在排队等审核", timeout=_PATIENCE)


async def _step(served: Served, chat: Chat) -> float:
    """Milliseconds until the bot has answered."""
    began = time.monotonic()
    await chat.send("/help")
    bot = served.world.bots[TOKEN]
    return 1000 * (bot.chats[chat.id].last_call - began)
