"""One round: all servers of one database fresh, and every call measured on each of them in turn."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.http.calls import CALLS
from benchmarks.http.load import Window
from benchmarks.http.servers import Contestant, ServerFailedError, free_port, listening
from benchmarks.processes import started

CLIENTS: Final = 16
CLIENTS_LOGGING_IN: Final = 8  # all of one address, which may have twenty tries under way
_LINE: Final = 2**24  # one line of the load holds every latency of a window


@dataclass(frozen=True, slots=True)
class Lengths:
    """Of the windows and of the warming up before each, in seconds; `turns` windows a round for what is no login."""

    call: float
    login: float
    warm: float
    turns: int


async def play(
    field: Sequence[Contestant], postgres_pid: int, people: int, lengths: Lengths, folder: Path
) -> list[dict[str, Any]]:
    """Plays one round of the servers of one database and gives its windows. Raises ServerFailedError."""
    async with AsyncExitStack() as stack:
        # Logged in anew each round: after five minutes a login's use would have to be noted.
        drawn = await asyncio.gather(*(of.sample(people) for of in field))
        running = await asyncio.gather(*(of.start(stack) for of in field))
        servers = {}
        for of, (process, url), logged_in in zip(field, running, drawn, strict=True):
            watched = postgres_pid if of.database == "PostgreSQL" else None
            servers[of.name] = _server(of.kind, url, of.size, process, watched, logged_in)
        load = await _load(stack, servers, folder)
        windows = []
        for call in ("me", "patient", "refresh"):
            for turn in range(lengths.turns):
                for of in field[:: -1 if turn % 2 else 1]:  # forth and back: a drift cancels out
                    if call in CALLS[of.kind]:
                        measured = await _ordered(load, Window(of.name, call, CLIENTS, lengths.warm, lengths.call))
                        windows.append(_told(of, call, turn, measured))
        windows.append({"call": "raw bcrypt", "database": field[0].database, **await _raw_bcrypt(lengths.login / 2)})
        for of in field:
            window = Window(of.name, "login", CLIENTS_LOGGING_IN, lengths.warm, lengths.login)
            windows.append(_told(of, "login", 0, await _ordered(load, window)))
    return windows


async def ceiling(folder: Path, lengths: Lengths) -> float:
    """How many calls a second the load makes of a server that does nothing: the limit of what it can measure."""
    async with AsyncExitStack() as stack:
        port = free_port()
        process = await started(stack, sys.executable, "-m", "benchmarks.http.trivial", str(port))
        await listening(process, port, folder)
        people = [{"number": number, "token": "x" * 300} for number in range(CLIENTS)]
        url = f"http://127.0.0.1:{port}"
        load = await _load(stack, {"trivial": _server("trivial", url, CLIENTS, process, None, people)}, folder)
        measured = await _ordered(load, Window("trivial", "anything", CLIENTS, lengths.warm, lengths.call))
    return float(len(measured["latencies"]) / measured["seconds"])


def _server(
    kind: str, url: str, size: int, process: Process, postgres_pid: int | None, people: list[dict[str, Any]]
) -> dict[str, Any]:
    """A load.Server as JSON."""
    return {
        "kind": kind,
        "url": url,
        "size": size,
        "pid": process.pid,
        "postgres_pid": postgres_pid,
        "people": people,
    }


def _told(of: Contestant, call: str, turn: int, measured: dict[str, Any]) -> dict[str, Any]:
    return {"call": call, "kind": of.kind, "database": of.database, "size": of.size, "turn": turn, **measured}


async def _load(stack: AsyncExitStack, servers: dict[str, dict[str, Any]], folder: Path) -> Process:
    file = folder / "servers.json"
    file.write_text(json.dumps(servers))
    return await started(
        stack, sys.executable, "-m", "benchmarks.http.load", str(file), stdin=PIPE, stdout=PIPE, limit=_LINE
    )


async def _ordered(load: Process, window: Window) -> dict[str, Any]:
    assert load.stdin
    assert load.stdout
    load.stdin.write(json.dumps(asdict(window)).encode() + b"\n")
    await load.stdin.drain()
    try:
        line = await asyncio.wait_for(load.stdout.readline(), window.warm + window.seconds + 60)
    except TimeoutError:
        raise ServerFailedError(f"{window.server} did not come to the end of {window.call}.") from None
    if not line:
        raise ServerFailedError("The load ended before the round did.")
    measured: dict[str, Any] = json.loads(line)
    if not measured["latencies"]:
        raise ServerFailedError(
            f"{window.server} answered no {window.call}: {measured['surprise'] or 'the machine is too busy'}."
        )
    return measured


async def _raw_bcrypt(seconds: float) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.http.raw_bcrypt", str(seconds), stdout=PIPE
    )
    printed, _ = await process.communicate()
    rates: dict[str, float] = json.loads(printed)
    return rates
