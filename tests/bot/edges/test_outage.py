"""Waiting for what is away."""

import asyncio

import pytest

from bot.outage import Outage
from tests.bot.edges.conftest import Said


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, without waiting for them."""
    made: list[float] = []

    async def pause(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return made


async def test_pauses_double_up_to_the_longest_with_some_jitter(pauses: list[float]) -> None:
    away = Outage(first=1, longest=60)
    for _ in range(10):
        await away.pause("away")
    for made, meant in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60], strict=True):
        assert 0.75 * meant <= made <= 1.25 * meant


async def test_when_it_is_back_the_next_pause_is_short_again(pauses: list[float]) -> None:
    away = Outage(first=1)
    for _ in range(5):
        await away.pause("away")
    away.over("back")
    await away.pause("away")
    assert pauses[-1] <= 1.25


async def test_a_thing_is_said_once_until_something_else_is_true(pauses: list[float], said: Said) -> None:
    away = Outage()
    away.over("back")
    assert said("back") == 0
    for sentence in ("away", "away", "another poller", "away"):
        await away.pause(sentence)
    away.over("back")
    away.over("back")
    assert (said("away"), said("another poller"), said("back")) == (2, 1, 1)
