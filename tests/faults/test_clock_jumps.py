"""A clock that jumps forward and back under load: nobody waits for a time that was never to come."""

from pathlib import Path

import pytest

from tests.faults.clinic import clinic, figures
from tests.faults.process import BotProcess

MINUTE, HOUR, DAY = 60, 3600, 86400
# Within what a dialog lets its person be away for; only back jumps are longer.
JUMPS = (5 * MINUTE, -3 * HOUR, 8 * MINUTE, -2 * DAY, 1 * MINUTE)


@pytest.mark.slow
async def test_people_are_served_while_the_clock_jumps(database_url: str, tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    async with clinic(tmp_path, database_url) as here:
        here.even = False
        env = here.environment | {"CLOCK_OFFSET": str(offset)}
        here.bot = BotProcess(env, tmp_path / "bot.log", module="tests.faults.jumping")
        now = 0
        offset.write_text(str(now))
        await here.bot.start()
        await here.bot.running()
        await here.open()
        for jump in JUMPS:
            await here.amid(calls=150)
            now += jump
            moved = tmp_path / "moved"
            moved.write_text(str(now))
            moved.replace(offset)  # at once: half a number would be another jump
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, f"{len(JUMPS)} jumps of the clock"))
