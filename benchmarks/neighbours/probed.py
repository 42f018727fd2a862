"""The bot as it ships, watched from inside: `python -m benchmarks.neighbours.probed FILE` is `python -m bot run`.

Into FILE goes a line for every lag of its loop that is worth a word: the moment and the seconds. `… FILE SECONDS`: who
logs in waits so long in place of the hash, and is let in.

Between SIGUSR1 and SIGUSR2 photos go their way through it without anybody who sends them. For each that was kept a line
goes into FILE.photos: the moment.
"""

import asyncio
import signal
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Final

import bcrypt

from benchmarks.neighbours.lag import watch
from benchmarks.neighbours.machine import KEPT, PHOTOS_A_SECOND
from benchmarks.neighbours.walkers import FILE
from bot.app import App
from bot.cli import main
from bot.telegram import RawBot
from core.photos import PhotoKind, new_name

_WORTH: Final = 0.001
_UNDER_WAY: Final = 6  # as many as the bot itself fetches at a time


def photos_of(path: Path) -> Path:
    """Where the moments of photos are told, beside the lags."""
    return path.with_suffix(".photos")


def _probe(path: Path) -> None:
    entered = App.__aenter__
    watching: list[asyncio.Task[None]] = []  # a task that nobody holds may be collected

    async def enter(app: App) -> App:
        file = path.open("a", buffering=1)

        def note(now: float, late: float) -> None:
            if late > _WORTH:
                file.write(f"{now} {late}\n")

        watching.append(asyncio.create_task(watch(note)))
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, told.set)
        loop.add_signal_handler(signal.SIGUSR2, told.clear)
        await entered(app)
        watching.append(asyncio.create_task(_photos_alone(app, told, photos_of(path))))
        return app

    App.__aenter__ = enter  # type: ignore[assignment, method-assign]


async def _photos_alone(app: App, told: asyncio.Event, done: Path) -> None:
    """While told so, five a second are fetched, judged, written anew, sealed, kept, and leave the store after a while:
    no dialog, no database."""
    telegram, photos, kept, under_way = RawBot(app.bot), app.core.photos, list[str](), set[asyncio.Task[None]]()
    noted = done.open("a", buffering=1)

    async def one() -> None:
        photo = await photos.take(BytesIO(await telegram.download(FILE)))
        name = new_name(PhotoKind.CERTIFICATE)
        await photos.keep(name, photo)
        noted.write(f"{time.monotonic()}\n")
        kept.append(name)
        if len(kept) > KEPT:
            await photos.delete(kept.pop(0))

    while await told.wait():
        if len(under_way) < _UNDER_WAY:
            task = asyncio.create_task(one())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.sleep(1 / PHOTOS_A_SECOND)


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
