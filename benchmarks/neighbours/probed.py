"""The bot as it ships, watched from inside: `python -m benchmarks.neighbours.probed FILE` is `python -m bot run`.

Into FILE goes a line for every lag of its loop that is worth a word: the moment and the seconds. `… FILE SECONDS`: who
logs in waits so long in place of the hash, and is let in.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

import bcrypt

from benchmarks.neighbours.lag import watch
from bot.app import App
from bot.cli import main

_WORTH: Final = 0.001


def _probe(path: Path) -> None:
    entered = App.__aenter__
    watching: list[asyncio.Task[None]] = []  # a task that nobody holds may be collected

    async def enter(app: App) -> App:
        file = path.open("a", buffering=1)

        def note(now: float, late: float) -> None:
            if late > _WORTH:
                file.write(f"{now} {late}\n")

        watching.append(asyncio.create_task(watch(note)))
        return await entered(app)

    App.__aenter__ = enter  # type: ignore[assignment, method-assign]


def _wait_for_hashes(seconds: float) -> None:
    def check(password: bytes, hashed_password: bytes) -> bool:
        del password, hashed_password
        time.sleep(seconds)
        return True

    bcrypt.checkpw = check


if __name__ == "__main__":
    _, lags, *waits = sys.argv
    _probe(Path(lags))
    if waits:
        _wait_for_hashes(float(waits[0]))
    sys.argv[1:] = ["run"]
    sys.exit(main())
