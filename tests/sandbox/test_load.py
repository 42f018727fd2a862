"""Many people at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from telegram import Bot, Update

from sandbox.client import Chat, Sandbox
from tests.sandbox.conftest import Answer


async def echo(bot: Bot, update: Update) -> None:
    assert update.message
    await update.message.reply_text(f"{update.message.chat.first_name} said {update.message.text}")


async def talk(person: Chat, words: int) -> None:
    for word in range(words):
        await person.send(str(word))
        assert person.screen == f"{person.name} said {word}"


async def crowd(sandbox: Sandbox, size: int, words: int) -> float:
    """Seconds that so many people take to say so many words each, all at once."""
    sandbox.patience = 60
    people = await asyncio.gather(*(sandbox.person(f"P{number}") for number in range(size)))
    began = time.monotonic()
    await asyncio.gather(*(talk(person, words) for person in people))
    return time.monotonic() - began


async def test_people_at_once_each_get_their_own_answer(sandbox: Sandbox, answering: Callable[[Answer], None]) -> None:
    answering(echo)
    await crowd(sandbox, 30, 2)


@pytest.mark.slow
async def test_five_hundred_people_at_once(sandbox: Sandbox, answering: Callable[[Answer], None]) -> None:
    # The bot answers one after another through the library's own HTTP, all in this one process: it is most of the time.
    answering(echo)
    assert await crowd(sandbox, 500, 4) < 60
