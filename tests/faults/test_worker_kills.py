"""kill -9 among several workers on one PostgreSQL: of any one, of the one that polls, of the parent over them."""

import asyncio
import itertools
import os
import random
import signal
from pathlib import Path

import pytest

from tests.faults.books import rows
from tests.faults.clinic import Clinic, clinic, figures

KILLS = int(os.environ.get("FAULTS_KILLS", "6"))
WORKERS = 3


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_people_are_served_while_workers_and_their_parent_are_killed(database_url: str, tmp_path: Path) -> None:
    async with clinic(tmp_path, database_url, workers=WORKERS) as here:
        here.hasty = True
        await here.bot.start()
        await here.open()
        pack = await Pack.of(here)
        for _, whom in zip(range(KILLS), itertools.cycle(("any", "polling", "any", "parent")), strict=False):
            await here.amid(calls=100)
            if whom == "parent":
                await here.bot.kill()  # its workers notice, drain and end, while others start
                await here.bot.start()
                pack = await Pack.of(here)
            else:
                number = await pack.polling() if whom == "polling" else None
                await pack.lose(random.randrange(WORKERS) if number is None else number)
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, f"{KILLS} kills among {WORKERS} workers"))


class Pack:
    """The workers of the present parent: its number's process id for each."""

    def __init__(self, here: Clinic) -> None:
        self._here = here
        self._pids = dict(enumerate(here.bot.workers))  # they are started in the order of their numbers

    @classmethod
    async def of(cls, here: Clinic) -> "Pack":
        """Once all of them run."""
        await here.bot.running()
        return cls(here)

    async def polling(self) -> int | None:
        """The number of the worker that polls; None while none does."""
        held = await rows(self._here.evidence.database_url, "SELECT holder FROM leases WHERE name = 'polling'")
        return int(held[0]["holder"].rpartition("-")[2]) if held else None

    async def lose(self, number: int) -> None:
        """kill -9 of this one; the others go on alone until its parent has started another."""
        dead = self._pids[number]
        os.kill(dead, signal.SIGKILL)
        while not (new := set(self._here.bot.workers) - set(self._pids.values())):
            self._here.fail_early()
            await asyncio.sleep(0.05)
        self._pids[number] = new.pop()
