"""kill -9 of the bot at random moments of everything at once: nothing is lost, nothing is doubled, all are told."""

import os
import random
from pathlib import Path

import pytest

from tests.faults.clinic import clinic, figures

KILLS = int(os.environ.get("FAULTS_KILLS", "15"))


@pytest.mark.slow
async def test_people_are_served_while_the_bot_is_killed_again_and_again(database_url: str, tmp_path: Path) -> None:
    async with clinic(tmp_path, database_url) as here:
        here.hasty = True
        await here.bot.start()
        await here.open()
        for _ in range(KILLS):
            if random.random() < 0.9:  # else it may be killed while it starts
                await here.bot.running()
                await here.amid(calls=100)
            await here.bot.kill()
            await here.bot.start()
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, f"{KILLS} kills"))
