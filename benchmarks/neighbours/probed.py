"""The bot as it ships, watched from inside: `python -m benchmarks.neighbours.probed FILE` is `python -m bot run`.

Into FILE goes a line for every lag of its loop that is worth a word: the moment and the seconds.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

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


if __name__ == "__main__":
    _probe(Path(sys.argv.pop()))
    sys.argv.append("run")
    sys.exit(main())
