"""Many people at once."""

from __future__ import annotations

import asyncio
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


async def crowd(sandbox: Sandbox, size: int, words: int) -> None:
    """So many people say so many words each, all at once."""
    sandbox.patience = 120
    people = await asyncio.gather(*(sandbox.person(f"P{number}") for number in range(size)))
    await asyncio.gather(*(talk(person, words) for person in people))


async def test_people_at_once_each_get_their_own_answer(sandbox: Sandbox, answering: Callable[[Answer], None]) -> None:
    answering(echo)
    await crowd(sandbox, 30, 2)


@pytest.mark.slow
async def test_five_hundred_people_at_once(sandbox: Sandbox, answering: Callable[[Answer], None]) -> None:
    # How fast: `python -m benchmarks.crowd`.
    answering(echo)
    await crowd(sandbox, 500, 2)
