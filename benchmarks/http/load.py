"""The load, a process of its own: `python -m benchmarks.http.load FIELD`, a file with the servers as JSON.

Each line on stdin orders a window, a line of JSON on stdout says what was measured in it. It ends with its stdin.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvloop

from benchmarks import processes
from benchmarks.http.calls import CALLS, Call, Client, Kind, Person

_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where calls go: a process, and the first process of its PostgreSQL server where it has one."""

    kind: Kind
    url: str
    size: int
    pid: int
    postgres_pid: int | None
    people: list[Person]

    def cpu_seconds(self) -> tuple[float, float]:
        """(its own, its database server's)"""
        database = processes.cpu_seconds_of_children(self.postgres_pid) if self.postgres_pid else 0.0
        return processes.cpu_seconds(self.pid), database


@dataclass(frozen=True, slots=True)
class Window:
    """So many clients, each calling again as soon as it was answered; all once and `warm` seconds before it counts."""

    server: str
    call: str
    clients: int
    warm: float
    seconds: float


@dataclass(slots=True)
class _Tally:
    done: list[tuple[float, float]] = field(default_factory=list)  # (when, after how long)
    answered: set[int] = field(default_factory=set)  # clients that were, at least once
    wrong: int = 0
    surprise: str = ""
    over: bool = False


async def measure(server: Server, window: Window) -> dict[str, Any]:
    """One window. Times are seconds, latencies milliseconds; `wrong` counts the warming up too."""
    tally = _Tally()
    # Connections of its own: the server closes what lies idle for some seconds.
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=_PATIENCE)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        client = Client(session, server.url, server.size)
        call = CALLS[server.kind][window.call]
        # Nobody's token is used by two clients: a refresh would end it under the other.
        clients = [
            asyncio.create_task(_keep_calling(number, client, call, server.people[number :: window.clients], tally))
            for number in range(window.clients)
        ]
        while len(tally.answered) < window.clients:
            await asyncio.sleep(0.01)
        await asyncio.sleep(window.warm)
        began, machine, own = time.perf_counter(), processes.machine_seconds(), time.process_time()
        cpu, database = server.cpu_seconds()
        await asyncio.sleep(window.seconds)
        ended, machine, own = time.perf_counter(), processes.machine_seconds() - machine, time.process_time() - own
        cpu, database = (after - before for after, before in zip(server.cpu_seconds(), (cpu, database), strict=True))
        tally.over = True
        await asyncio.gather(*clients)
    latencies = [round(1000 * took, 2) for when, took in tally.done if began <= when < ended]
    seconds = ended - began
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "database_seconds": database,
        "others_cores": max(0.0, (machine - cpu - database - own) / seconds),
        "load_busy": own / seconds,
        "latencies": latencies,
        "wrong": tally.wrong,
        "surprise": tally.surprise,
    }


async def _keep_calling(number: int, client: Client, call: Call, people: list[Person], tally: _Tally) -> None:
    while not tally.over:
        began = time.perf_counter()
        try:
            right = await call(client, random.choice(people))
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            right, tally.surprise = False, repr(error)
            await asyncio.sleep(0.1)  # whatever is broken, it should not be hammered
        if right:
            now = time.perf_counter()
            tally.done.append((now, now - began))
        else:
            tally.wrong += 1
        tally.answered.add(number)


async def main(field_file: Path) -> None:
    """Carries out windows until stdin ends."""
    servers = {
        name: Server(**{**values, "people": [Person(**person) for person in values["people"]]})
        for name, values in json.loads(field_file.read_text()).items()
    }
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        window = Window(**json.loads(line))
        print(json.dumps(await measure(servers[window.server], window)), flush=True)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
