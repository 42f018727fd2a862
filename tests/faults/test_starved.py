"""A worker that gets no processor for longer than its leases: what it wakes to send is another's by then, or done."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.client import Chat
from tests.faults.books import rows
from tests.faults.clinic import Clinic, clinic

FIRST, SECOND = "（1/9）", "（2/9）"


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process takes no step in the block, and then goes on as if nothing had been."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def until(happened: Callable[[], object], seconds: float = 40) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.02)


async def polling(here: Clinic) -> int:
    """The process id of the worker that polls: it takes what arrives."""
    while not (held := await rows(here.evidence.database_url, "SELECT holder FROM leases WHERE name = 'polling'")):
        await asyncio.sleep(0.05)
    return here.bot.workers[int(held[0]["holder"].rpartition("-")[2])]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_nobody_reads_an_older_question_after_a_newer_one_when_a_worker_wakes(
    database_url: str, tmp_path: Path
) -> None:
    async with clinic(tmp_path, database_url, workers=2) as here:
        await here.bot.start()
        await here.bot.running()
        late, noted = [(await here.person("patient")).chat for _ in range(2)]

        def asked(chat: Chat) -> list[str]:
            return [text[text.index("（") :][:5] for text in here.record.texts(chat.id)]

        def tried(chat: Chat) -> int:
            return sum(call["method"] == "sendMessage" and call["chat_id"] == chat.id for call in here.record)

        starved = await polling(here)
        # One of its answers waits because Telegram says so; the other is there, but it does not hear of that any more.
        await here.sandbox.fail("error", "sendMessage", chat_id=late.id, retry_after=4)
        await here.sandbox.fail("slow", "sendMessage", chat_id=noted.id, seconds=1.0)
        await asyncio.gather(*(chat.send("/register", wait=False) for chat in (late, noted)))
        await until(lambda: tried(late))
        await asyncio.sleep(0.3)
        with stopped(starved):
            await until(lambda: asked(noted))
            await here.sandbox.fail("error", "sendMessage", chat_id=noted.id, retry_after=6)  # meets the other worker
            await until(lambda: asked(late) and tried(noted) > 1)
            await asyncio.gather(*(chat.send("患者", wait=False) for chat in (late, noted)))
            await until(lambda: SECOND in asked(late))
        await until(lambda: SECOND in asked(noted) and len(asked(noted)) > 2)
        await asyncio.sleep(1)
        assert [asked(late), asked(noted)] == [[FIRST, SECOND], [FIRST, FIRST, SECOND]]
        assert await here.bot.stop() == 0
