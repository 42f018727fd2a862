"""The whole bot in one process: what starts and stops in which order, and what is left behind."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, insert, select

from bot.app import App
from bot.telegram import TokenRefused
from bot.webhook import PATH, ListenError
from core.keys import make_secrets
from core.settings import SecretSources, Settings, SettingsError, Storage, Telegram
from sandbox.client import Sandbox
from sandbox.server import serve
from storage.database import Database
from storage.errors import StorageError
from storage.tables.accounts import outbox
from storage.tables.updates import chats, inbox
from tests.bot.edges.telegram_stub import TOKEN, TelegramStub, message
from tests.conftest import SetClock

Configure = Callable[..., Settings]


@pytest.fixture
def configure(settings: Settings, telegram: TelegramStub, tmp_path: Path, database_url: str) -> Configure:
    """Settings for the stub of Telegram and this database; `telegram` settings can be changed."""
    keys: dict[str, Any] = {f"{file.name}_file": str(file) for file in make_secrets(tmp_path / "secrets")}

    def configured(**changes: Any) -> Settings:
        connection: dict[str, Any] = {"token": SecretStr(TOKEN), "api_url": telegram.url, "messages_per_second": 0}
        parts = {
            "telegram": Telegram(**connection | changes),
            "storage": Storage(database_url=database_url),
            "secrets": SecretSources(**keys),
        }
        return settings.model_copy(update=parts)

    return configured


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def webhook(port: int) -> dict[str, Any]:
    return {
        "mode": "webhook",
        "webhook_url": f"http://127.0.0.1:{port}{PATH}",
        "webhook_secret": SecretStr("a-good-secret_0123456789"),
        "listen_port": port,
    }


def running_parts() -> set[str]:
    """What of the bot runs in this process; the stub of Telegram has tasks of its own."""
    names = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}
    return {
        name for name in names if name.partition(".")[0] in {"Polling", "Runner", "Notices", "Scheduler", "Showing"}
    }


async def open_rows(url: str) -> int:
    """Updates that are not handled and answers that are not shown."""
    database = Database(url)
    try:
        async with database.read() as conn:
            updates = select(func.count()).select_from(inbox).where(inbox.c.done_at.is_(None))
            answers = select(func.count()).select_from(chats).where(chats.c.pending.is_not(None))
            return int((await conn.execute(updates)).scalar_one() + (await conn.execute(answers)).scalar_one())
    finally:
        await database.dispose()


async def test_the_same_story_comes_through_the_webhook(configure: Configure) -> None:
    port = free_port()
    async with serve(people=()) as server:
        settings = configure(api_url=server.url, **webhook(port))
        async with (
            App(settings) as app,
            Sandbox.connect(server.url, settled=app.idle, bot=app.bot.id) as sandbox,
        ):
            li = await sandbox.person("李雷")
            await li.send("/start")
            assert settings.clinic.name in li.screen


async def test_what_was_received_is_handled_and_shown_before_it_stops(
    configure: Configure, telegram: TelegramStub, database_url: str
) -> None:
    telegram.slow("sendMessage", 0.3)
    async with App(configure()):
        telegram.arrive(message(11, "/start"))
        await telegram.until(lambda: telegram.calls("sendMessage"))
    assert await open_rows(database_url) == 0


async def test_stopping_at_any_moment_is_quick_and_leaves_no_task_behind(configure: Configure) -> None:
    for milliseconds in range(0, 20, 2):
        async with App(configure()):
            assert {"Runner.run", "Notices.run", "Scheduler.run"} <= running_parts()  # who polls first takes a lease
            await asyncio.sleep(milliseconds / 1000)
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 2
        assert running_parts() == set()


async def test_waiting_for_quiet_ends_when_the_token_is_revoked(configure: Configure, telegram: TelegramStub) -> None:
    async with App(configure()) as app:
        telegram.fail("getUpdates", 401, "Unauthorized")
        with pytest.raises(TokenRefused):
            await app.wait()
        with pytest.raises(TokenRefused):
            await app.idle()


async def test_a_start_that_fails_half_way_leaves_nothing_open(configure: Configure) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ListenError):
            await App(configure(**webhook(taken.getsockname()[1]))).__aenter__()
    assert running_parts() == set()
    async with App(configure()):  # the database is free again
        pass


async def test_settings_are_checked_before_anything_is_touched(configure: Configure, telegram: TelegramStub) -> None:
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET"):
        await App(configure(**webhook(1) | {"webhook_secret": SecretStr("short")})).__aenter__()
    assert telegram.asked == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_second_bot_on_one_sqlite_file_is_refused(configure: Configure) -> None:
    async with App(configure()):
        with pytest.raises(StorageError, match="Another bot process is using"):
            await App(configure()).__aenter__()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_any_number_of_bots_share_a_postgresql(configure: Configure, telegram: TelegramStub) -> None:
    one, other = webhook(free_port()), webhook(free_port())
    async with App(configure(**one)), App(configure(**other)):
        assert len(telegram.calls("setWebhook")) == 2


async def notify(app: App, clock: SetClock) -> None:
    """Something happened to the account of the person who writes in these tests."""
    async with app.database.write() as conn:
        notice = {"telegram_user_id": 7, "kind": "restored", "params": {}, "created_at": clock(), "due_at": clock()}
        await conn.execute(insert(outbox).values(**notice))
    await app.idle()


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "恢复"), ("en", "works again")])
async def test_a_notice_is_read_in_ones_own_language(
    configure: Configure, telegram: TelegramStub, clock: SetClock, language: str, words: str
) -> None:
    async with App(configure(), clock=clock) as app:
        greeting = message(11, "/start")
        greeting["message"]["from"]["language_code"] = language
        telegram.arrive(greeting)
        await telegram.until(lambda: telegram.confirmed == [11])
        await app.idle()
        await notify(app, clock)
    assert words in telegram.calls("sendMessage")[-1]["text"]


async def test_who_blocked_the_bot_is_left_in_peace(
    configure: Configure, telegram: TelegramStub, clock: SetClock
) -> None:
    sender = message(11)["message"]["from"]
    left = {"old_chat_member": {"status": "member", "user": {}}, "new_chat_member": {"status": "kicked", "user": {}}}
    blocked = {"chat": {"id": 7, "type": "private"}, "from": sender, "date": 1, **left}
    async with App(configure(), clock=clock) as app:
        telegram.arrive(message(11, "/start"), {"update_id": 12, "my_chat_member": blocked})
        await telegram.until(lambda: telegram.confirmed == [11, 12])
        await app.idle()
        before = len(telegram.calls("sendMessage"))
        await notify(app, clock)
        assert len(telegram.calls("sendMessage")) == before
