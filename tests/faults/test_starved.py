"""A worker that gets no processor for longer than its leases: what it wakes to is another's by then, or done."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from sandbox.client import Chat
from tests.faults.books import rows
from tests.faults.clinic import Clinic, clinic

FIRST, SECOND = "（1/9）", "（2/9）"
_WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_nobody_waits_for_a_stopped_worker_or_reads_an_older_question_last_when_it_wakes(
    database_url: str, tmp_path: Path
) -> None:
    async with clinic(tmp_path, database_url, workers=2) as here:
        await here.bot.start()
        await here.bot.running()
        late, noted, caught = [(await here.person("patient")).chat for _ in range(3)]
        everybody = (late, noted, caught)

        def asked(chat: Chat) -> list[str]:
            return re.findall("（./9）", "".join(here.record.texts(chat.id)))

        def tried(chat: Chat) -> int:
            return sum(call["method"] == "sendMessage" and call["chat_id"] == chat.id for call in here.record)

        starved = await polling(here)
        newcomer = await here.person("patient")
        await here.sandbox.fail("slow", "deleteMessage", chat_id=newcomer.chat.id, seconds=8.0)
        registering = asyncio.create_task(newcomer.register())
        await caught.send("/start", wait=False)
        await until(lambda: here.record.texts(caught.id))
        while not await rows(database_url, "SELECT 1 FROM inbox WHERE claimed_until > now()"):
            await asyncio.sleep(0.02)
        # It is stopped while one answer waits because Telegram says so, while another is there and it has not heard of
        # that, within the transaction of a third, and before it has made an account.
        await here.sandbox.fail("error", "sendMessage", chat_id=late.id, retry_after=8)
        await here.sandbox.fail("slow", "sendMessage", chat_id=noted.id, seconds=6.0)
        await asyncio.gather(*(chat.send("/register", wait=False) for chat in (late, noted)))
        await until(lambda: tried(late))
        async with locked_chat(database_url, caught):
            await caught.send("/register", wait=False)
            while not await rows(database_url, _WAITS):
                await asyncio.sleep(0.02)
            os.kill(starved, signal.SIGSTOP)
        with going_on(starved):
            assert not registering.done()
            await until(lambda: asked(noted))
            await here.sandbox.fail("error", "sendMessage", chat_id=noted.id, retry_after=6)  # meets the other worker
            await until(lambda: asked(late) and asked(caught) and tried(noted) > 1)
            await asyncio.gather(*(chat.send("患者", wait=False) for chat in everybody))
            await until(lambda: SECOND in asked(late) and SECOND in asked(caught))
            await registering
        await until(lambda: SECOND in asked(noted) and len(asked(noted)) > 2)
        await until(lambda: "update was handled elsewhere" in here.bot.log.read_text(encoding="utf-8"))
        await asyncio.sleep(1)
        assert [asked(chat) for chat in everybody] == [[FIRST, SECOND], [FIRST, FIRST, SECOND], [FIRST, SECOND]]
        assert sum("已注册好" in text for text in here.record.texts(newcomer.chat.id)) == 1
        made = await rows(database_url, "SELECT action FROM audit WHERE action = 'account.register'")
        assert (len(made), len(await rows(database_url, "SELECT 1 FROM accounts"))) == (1, 1)
        assert await here.bot.stop() == 0


async def until(happened: Callable[[], object], seconds: float = 25) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.02)


async def polling(here: Clinic) -> int:
    """The process id of the worker that polls: it takes what arrives."""
    while not (held := await rows(here.evidence.database_url, "SELECT holder FROM leases WHERE name = 'polling'")):
        await asyncio.sleep(0.05)
    return here.bot.workers[int(held[0]["holder"].rpartition("-")[2])]


@asynccontextmanager
async def locked_chat(database_url: str, chat: Chat) -> AsyncIterator[None]:
    """Whoever writes to the chat's row waits for the end of the block."""
    url = urlsplit(database_url)
    conn = await asyncpg.connect(host=parse_qs(url.query)["host"][0], user="postgres", database=url.path[1:])
    try:
        async with conn.transaction():
            assert await conn.fetchval("SELECT revision FROM chats WHERE person_id = $1 FOR UPDATE", chat.id)
            yield
    finally:
        await conn.close()


@contextmanager
def going_on(stopped: int) -> Iterator[None]:
    """After the block the stopped process goes on, as if nothing had been."""
    try:
        yield
    finally:
        os.kill(stopped, signal.SIGCONT)
