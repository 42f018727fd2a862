"""A sandbox for each test, and bots to try it with: python-telegram-bot's own, and a small one that chats."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from telegram import Bot, Update
from telegram.request import HTTPXRequest

from sandbox.client import Chat, Sandbox
from sandbox.server import Served, serve

TOKEN = "123456:sandbox-test-token"

Answer = Callable[[Bot, Update], Awaitable[object]]


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    """What it answers fits the Bot API's description in every test, whatever it was asked."""
    async with serve(people=()) as served:
        yield served
        assert not list(served.world.own_problems)


@pytest.fixture
async def bot(server: Served) -> AsyncIterator[Bot]:
    """The library's own Bot, over real HTTP."""
    async with library_bot(server.url) as bot:
        yield bot


def library_bot(url: str, token: str = TOKEN) -> Bot:
    """A Bot for a sandbox. Without TLS to check: reading the machine's certificates takes longer than most tests."""
    return Bot(
        token,
        base_url=f"{url}/bot",
        base_file_url=f"{url}/file/bot",
        request=HTTPXRequest(httpx_kwargs={"verify": False}),
        get_updates_request=HTTPXRequest(httpx_kwargs={"verify": False}),
    )


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


class RawApi:
    """Calls without a library between: what exactly the server answers."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str = TOKEN) -> None:
        self.session = session
        self.url = url
        self.token = token

    async def __call__(self, method: str, **params: Any) -> dict[str, Any]:
        """A JSON call; the whole answer."""
        async with self.session.post(f"{self.url}/bot{self.token}/{method}", json=params) as answer:
            body: dict[str, Any] = await answer.json()
            assert answer.status == body.get("error_code", 200)
            return body

    async def refusal(self, method: str, **params: Any) -> str:
        """The description of a call that has to fail."""
        answer = await self(method, **params)
        assert not answer["ok"], answer
        return str(answer["description"])


@pytest.fixture
async def api(server: Served, bot: Bot) -> AsyncIterator[RawApi]:
    async with aiohttp.ClientSession() as session:
        yield RawApi(session, server.url)


def png(width: int = 3, height: int = 2) -> bytes:
    """A small grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
