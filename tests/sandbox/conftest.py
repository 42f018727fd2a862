"""A sandbox for each test, and bots to try it with: python-telegram-bot's own, and a small one that chats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from telegram import Bot, Update

from sandbox.client import Chat, Sandbox
from sandbox.server import Served, serve

TOKEN = "123456:sandbox-test-token"

Answer = Callable[[Bot, Update], Awaitable[object]]


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with serve(people=()) as served:
        yield served


@pytest.fixture
async def bot(server: Served) -> AsyncIterator[Bot]:
    """The library's own Bot, over real HTTP."""
    async with Bot(TOKEN, base_url=f"{server.url}/bot", base_file_url=f"{server.url}/file/bot") as bot:
        yield bot


@pytest.fixture
async def sandbox(server: Served, bot: Bot) -> AsyncIterator[Sandbox]:
    async with Sandbox.connect(server.url, bot=bot.id, patience=2.0) as sandbox:
        yield sandbox


@pytest.fixture
async def li(sandbox: Sandbox) -> Chat:
    """A person who has written to the bot."""
    chat = await sandbox.person("李雷", phone="13812345678")
    await chat.send("/start", wait=False)
    return chat


@pytest.fixture
async def answering(bot: Bot) -> AsyncIterator[Callable[[Answer], None]]:
    """Starts a bot that polls and answers every update with a function of the test's."""
    tasks: list[asyncio.Task[None]] = []

    def start(answer: Answer) -> None:
        tasks.append(asyncio.create_task(_poll(bot, answer)))

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _poll(bot: Bot, answer: Answer) -> None:
    offset = 0
    while True:
        for update in await bot.get_updates(offset=offset, timeout=10):
            await answer(bot, update)
            offset = update.update_id + 1
