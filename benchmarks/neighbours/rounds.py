"""All windows in their turns, against one bot on SQLite, and what its processes took meanwhile."""

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from benchmarks.contestants import OurBot
from benchmarks.neighbours.lag import watch
from benchmarks.neighbours.machine import neighbour
from benchmarks.neighbours.probed import photos_of
from benchmarks.processes import cpu_seconds, cpu_seconds_of_children, machine_seconds, memory_mb, started

_WITHOUT_DIALOGS: Final = "photos without dialogs"
# What goes on beside the others in the bot, and what in processes that have nothing to do with it.
_WINDOWS: Final[dict[str, tuple[dict[str, bool], tuple[str, ...]]]] = {
    "alone": ({}, ()),
    "with logins": ({"logins": True}, ()),
    "hashes elsewhere": ({}, ("hashes", "hashes")),
    "alone again": ({}, ()),
    "with photos": ({"photos": True}, ()),
    "photos elsewhere": ({}, ("busy", "busy", "files")),
    _WITHOUT_DIALOGS: ({}, ()),
}
_PATIENCE: Final = 120.0
_FLAT_OUT_SECONDS: Final = 5.0
_RAW_SECONDS: Final = 4.0

Lags = list[tuple[float, float]]


async def measure(folder: Path, rounds: int, seconds: float, others: float, hash_waits: float | None) -> dict[str, Any]:
    """Everything measured, as JSON. Raises TimeoutError or EOFError where the bot does not come to the end.

    `others` send so many messages a second or, up to 1, such a share of what they send flat out; 0: flat out.
    """
    async with AsyncExitStack() as stack:
        load = await started(
            stack, sys.executable, "-m", "benchmarks.neighbours.load", stdin=PIPE, stdout=PIPE, limit=2**24
        )
        port = (await _heard(load))["port"]
        command = await OurBot().ready(f"http://127.0.0.1:{port}", folder)
        env = {**command.env, "CLINIC_BOT__STORAGE__PHOTOS_URL": str(folder / "photos")}
        log = stack.enter_context((folder / "log").open("wb"))
        lags = folder / "lags"
        bot = await started(
            stack,
            *(sys.executable, "-m", "benchmarks.neighbours.probed", str(lags)),
            *([] if hash_waits is None else [str(hash_waits)]),
            env=env,
            stdout=log,
            stderr=log,
        )
        await _heard(load)
        idle: Lags = []
        watching = asyncio.create_task(watch(lambda now, late: idle.append((now, late))))
        players = _Players(load, bot.pid)
        flat_out = await players.play("flat out", seconds=_FLAT_OUT_SECONDS, pace=0)
        pace = round(others * flat_out["steps"] / flat_out["seconds"] if 0 < others <= 1 else others)
        windows = []
        for _ in range(rounds):
            raw = await _raw_bcrypt()
            for name, (beside, elsewhere) in _WINDOWS.items():
                async with AsyncExitStack() as neighbours:
                    for does in elsewhere:
                        await neighbour(neighbours, does, folder)
                    if name == _WITHOUT_DIALOGS:
                        neighbours.enter_context(_photos_without_dialogs(bot))
                    windows.append(await players.play(name, seconds=seconds, pace=pace, **beside) | {"raw": raw})
            windows.append(await players.play("logins alone", seconds=seconds, logins=True) | {"raw": raw})
            windows.append(await players.play("photos alone", seconds=seconds, photos=True) | {"raw": raw})
        watching.cancel()
        told: Lags = [(float(now), float(late)) for now, late in (line.split() for line in lags.open())]
        kept = [float(line) for line in photos_of(lags).open()]
        for window in windows:
            if window["name"] == _WITHOUT_DIALOGS:
                window["counted"] = sum(0 <= moment - window["began"] <= window["seconds"] for moment in kept)
                if not window["counted"]:
                    raise RuntimeError(f"No photo went its way through the bot; see {folder / 'log'}.")
            window["stalls_ms"] = _within(told, window)
            window["idle_stalls_ms"] = _within(idle, window)
        return {"pace": pace, "flat_out": flat_out, "windows": windows}


@contextmanager
def _photos_without_dialogs(bot: Process) -> Iterator[None]:
    """They go their way through the bot (benchmarks/neighbours/probed.py)."""
    bot.send_signal(signal.SIGUSR1)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # what ended it is told by whoever waits for it
            bot.send_signal(signal.SIGUSR2)


class _Players:
    """The load and the bot, and what both take during a window."""

    def __init__(self, load: Process, bot: int) -> None:
        self._load = load
        self._bot = bot

    async def play(self, name: str, **window: float | bool) -> dict[str, Any]:
        before, began = self._cpu(), time.monotonic()
        assert self._load.stdin
        self._load.stdin.write(json.dumps(window).encode() + b"\n")
        hearing = asyncio.create_task(_heard(self._load))
        memory, helpers = [memory_mb(self._bot)], [0.0]
        while not hearing.done():
            await asyncio.wait([hearing], timeout=0.1)
            memory.append(memory_mb(self._bot))
            helpers.append(_memory_of_children(self._bot))
        heard = hearing.result()
        took = time.monotonic() - began  # with what goes before and after, as all of it is the window's work
        used = {key: (value - before[key]) / took for key, value in self._cpu().items()}
        return {"name": name, **heard, "cores": used, "memory_mb": [memory[0], max(memory), max(helpers)]}

    def _cpu(self) -> dict[str, float]:
        return {
            "bot": cpu_seconds(self._bot),
            "helpers": cpu_seconds_of_children(self._bot),
            "machine": machine_seconds(),
        }


async def _heard(load: Process) -> dict[str, Any]:
    assert load.stdout
    line = await asyncio.wait_for(load.stdout.readline(), _PATIENCE)
    if not line:
        raise EOFError("The load has ended; what it said stands above.")
    heard: dict[str, Any] = json.loads(line)
    return heard


def _memory_of_children(pid: int) -> float:
    """What all of them hold now, in MB."""
    held = 0.0
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it ended meanwhile
            held += sum(memory_mb(int(child)) for child in listed.read_text().split())
    return held


async def _raw_bcrypt() -> float:
    """Checks a second that all cores give to a process that does nothing else."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.http.raw_bcrypt", str(_RAW_SECONDS), stdout=PIPE
    )
    told, _ = await process.communicate()
    return float(json.loads(told)["all"])


def _within(lags: Lags, window: dict[str, Any]) -> list[float]:
    """Those of a window in milliseconds, the longest first."""
    until = window["began"] + window["seconds"]
    return sorted((1000 * late for now, late in lags if window["began"] <= now <= until), reverse=True)[:200]
