"""A clock that jumps forward and back under load: nobody waits for a time that was never to come."""

from pathlib import Path

import pytest

from tests.faults.clinic import Clinic, clinic, figures
from tests.faults.process import BotProcess

MINUTE, HOUR, DAY = 60, 3600, 86400
# Within what a dialog lets its person be away for; only back jumps are longer.
JUMPS = (5 * MINUTE, -3 * HOUR, 8 * MINUTE, -2 * DAY, 1 * MINUTE)


@pytest.mark.slow
async def test_people_are_served_while_the_clock_jumps(database_url: str, tmp_path: Path) -> None:
    offset = tmp_path / "offset"
    async with clinic(tmp_path, database_url) as here:
        env = here.environment | {"CLOCK_OFFSET": str(offset)}
        here.bot = BotProcess(env, here.bot.log, module="tests.faults.jumping")
        await serve_while_it_jumps(here, offset)


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_people_are_served_while_the_system_clock_jumps(database_url: str, tmp_path: Path) -> None:
    """As the whole process sees it, its libraries too: by libfaketime, of Debian's package `faketime`."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not installed (apt install faketime), so the system's clock did not jump")
    offset = tmp_path / "offset"
    async with clinic(tmp_path, database_url) as here:
        faked = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # a clock that is set leaves that one alone
        }
        here.bot = BotProcess(here.environment | faked, here.bot.log)
        await serve_while_it_jumps(here, offset)


async def serve_while_it_jumps(here: Clinic, offset: Path) -> None:
    """`offset` is the file that says how many seconds the bot's clock is ahead."""
    now = 0
    offset.write_text(f"{now:+d}")
    await here.bot.start()
    await here.bot.running()
    await here.open()
    for jump in JUMPS:
        await here.amid(calls=150)
        now += jump
        moved = offset.with_name("moved")
        moved.write_text(f"{now:+d}")
        moved.replace(offset)  # at once: half a number would be another jump
    await here.close()
    assert await here.bot.stop() == 0
    print(figures(here, f"{len(JUMPS)} jumps of the clock"))
