"""kill -9 of the database server under load: what was committed stays, what was not is done again."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from tests.faults.clinic import clinic, figures
from tests.faults.servers import postgres

KILLS = int(os.environ.get("FAULTS_KILLS", "6"))


@pytest.mark.slow
async def test_people_are_served_while_the_database_is_killed_again_and_again(tmp_path: Path) -> None:
    async with postgres() as server, clinic(tmp_path, server.url) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open()
        for _ in range(KILLS):
            await here.amid(calls=150)
            await server.kill()
            await asyncio.sleep(random.uniform(0, 2))
            await server.start()
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, f"{KILLS} kills of the database"))
