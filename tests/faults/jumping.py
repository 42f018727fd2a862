"""The bot with a clock that a story moves: `python -m tests.faults.jumping run`.

Its offset in seconds is read from the file that $CLOCK_OFFSET names, each time that the bot looks at the clock.
"""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import App
from core import logs
from core.settings import load_settings


async def run(offset: Path) -> None:
    """Until SIGTERM."""

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(offset.read_text()))

    settings = load_settings()
    logs.set_up(settings.logging)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with App(settings, clock=clock) as app:
        failing = asyncio.create_task(app.wait())
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({failing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        failing.cancel()


if __name__ == "__main__":
    asyncio.run(run(Path(os.environ["CLOCK_OFFSET"])))
