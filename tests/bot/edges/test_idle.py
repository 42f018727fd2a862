"""A bot that nobody writes to costs next to nothing: what docs/operations.md says of it is counted."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event

from bot.app import App
from core.keys import make_secrets
from core.settings import SecretSources, Settings, Telegram
from sandbox.server import Served, serve
from storage.database import Database
from tests.bot.edges.machine import ROOT, Machine
from tests.bot.edges.test_workers import running
from tests.databases import PostgresServer, copy_sqlite

COUNTED = 30.0  # seconds: whatever is looked at at rest comes in them
TRIES = 4  # the first one has what a start does once; a machine that is busy may take longer over that
MOST_OF_A_CORE = 0.01


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return copy_sqlite(sqlite_template, tmp_path / "clinic.db")


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with serve(people=()) as served:
        yield served


def told(row: str) -> dict[str, int]:
    """What the page says that a bot sends in a minute."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    [(statements, transactions)] = re.findall(rf"^\| {re.escape(row)} \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    return {"statements": int(statements), "transactions": int(transactions)}


class Counting:
    """What a bot sends its database."""

    def __init__(self, database: Database) -> None:
        self.sent: Counter[str] = Counter()
        engine = database._engine.sync_engine
        event.listen(engine, "before_cursor_execute", self._execute)
        event.listen(engine, "begin", lambda _conn: self.sent.update(["transactions"]))

    def _execute(self, _conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            self.sent["statements"] += 1


async def in_a_minute(bots: list[Counting]) -> list[Counter[str]]:
    """How often each sends what, as counted over half of one."""
    for bot in bots:
        bot.sent.clear()
    await asyncio.sleep(COUNTED)
    return [Counter({what: round(times * 60 / COUNTED) for what, times in bot.sent.items()}) for bot in bots]


def unlike(found: Counter[str], row: str) -> list[str]:
    """What is further from the page's figures than a job more or less."""
    return [
        f"{row}: {what} {found[what]}, not {times}"
        for what, times in told(row).items()
        if not 0.6 * times <= found[what] <= 1.2 * times
    ]


@pytest.mark.slow
async def test_a_bot_at_rest_sends_as_few_statements_as_the_page_says(
    settings: Settings, server: Served, sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    def app(url: str, token: str) -> App:
        storage = settings.storage.model_copy(update={"database_url": url})
        telegram = Telegram(token=SecretStr(token), api_url=server.url)
        return App(settings.model_copy(update={"storage": storage, "telegram": telegram, "secrets": secrets}))

    files: dict[str, Any] = {f"{file.name}_file": str(file) for file in make_secrets(tmp_path / "secrets")}
    secrets = SecretSources(**files)
    async with (
        app(sqlite_url, "700001:alone") as alone,
        app(postgres_url, "700002:with-another") as first,
        app(postgres_url, "700002:with-another") as second,
    ):
        bots = [Counting(each.database) for each in (alone, first, second)]
        for _ in range(TRIES):
            alone_sent, *sent = await in_a_minute(bots)
            follower, leader = sorted(sent, key=Counter.total)
            wrong = [
                *unlike(alone_sent, "a bot on SQLite"),
                *unlike(follower, "a worker on PostgreSQL"),
                *unlike(leader, "… that also polls and has the timers"),
            ]
            if not wrong:
                return
    pytest.fail("\n".join(wrong))


@pytest.mark.slow
async def test_a_bot_at_rest_takes_under_a_hundredth_of_a_core(
    server: Served, sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    machine = Machine.ready(tmp_path, api_url=server.url, database_url=sqlite_url)
    workers = tmp_path / "workers"
    workers.mkdir()
    async with machine.bot() as alone, running(server, postgres_url, workers, 2) as parent:
        await alone.says("The bot runs")
        pids = [alone.process.pid, parent.process.pid, *parent.workers]
        assert len(pids) == 4
        for _ in range(TRIES):
            before = [processor_seconds(pid) for pid in pids]
            await asyncio.sleep(COUNTED)
            taken = [(processor_seconds(pid) - start) / COUNTED for pid, start in zip(pids, before, strict=True)]
            if max(taken) < MOST_OF_A_CORE:
                return
    pytest.fail(f"Of a core: {taken}")


def processor_seconds(pid: int) -> float:
    """Of one process, in the program and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
