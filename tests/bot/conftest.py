"""The whole bot against the sandbox, over real HTTP, with a clock the test sets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app import App
from core.keys import make_secrets
from core.settings import SecretSources, Settings, Telegram
from sandbox.client import Chat, Sandbox
from sandbox.server import Served, serve
from tests.bot.overheard import Overheard, overheard
from tests.conftest import SetClock

TOKEN = "700001:bot-under-test"
PASSWORD = "correct horse battery"


@dataclass
class Clinic:
    """A running bot, its sandbox, and the people who chat."""

    app: App
    sandbox: Sandbox
    server: Served
    clock: SetClock
    heard: Overheard

    async def person(self, name: str = "李雷", *, language: str = "zh-hans", phone: str = "13812345678") -> Chat:
        """Somebody who has not written yet."""
        return await self.sandbox.person(name, language=language, phone=phone)


@asynccontextmanager
async def running(settings: Settings, server: Served, clock: SetClock) -> AsyncIterator[Clinic]:
    """The bot and a client of its sandbox, for the length of a block. Passwords and medical histories stay unread."""
    async with AsyncExitStack() as stack:
        heard = stack.enter_context(overheard())
        app = await stack.enter_async_context(App(settings, clock=clock))
        sandbox = await stack.enter_async_context(
            Sandbox.connect(server.url, settled=app.idle, bot=int(TOKEN.partition(":")[0]))
        )
        yield Clinic(app, sandbox, server, clock, heard)
    heard.check(Path(settings.storage.photos_url).parent)


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    """What the bot calls, and what it is answered, fits the Bot API's description in every test."""
    async with serve(people=()) as served:
        yield served
        assert not list(served.world.call_problems)
        assert not list(served.world.own_problems)


@pytest.fixture
def bot_settings(settings: Settings, tmp_path: Path, server: Served, database_url: str) -> Settings:
    files: dict[str, Any] = {f"{file.name}_file": str(file) for file in make_secrets(tmp_path / "secrets")}
    return settings.model_copy(
        update={
            "telegram": Telegram(token=SecretStr(TOKEN), api_url=server.url, messages_per_second=0),
            "storage": settings.storage.model_copy(update={"database_url": database_url}),
            "secrets": SecretSources(**files),
        }
    )


@pytest.fixture
async def clinic(bot_settings: Settings, server: Served, clock: SetClock) -> AsyncIterator[Clinic]:
    async with running(bot_settings, server, clock) as clinic:
        yield clinic


async def register(chat: Chat, *, name: str = "王小明", password: str = PASSWORD) -> None:
    """Registers a patient by their own contact, in Chinese, skipping all that is optional."""
    await chat.send("/register")
    await chat.press("患者")
    await chat.press("我同意")
    await chat.share_contact()
    await chat.send(name)
    for _ in range(3):
        await chat.press("跳过")
    await chat.press("下一步：设置密码")
    await chat.send(password)
