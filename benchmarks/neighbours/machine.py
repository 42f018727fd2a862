"""`python -m benchmarks.neighbours.machine`: what neighbours cost on this machine before any bot comes into it.

Two things that the bot's own work needs, each measured alone and beside what photos or logins do meanwhile, forth and
back: a core, while the others work; and the disk for a commit, while photos are written to it. Those neighbours are
processes of their own, which `benchmarks.neighbours` puts beside the bot, too.
"""

import asyncio
import os
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from io import BytesIO
from itertools import count
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import bcrypt
import typer

from benchmarks.neighbours.pictures import photo
from benchmarks.processes import started
from core.pictures import take

PHOTOS_A_SECOND: Final = 5
KEPT: Final = 12
"""Photos that lie there at a time, each in a file of its own. The first so many find no memory that was just freed."""
_COMMIT_BYTES: Final = 12_000  # a batch's pages in the WAL
_BETWEEN_COMMITS: Final = 0.003
_COST: Final = 12  # as the bot hashes
_TURNS: Final = 200_000  # of the loop: some ten milliseconds


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Times through all of it.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="Of each measurement.")] = 3.0,
) -> None:
    """Measure a core and the disk, alone and beside what neighbours do."""
    Path("artifacts").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="artifacts") as folder:  # on the project's disk, not in memory
        asyncio.run(_measure(Path(folder), rounds, seconds))


async def neighbour(stack: AsyncExitStack, does: str, folder: Path) -> None:
    """Begins to do this until the stack ends: `hashes`, `busy` (decodes) or `files` (writes photos below `folder`)."""
    own = stack.enter_context(tempfile.TemporaryDirectory(dir=folder))
    module = "benchmarks.neighbours.machine"
    process = await started(stack, sys.executable, "-m", module, does, own, stdout=PIPE)
    assert process.stdout
    await process.stdout.readline()


async def _measure(folder: Path, rounds: int, seconds: float) -> None:
    for name, beside, measure in (
        ("a loop in Python, beside a core that decodes", "busy", lambda: _core(seconds)),
        (f"{_COMMIT_BYTES:,} bytes to the disk, beside photos", "files", lambda: _disk(folder / "commits", seconds)),
    ):
        pairs = [await _pair(folder, beside, measure) for _ in range(rounds)]
        for at, what in ((0, "p50"), (1, "p99")):
            alone, with_it = (median(pair[n][at] for pair in pairs) for n in (0, 1))
            ratio = median(pair[1][at] / pair[0][at] for pair in pairs)
            print(f"{name}: {what} {1000 * alone:.2f} ms alone, {1000 * with_it:.2f} beside, {ratio:.2f} times")


async def _pair(folder: Path, beside: str, measure: Callable[[], list[float]]) -> list[tuple[float, float]]:
    """p50 and p99 in seconds, alone and beside it."""
    found = [_percentiles(measure())]
    async with AsyncExitStack() as stack:
        await neighbour(stack, beside, folder)
        found.append(_percentiles(measure()))
    return found


def _percentiles(taken: list[float]) -> tuple[float, float]:
    taken.sort()
    return taken[len(taken) // 2], taken[len(taken) * 99 // 100]


def _core(seconds: float) -> list[float]:
    def turn() -> None:
        for _ in range(_TURNS):
            pass

    return list(_timed(turn, seconds, 0))


def _disk(file: Path, seconds: float) -> list[float]:
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY)
    content = os.urandom(_COMMIT_BYTES)

    def commit() -> None:
        os.write(descriptor, content)
        os.fsync(descriptor)

    try:
        return list(_timed(commit, seconds, _BETWEEN_COMMITS))
    finally:
        os.close(descriptor)


def _timed(act: Callable[[], None], seconds: float, pause: float) -> Iterator[float]:
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        act()
        yield time.perf_counter() - began
        time.sleep(pause)


def _hashes() -> None:
    """As a hashing thread is: without pause, and behind everybody else."""
    print("begun", flush=True)
    os.nice(19)
    salt = bcrypt.gensalt(_COST)
    while True:
        bcrypt.hashpw(b"benchmark neighbour", salt)


def _busy() -> None:
    """As a picture process is."""
    print("begun", flush=True)
    os.nice(19)
    content = photo(0)
    while True:
        take(BytesIO(content))


def _files(folder: Path) -> None:
    """Photos that are kept, five a second."""
    print("begun", flush=True)
    content = os.urandom(5_500_000)
    for number in count():
        began = time.monotonic()
        with (folder / f"photo-{number}").open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        (folder / f"photo-{number - KEPT}").unlink(missing_ok=True)
        time.sleep(max(0.0, 1 / PHOTOS_A_SECOND - (time.monotonic() - began)))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["hashes", _]:
            _hashes()
        case ["busy", _]:
            _busy()
        case ["files", folder]:
            _files(Path(folder))
        case _:
            typer.run(main)
