"""SIGTERM in the middle of everything: what was begun is drained or left for the next start, and nothing is lost."""

import os
from pathlib import Path

import pytest

from tests.faults.clinic import clinic, figures

STOPS = int(os.environ.get("FAULTS_KILLS", "4"))


@pytest.mark.slow
async def test_people_are_served_while_the_bot_is_stopped_again_and_again(database_url: str, tmp_path: Path) -> None:
    async with clinic(tmp_path, database_url) as here:
        await here.bot.start()
        await here.open()
        for number in range(STOPS):
            await here.bot.running()
            await here.amid(calls=150)
            if number % 2:
                await here.sandbox.fail("error", "sendMessage", status=502, times=1_000_000)
            assert await here.bot.stop() == 0
            await here.sandbox.heal()
            await here.bot.start()
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, f"{STOPS} stops"))
