"""One round: a fresh stub, a fresh contestant, and what was measured of both."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.contestants import Contestant
from benchmarks.processes import cpu_seconds, machine_seconds, memory_mb, started
from benchmarks.stub import Plan

_PATIENCE: Final = 60.0


class RoundFailedError(Exception):
    """A round did not come to its end; the message says whose log tells why."""


async def play(contestant: Contestant, plan: Plan, folder: Path) -> dict[str, Any]:
    """Plays one round in this empty folder; the result is JSON. Raises RoundFailedError."""
    async with AsyncExitStack() as stack:
        stub = await started(
            stack, sys.executable, "-m", "benchmarks.stub", json.dumps(asdict(plan)), stdin=PIPE, stdout=PIPE
        )
        port = (await _heard(stub))["port"]
        command = await contestant.ready(f"http://127.0.0.1:{port}", folder)
        log = stack.enter_context((folder / "log").open("wb"))
        began = time.perf_counter()
        bot = await started(stack, *command.arguments, env=dict(command.env), stdout=log, stderr=log)
        try:
            return await _follow(stub, bot.pid, began)
        except (TimeoutError, EOFError):
            raise RoundFailedError(f"{contestant.name} did not come to the end; its log is {log.name}.") from None


async def calls_a_second(seconds: float) -> float:
    """How many calls a second the stub itself answers to a bare client: the limit of what can be measured with it."""
    plan = Plan(walk="echo", people=0, warm=0, rush=0, gentle=0, pace=0, idle=0)
    async with AsyncExitStack() as stack:
        stub = await started(
            stack, sys.executable, "-m", "benchmarks.stub", json.dumps(asdict(plan)), stdin=PIPE, stdout=PIPE
        )
        port = (await _heard(stub))["port"]
        client = await started(stack, sys.executable, "-m", "benchmarks.client", str(port), str(seconds), stdout=PIPE)
        assert client.stdout
        return float(await client.stdout.read())


async def _follow(stub: Process, pid: int, began: float) -> dict[str, Any]:
    """Reads what the bot has used whenever the stub begins and ends a window."""
    result: dict[str, Any] = {}
    start: dict[str, float] = {}
    while True:
        event = await _heard(stub)
        match event.pop("event"):
            case "first":
                result["start_seconds"] = time.perf_counter() - began
            case "begin":
                start = _counters(pid)
            case "end":
                end = _counters(pid)
                used = {name: value - start[name] for name, value in end.items()}
                moments = {"began": start["at"], "ended": end["at"]}
                result[event.pop("window")] = event | used | moments
            case "over":
                return result | event | {"memory_mb": memory_mb(pid)}


def _counters(pid: int) -> dict[str, float]:
    return {
        "cpu_seconds": cpu_seconds(pid),
        "machine_seconds": machine_seconds(),
        "grown_mb": memory_mb(pid),
        "at": time.perf_counter(),
    }


async def _heard(stub: Process) -> dict[str, Any]:
    assert stub.stdout
    line = await asyncio.wait_for(stub.stdout.readline(), _PATIENCE)
    if not line:
        raise EOFError
    heard: dict[str, Any] = json.loads(line)
    return heard
