"""`bot run --workers N`: real processes on a real PostgreSQL share the work, and lose nothing when one is killed."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from core.exits import Exit
from sandbox.client import Chat, Sandbox
from sandbox.server import Served, serve
from storage.database import Database
from storage.tables.accounts import accounts, leases
from storage.tables.updates import chats, inbox
from tests.bot.edges.machine import Machine
from tests.databases import PostgresServer
from tests.faults.process import BOT_ID, TOKEN, environment
from tests.faults.test_kills import register

PATIENCE = 60.0


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def empty_url(postgres: PostgresServer) -> Iterator[str]:
    """A database without tables."""
    name = postgres.create(template="template0")
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with serve(token=TOKEN, people=()) as served:
        yield served


class Parent:
    """`bot run --workers N` and the processes under it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def workers(self) -> list[int]:
        """The workers' process ids."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text(encoding="ascii").split()]

    def said(self, words: str) -> int:
        """How often a line of the log has these words."""
        return self._log.read_text(encoding="utf-8").count(words)

    async def until(self, words: str, times: int) -> None:
        """Waits until the log has said that so often."""
        deadline = time.monotonic() + PATIENCE
        while self.said(words) < times:
            assert self.process.returncode is None, self._log.read_text(encoding="utf-8")[-3000:]
            assert time.monotonic() < deadline, self._log.read_text(encoding="utf-8")[-3000:]
            await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """Asks it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 20)


@asynccontextmanager
async def running(server: Served, url: str, folder: Path, workers: int, **changes: str) -> AsyncIterator[Parent]:
    """So many workers, all of which run by now."""
    env = {**environment(folder, server.url, url), **{f"CLINIC_BOT__{key}": value for key, value in changes.items()}}
    log = folder / "bot.log"
    with log.open("wb") as out:
        command = (sys.executable, "-m", "bot", "run", "--workers", str(workers))
        process = await asyncio.create_subprocess_exec(*command, env=env, stdout=out, stderr=out)
    parent = Parent(process, log)
    try:
        await parent.until("The bot runs", workers)
        yield parent
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def people(sandbox: Sandbox, count: int) -> list[Chat]:
    return [await sandbox.person(f"人{number}", phone=f"1380000{number:04d}") for number in range(count)]


async def register_all(everybody: list[Chat]) -> None:
    await asyncio.gather(*(register(chat, name="王一甲", phone=chat.phone) for chat in everybody))


async def check_nothing_is_open(url: str, everybody: list[Chat]) -> None:
    database = Database(url)
    async with database.read() as conn:
        phones = (await conn.execute(select(accounts.c.phone))).scalars().all()
        assert sorted(map(str, phones)) == sorted(str(chat.phone) for chat in everybody)
        still_open = select(func.count()).select_from(inbox).where(inbox.c.done_at.is_(None))
        assert await conn.scalar(still_open) == 0
        assert await conn.scalar(select(func.count()).select_from(chats).where(chats.c.pending.is_not(None))) == 0
    await database.dispose()


@pytest.mark.slow
async def test_workers_share_a_webhooks_port_and_show_each_answer_once(
    url: str, server: Served, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ops = random.randrange(20_000, 30_000)
    webhook = {
        "OPS__BOT_PORT": str(ops),
        "TELEGRAM__MODE": "webhook",
        "TELEGRAM__WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
        "TELEGRAM__WEBHOOK_SECRET": "a-good-secret_0123456789",
        "TELEGRAM__LISTEN_PORT": str(port),
    }
    async with running(server, url, tmp_path, 3, **webhook) as parent, Sandbox.connect(server.url, bot=BOT_ID) as box:
        async with httpx.AsyncClient(trust_env=False) as watch:
            for number in range(3):
                ready = await watch.get(f"http://127.0.0.1:{ops + 2 * number}/readyz", timeout=10)
                assert (ready.status_code, ready.text) == (200, "ready\n")
        everybody = await people(box, 6)
        # Longer than a lease: an answer on its way is nobody else's, as long as its worker lives.
        await box.fail("error", "sendMessage", retry_after=18)
        await asyncio.gather(register_all(everybody), asyncio.sleep(20))
        for chat in everybody:
            told = [call["params"].get("text", "") for call in await box.traffic(chat=chat) if call["answer"]["ok"]]
            asked = Counter(text.partition("（")[2].partition("）")[0] for text in told if "/9" in text)
            assert set(asked.values()) == {1}, chat.transcript()
        assert await parent.stop() == Exit.OK
    await check_nothing_is_open(url, everybody)


@pytest.mark.slow
async def test_workers_that_are_killed_are_started_again_and_nothing_is_lost(
    url: str, server: Served, tmp_path: Path
) -> None:
    async with running(server, url, tmp_path, 3) as parent, Sandbox.connect(server.url, bot=BOT_ID) as box:
        await parent.until("This process leads", 1)
        everybody = await people(box, 8)
        registering = asyncio.create_task(register_all(everybody))
        for deaths in range(1, 5):
            os.kill(random.choice(parent.workers), signal.SIGKILL)
            await parent.until("A worker has died", deaths)
            await parent.until("The bot runs", 3 + deaths)
        await asyncio.wait_for(registering, PATIENCE)
        for pid in parent.workers:
            os.kill(pid, signal.SIGTERM)  # as systemd does, beside the parent
        assert await parent.stop() == Exit.OK
    await check_nothing_is_open(url, everybody)


@pytest.mark.slow
async def test_workers_end_with_their_parent_however_it_ends(url: str, server: Served, tmp_path: Path) -> None:
    async with running(server, url, tmp_path, 2) as parent:
        workers = parent.workers
        assert len(workers) == 2
        parent.process.kill()
        for pid in workers:
            await asyncio.wait_for(_gone(pid), 15)
    database = Database(url)
    async with database.read() as conn:
        assert (await conn.execute(select(leases))).all() == []  # they had the time to give up what they held
    await database.dispose()


@pytest.mark.slow
async def test_a_start_that_fails_ends_all_workers_with_its_sentence(url: str, server: Served, tmp_path: Path) -> None:
    env = environment(tmp_path, server.url, url) | {"CLINIC_BOT__TELEGRAM__TOKEN": "700003:unknown-here"}
    command = (sys.executable, "-m", "bot", "run", "--workers", "2")
    process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == Exit.TOKEN
    assert b"Telegram refused the bot's token" in said
    assert b"Traceback" not in said
    assert b"Unclosed" not in said


@pytest.mark.slow
async def test_many_that_upgrade_one_postgresql_at_once_all_find_it_done(empty_url: str, tmp_path: Path) -> None:
    env = environment(tmp_path, "http://127.0.0.1:1", empty_url)
    command = (sys.executable, "-m", "bot", "db", "upgrade")
    processes = [await asyncio.create_subprocess_exec(*command, env=env) for _ in range(3)]
    assert [await process.wait() for process in processes] == [0] * 3
    database = Database(empty_url)
    assert await database.is_current()
    await database.dispose()


def test_several_on_sqlite_are_refused_with_the_mend(machine: Machine) -> None:
    ended = machine.run("run", "--workers", "2")
    assert ended.code == Exit.CONFIGURATION
    assert "PostgreSQL" in ended.sentence
    assert not (machine.folder / "data").exists()


async def _gone(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
            if stat.rpartition(")")[2].split()[0] == "Z":  # its parent is gone, and nobody here buries it
                return
            await asyncio.sleep(0.05)
