"""Processes under measurement: started and ended with a stack, and what proc(5) says of them."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


async def started(stack: AsyncExitStack, *arguments: str, **options: Any) -> Process:
    """A process that is ended with the stack: asked to, and killed when it does not."""
    process = await asyncio.create_subprocess_exec(*arguments, **({"stdin": DEVNULL} | options))
    stack.push_async_callback(_ended, process)
    return process


async def _ended(process: Process) -> None:
    if process.returncode is not None:
        return
    if process.stdin:
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 15)
    except TimeoutError:
        process.kill()
        await process.wait()


def cpu_seconds(pid: int) -> float:
    """User and system time of all the process's threads (`stat` fields 14 and 15)."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_seconds_of_children(pid: int) -> float:
    """The same of what this process started: what runs now (`stat` field 4) and what has ended (fields 16 and 17)."""
    fields = _stat(pid)
    used = (int(fields[13]) + int(fields[14])) / _TICKS
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            child = int(folder.name)
            if int(_stat(child)[1]) == pid:
                used += cpu_seconds(child)
        except OSError:  # it ended meanwhile
            continue
    return used


def machine_seconds() -> float:
    """What all of the machine's cores have spent on anything but waiting (`cpu` of `stat`)."""
    user, nice, system, _idle, _iowait, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / _TICKS


def memory_mb(pid: int) -> float:
    """What the process holds in memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_memory_mb(pid: int) -> float:
    """The most that the process ever held in memory (`VmHWM` of `status`)."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024 / 1e6


def _stat(pid: int) -> list[str]:
    """The fields after the command's name, which may hold spaces: the first is field 3."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
