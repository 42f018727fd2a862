"""How long the bot's event loop attends to nobody: a round with a timer beside the bot's work (`probe.py`).

A second timer, in a process that has nothing else to do, says what the machine itself adds meanwhile.
"""

import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks import rounds
from benchmarks.contestants import Command, OurBot
from benchmarks.processes import started
from benchmarks.stub import Plan

_WINDOWS: Final = ("rush", "gentle")
_LONG_MS: Final = 15.0

Stalls = Mapping[str, Mapping[str, Mapping[str, float]]]


class _Probed(OurBot):
    """The bot on SQLite with the timer beside its work."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    async def ready(self, api_url: str, folder: Path) -> Command:
        command = await super().ready(api_url, folder)
        return Command((sys.executable, "-m", "benchmarks.probe", str(self._file), "bot"), command.env)


async def measured(plan: Plan, folder: Path) -> Stalls:
    """For `bot` and `nothing`, for each window: `worst_ms`, and how many were `long`. Makes the folder.

    Raises RoundFailedError.
    """
    folder.mkdir(parents=True)
    bot, nothing = folder / "bot.txt", folder / "nothing.txt"
    async with AsyncExitStack() as stack:
        await started(stack, sys.executable, "-m", "benchmarks.probe", str(nothing))
        played = await rounds.play(_Probed(bot), plan, folder)
    files = {"bot": bot, "nothing": nothing}
    return {who: {name: _told(file, played[name]) for name in _WINDOWS} for who, file in files.items()}


def sentence(stalls: Stalls) -> str:
    """What a person reads of it."""
    bot, nothing = ({name: of["worst_ms"] for name, of in stalls[who].items()} for who in ("bot", "nothing"))
    return (
        f"The loop's worst stall, this bot on SQLite: {bot['rush']:.0f} ms flat out, with "
        f"{stalls['bot']['rush']['long']:.0f} over {_LONG_MS:g} ms, and {bot['gentle']:.0f} ms in the gentle part; "
        f"a loop with nothing to do meanwhile: {nothing['rush']:.0f} and {nothing['gentle']:.0f} ms."
    )


def _told(file: Path, window: Mapping[str, Any]) -> dict[str, float]:
    lines = (line.split() for line in file.read_text().splitlines())
    delays = [1000 * float(late) for at, late in lines if window["began"] <= float(at) <= window["ended"]]
    return {"worst_ms": max(delays, default=0.0), "long": sum(delay > _LONG_MS for delay in delays)}
