"""How late a timer of an event loop is: `python -m benchmarks.probe FILE` for a loop that has nothing else to do,
`python -m benchmarks.probe FILE bot` for the bot's own, as `bot run` starts it, with this timer beside its work.

Each time it is a millisecond late or more, the moment (seconds of the machine's monotonic clock) and the delay
(seconds) go into the file when the process ends.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import uvloop

from bot.cli.serving import serve
from core import logs
from core.settings import load_settings

_EVERY: Final = 0.002  # seconds
_LATE: Final = 0.001


async def _probe(found: list[tuple[float, float]]) -> None:
    while True:
        due = time.perf_counter() + _EVERY
        await asyncio.sleep(_EVERY)
        now = time.perf_counter()
        if now - due >= _LATE:
            found.append((now, now - due))


async def _beside(work: Coroutine[Any, Any, object], file: Path) -> None:
    found: list[tuple[float, float]] = []
    probing = asyncio.create_task(_probe(found))
    try:
        await work
    finally:
        probing.cancel()
        file.write_text("".join(f"{at} {late}\n" for at, late in found))


async def _nothing() -> None:
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
    await done.wait()


def main(file: Path, *, bot: bool) -> None:
    """Until SIGTERM."""
    if bot:
        settings = load_settings()
        logs.set_up(settings.logging)
        work: Coroutine[Any, Any, object] = serve(settings)
    else:
        work = _nothing()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_beside(work, file))


if __name__ == "__main__":
    main(Path(sys.argv[1]), bot=sys.argv[2:] == ["bot"])
