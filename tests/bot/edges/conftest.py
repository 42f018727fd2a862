"""A stub of Telegram, a bot that talks to it, and what was logged meanwhile."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from telegram.ext import ExtBot

from bot.telegram import RawBot, build_bot
from core.settings import Telegram
from storage.database import Database
from tests.bot.edges.machine import Machine
from tests.bot.edges.receiving import Receiving
from tests.bot.edges.telegram_stub import TOKEN, TelegramStub
from tests.databases import copy_sqlite

Said = Callable[[str], int]


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStub]:
    async with TelegramStub() as stub:
        yield stub


@pytest.fixture
def telegram_settings(telegram: TelegramStub) -> Telegram:
    return Telegram(token=SecretStr(TOKEN), api_url=telegram.url, messages_per_second=0)


@pytest.fixture
async def bot(telegram_settings: Telegram) -> AsyncIterator[ExtBot[int]]:
    async with build_bot(telegram_settings) as bot:
        yield bot


@pytest.fixture
def raw(bot: ExtBot[int]) -> RawBot:
    return RawBot(bot)


@pytest.fixture
def receiving(database: Database) -> Receiving:
    return Receiving(database)


@pytest.fixture
def said() -> Iterator[Said]:
    """How often a log line that begins so was written."""
    with capture_logs() as lines:
        yield lambda start: sum(str(line["event"]).startswith(start) for line in lines)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine.ready(tmp_path)


@pytest.fixture
def clinic(tmp_path: Path, sqlite_template: Path) -> Machine:
    """A machine whose database has its tables."""
    folder = tmp_path / "data"
    folder.mkdir()
    return Machine.ready(tmp_path, database_url=copy_sqlite(sqlite_template, folder / "clinic.db"))
