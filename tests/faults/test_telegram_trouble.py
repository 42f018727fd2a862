"""Telegram away, slow, refusing, cutting off, delivering twice and out of order: people wait, and get their answers."""

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clinic import Clinic, clinic, figures

SECONDS = int(os.environ.get("FAULTS_SECONDS", "25"))
TROUBLES: tuple[dict[str, Any], ...] = (
    {"kind": "error", "status": 502, "times": 5},
    {"kind": "error", "status": 500, "times": 3, "method": "getUpdates"},
    {"kind": "error", "retry_after": 1, "times": 4},
    {"kind": "error", "retry_after": 1, "times": 1, "method": "getUpdates"},
    {"kind": "slow", "seconds": 2.0, "times": 5},
    {"kind": "cut", "times": 5},
    {"kind": "cut", "times": 2, "method": "getUpdates"},
    {"kind": "cut_after", "times": 5},
    {"kind": "cut_after", "times": 2, "method": "getUpdates"},
    {"kind": "cut_after", "times": 3, "method": "sendMessage"},
)


@pytest.mark.slow
async def test_people_are_served_while_telegram_makes_trouble_of_every_kind(database_url: str, tmp_path: Path) -> None:
    async with clinic(tmp_path, database_url) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open()
        loop = asyncio.get_running_loop()
        over = loop.time() + SECONDS
        while loop.time() < over:
            for trouble in random.sample(TROUBLES, 3):
                await here.sandbox.fail(**trouble)
            if random.random() < 0.5:
                await here.sandbox.change_bot(repeat=random.randint(1, 20))
            if random.random() < 0.5 and not held(here):
                await here.sandbox.change_bot(reverse=3)  # fewer than those who are at it: somebody always lets them go
            await asyncio.sleep(random.uniform(0.5, 3))
            here.fail_early()
        await here.sandbox.heal()
        while held(here):
            here.fail_early()
            await asyncio.sleep(0.1)
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, f"{SECONDS} s of trouble with Telegram"))


@pytest.mark.slow
async def test_a_telegram_that_was_away_finds_everything_done(database_url: str, tmp_path: Path) -> None:
    async with clinic(tmp_path, database_url) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open()
        await asyncio.sleep(3)
        for method in ("", "getUpdates"):  # all calls but getUpdates, and that one
            await here.sandbox.fail("cut", method, times=1_000_000)
        await asyncio.sleep(15)
        await here.sandbox.heal()
        await here.close()
        assert await here.bot.stop() == 0


def held(here: Clinic) -> int:
    """How many updates must still come before those held back are let go, in reverse order."""
    return sum(bot.updates.hold for bot in here.served.world.bots.values())
