"""`python -m benchmarks.crowd`: many people at once in the sandbox, and who is the slowest: it, the bot, or its client.

Each is a process of its own, so that the one that takes the most CPU a step is what the others wait for.
"""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.contestants import TOKEN, OurBot
from benchmarks.http.servers import free_port
from benchmarks.processes import cpu_seconds, memory_mb, started
from sandbox.client import Chat, Sandbox

_ARTIFACTS: Final = Path("artifacts")
_PATIENCE: Final = 120
_AT_A_TIME: Final = 50  # while they come in

Costs = dict[str, float]


def main(
    people: Annotated[int, typer.Option(min=1, help="People who chat at once.")] = 500,
    rounds: Annotated[int, typer.Option(min=1, help="Times each goes through the walk of six steps.")] = 3,
) -> None:
    """Let people register up to the fifth question and cancel, all at once, in the sandbox."""
    folder = _ARTIFACTS.absolute() / "benchmark-crowd"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    steps, seconds, costs, memory = asyncio.run(_run(people, rounds, folder))
    shutil.rmtree(folder)
    table = Table(f"{people} people at once, {steps / seconds:.0f} steps/s", "CPU a step, ms", "of the slowest")
    for name, cost in costs.items():
        table.add_row(name, f"{1000 * cost / steps:.2f}", f"{cost / max(costs.values()):.0%}")
    console = Console()
    console.print(table)
    console.print(f"Every step was answered to whom it belonged. The sandbox held {memory:.0f} MB in the end.")


async def _run(people: int, rounds: int, folder: Path) -> tuple[int, float, Costs, float]:
    """Steps, seconds, CPU seconds by process, and the sandbox's memory in MB."""
    async with AsyncExitStack() as stack:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        nobody = folder / "people.json"
        nobody.write_text(json.dumps([]))
        quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL, "stdin": None}
        arguments = ("-m", "sandbox", "--port", str(port), "--token", TOKEN, "--people", str(nobody))
        server = await started(stack, sys.executable, *arguments, **quiet)
        command = await OurBot().ready(url, folder)
        bot = await started(stack, *command.arguments, env=command.env, **quiet)
        sandbox = await stack.enter_async_context(
            Sandbox.connect(url, bot=int(TOKEN.partition(":")[0]), patience=_PATIENCE)
        )
        chats = await _arrived(sandbox, people)
        pids = {"the bot": bot.pid, "the sandbox": server.pid, "its Python client": os.getpid()}
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        began = time.perf_counter()
        steps = sum(await asyncio.gather(*(_walk(chat, number, rounds) for number, chat in enumerate(chats))))
        seconds = time.perf_counter() - began
        costs = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
        return steps, seconds, costs, memory_mb(server.pid)


async def _arrived(sandbox: Sandbox, people: int) -> list[Chat]:
    """So many people who have said /start, when the bot and the sandbox run."""
    for _ in range(600):
        try:
            await sandbox.people()
            break
        except OSError:
            await asyncio.sleep(0.1)
    door = asyncio.Semaphore(_AT_A_TIME)

    async def arrive(number: int) -> Chat:
        async with door:
            chat = await sandbox.person("王小明", phone=f"138{number:08d}")
            await chat.send("/start")
            return chat

    return list(await asyncio.gather(*(arrive(number) for number in range(people))))


async def _walk(chat: Chat, number: int, rounds: int) -> int:
    """The steps taken. Raises TimeoutError where the answer that belongs there does not come."""
    for _ in range(rounds):
        await _answered(chat, chat.send("/register"), "（1/9）")
        await _answered(chat, chat.press("患者"), "（2/9）")
        await _answered(chat, chat.press("我同意"), "（3/9）")
        await _answered(chat, chat.send(f"138{number:08d}"), "（4/9）")
        await _answered(chat, chat.send(chat.name), "（5/9")
        await _answered(chat, chat.send("/cancel"), "已停止")
    return 6 * rounds


async def _answered(chat: Chat, act: Awaitable[object], text: str) -> None:
    """Does something, and waits until the newest message is the answer."""
    await act  # until the bot has been still for a moment
    deadline = time.monotonic() + _PATIENCE
    while text not in chat.screen:
        if time.monotonic() > deadline:
            raise TimeoutError(chat.transcript())
        await chat.changed(_PATIENCE)


if __name__ == "__main__":
    typer.run(main)
