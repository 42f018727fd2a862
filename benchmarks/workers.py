"""`python -m benchmarks.workers`: several workers on one PostgreSQL, each with the same small share of a core.

Where this is measured there are few cores, and the stub and the database need theirs. So each worker is stopped for
most of each moment: what all of them take together then leaves the others a core of their own, as on a machine that
has one for each.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.contestants import OurBotOnPostgres
from benchmarks.postgres import PostgresServer, postgres_server
from benchmarks.processes import cpu_seconds, cpu_seconds_of_children, machine_seconds, started
from benchmarks.report import write
from benchmarks.stub import Plan

_ARTIFACTS: Final = Path("artifacts")
_COUNTS: Final = (1, 2, 4)
_PERIOD: Final = 0.05  # seconds, in each of which a worker runs for its share
_PATIENCE: Final = 120.0

Measured = dict[str, Any]


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each number of workers.")] = 3,
    share: Annotated[float, typer.Option(min=0.05, max=1, help="Of a core, for each worker; 1: no limit.")] = 0.35,
    people: Annotated[int, typer.Option(min=1, help="People who chat at once.")] = 400,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the measured part.")] = 8,
) -> None:
    """Measure 1, 2 and 4 workers in turn. docs/performance.md says what it shows."""
    plan = Plan(walk="register", people=people, warm=6, rush=seconds, gentle=0, pace=0, idle=0)
    with postgres_server() as server:
        if server is None:
            raise typer.Exit(1)
        measured = asyncio.run(_measure(server, plan, rounds, share))
    Console().print(_table(measured, share))
    write(_ARTIFACTS, {"share": share, "people": people, "rounds": measured}, "benchmark-workers")
    if any(one[fault] for played in measured.values() for one in played for fault in ("wrong", "lost", "doubled")):
        raise typer.Exit(1)


async def _measure(server: PostgresServer, plan: Plan, rounds: int, share: float) -> dict[int, list[Measured]]:
    measured: dict[int, list[Measured]] = {count: [] for count in _COUNTS}
    folder = _ARTIFACTS.absolute() / "benchmark-workers"
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(rounds):
        for count in _COUNTS:
            own = folder / f"{number}-{count}"
            own.mkdir(parents=True)
            measured[count].append(await _play(server, plan, own, count, share))
    return measured


async def _play(server: PostgresServer, plan: Plan, folder: Path, count: int, share: float) -> Measured:
    """One round of so many workers in this empty folder."""
    async with AsyncExitStack() as stack:
        stub = await started(
            stack, sys.executable, "-m", "benchmarks.stub", json.dumps(asdict(plan)), stdin=PIPE, stdout=PIPE
        )
        port = (await _heard(stub))["port"]
        command = await OurBotOnPostgres(server).ready(f"http://127.0.0.1:{port}", folder)
        log = stack.enter_context((folder / "log").open("wb"))
        more = ("--workers", str(count)) if count > 1 else ()
        bot = await started(stack, *command.arguments, *more, env=dict(command.env), stdout=log, stderr=log)
        result: Measured = {}
        while (event := await _heard(stub)).get("event") != "over":
            match event["event"]:
                case "first":
                    workers = await _workers(bot.pid, count, folder / "log")
                    await stack.enter_async_context(_sharing(workers, share))
                case "begin":
                    before = _used(server.pid, workers)
                case "end":
                    after = _used(server.pid, workers)
                    result = event | {name: value - before[name] for name, value in after.items()}
        return result | {fault: event[fault] for fault in ("wrong", "lost", "doubled")}


async def _workers(pid: int, count: int, log: Path) -> list[int]:
    """The workers' process ids, once all run."""
    deadline = time.monotonic() + _PATIENCE
    while log.read_bytes().count(b"The bot runs") < count:
        if time.monotonic() > deadline:
            raise TimeoutError(log.read_text(encoding="utf-8")[-1000:])
        await asyncio.sleep(0.05)
    if count == 1:
        return [pid]
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _used(database: int, workers: Sequence[int]) -> dict[str, float]:
    return {
        "workers_cpu": sum(map(cpu_seconds, workers)),
        "database_cpu": cpu_seconds(database) + cpu_seconds_of_children(database),
        "machine_cpu": machine_seconds(),
    }


@asynccontextmanager
async def _sharing(pids: Sequence[int], share: float) -> AsyncIterator[None]:
    """Each of these processes runs for its share of each period, one after another, within the block."""

    async def ration(pid: int, begin: float) -> None:
        await asyncio.sleep(begin)
        with suppress(ProcessLookupError):
            try:
                while True:
                    os.kill(pid, signal.SIGSTOP)
                    await asyncio.sleep(_PERIOD * (1 - share))
                    os.kill(pid, signal.SIGCONT)
                    await asyncio.sleep(_PERIOD * share)
            finally:
                os.kill(pid, signal.SIGCONT)

    apart = _PERIOD / len(pids)
    rationing = [asyncio.create_task(ration(pid, apart * place)) for place, pid in enumerate(pids)] if share < 1 else []
    try:
        yield
    finally:
        for task in rationing:
            task.cancel()
        await asyncio.gather(*rationing, return_exceptions=True)


def _table(measured: dict[int, list[Measured]], share: float) -> Table:
    def middle(count: int, of: str, by: str) -> float:
        return float(median(one[of] / one[by] for one in measured[count]))

    one = middle(_COUNTS[0], "steps", "seconds")
    rows: dict[str, Callable[[int], str]] = {
        "steps a second": lambda count: f"{middle(count, 'steps', 'seconds'):.0f}",
        "… over one worker's": lambda count: f"{middle(count, 'steps', 'seconds') / one:.2f}",
        "cores that the workers took": lambda count: f"{middle(count, 'workers_cpu', 'seconds'):.2f}",
        "CPU µs a step, workers": lambda count: f"{1e6 * middle(count, 'workers_cpu', 'steps'):,.0f}",
        "CPU µs a step, PostgreSQL": lambda count: f"{1e6 * middle(count, 'database_cpu', 'steps'):,.0f}",
        "cores busy, of the whole machine": lambda count: f"{middle(count, 'machine_cpu', 'seconds'):.2f}",
        "wrong / lost / doubled": lambda count: " / ".join(
            str(sum(one[fault] for one in measured[count])) for fault in ("wrong", "lost", "doubled")
        ),
    }
    table = Table(f"{share:.0%} of a core a worker", *(f"{count} workers" for count in _COUNTS))
    for name, cell in rows.items():
        table.add_row(name, *(cell(count) for count in _COUNTS))
    return table


async def _heard(stub: Process) -> Measured:
    assert stub.stdout
    line = await asyncio.wait_for(stub.stdout.readline(), _PATIENCE)
    heard: Measured = json.loads(line)
    return heard


if __name__ == "__main__":
    typer.run(main)
