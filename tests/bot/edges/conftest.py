"""A stub of Telegram and a bot that talks to it."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from telegram.ext import ExtBot

from bot.telegram import RawBot, build_bot
from core.settings import Telegram
from tests.bot.edges.telegram_stub import TOKEN, TelegramStub


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
