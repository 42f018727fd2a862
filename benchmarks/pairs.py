"""A step of the bot with little and with much in its database, in alternating rounds."""

import asyncio
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks import report, rounds
from benchmarks.contestants import Command, Contestant, OurBot, OurBotOnPostgres, upgrade
from benchmarks.people import Walk
from benchmarks.postgres import postgres_server
from benchmarks.settling import settle
from benchmarks.stub import Plan

PEOPLE: Final = 200
_PACE: Final = 40.0  # messages a second when gentle: few wait for others, and what is measured is the step
_ARTIFACTS: Final = Path("artifacts")
_FIGURES: Final = ("steps_per_second", "cpu_us", "full_p50", "full_p99", "gentle_cpu_us", "gentle_p50", "gentle_p99")
_TABLE_WIDTH: Final = 100
_API_URL: Final = "CLINIC_BOT__TELEGRAM__API_URL"


@dataclass(frozen=True, slots=True)
class Much:
    """What there is little or much of.

    Args:
        what: its name in the table.
        sizes: how many, few and many.
        module: `python -m module fill COUNT`, with the bot's settings, adds so many to a database with tables.
        walk: what the people do who chat meanwhile.
        once: a database is filled once and serves all rounds; what they leave in it disturbs none, and is the same in
            both.
    """

    what: str
    sizes: tuple[int, int]
    module: str
    walk: Walk
    once: bool = False


@dataclass
class _Filled:
    """A bot with so much in its database."""

    bot: Contestant
    much: Much
    size: int
    folder: Path
    _command: Command | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return f"{self.bot.name}, {self.size:,} {self.much.what}"

    @property
    def walk(self) -> Walk:
        return self.much.walk

    async def ready(self, api_url: str, folder: Path) -> Command:
        """Makes the tables and fills them, where that is still to be done. Raises RuntimeError."""
        if self._command and self.much.once:
            return Command(self._command.arguments, {**self._command.env, _API_URL: api_url})
        self._command = command = await self.bot.ready(api_url, self.folder if self.much.once else folder)
        await upgrade(command.env)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self.much.module, "fill", str(self.size), env=dict(command.env)
        )
        if await process.wait():
            raise RuntimeError("The database could not be filled.")
        await settle(command.env["CLINIC_BOT__STORAGE__DATABASE_URL"])
        return command

    async def kept(self) -> str:
        """As the bot itself."""
        return await self.bot.kept()


def run(much: Much, count: int, seconds: float, name: str) -> int:
    """So many rounds of each on both databases; prints a table and writes `artifacts/NAME-….json`.

    Args:
        seconds: of the rush, and of the gentle part, of a round.

    Returns the exit code: 1 when any answer was wrong, lost or doubled, 2 when a round did not come to its end.
    """
    try:
        return asyncio.run(_run(much, count, seconds, name))
    except (rounds.RoundFailedError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2


async def _run(much: Much, count: int, seconds: float, name: str) -> int:
    folder = _ARTIFACTS.absolute() / name  # on the project's disk: a database in memory would flatter
    shutil.rmtree(folder, ignore_errors=True)
    found: dict[str, list[dict[int, dict[str, float]]]] = {}
    with postgres_server() as server:
        bots: list[Contestant] = [OurBot(), *([OurBotOnPostgres(server)] if server else [])]
        pairs = {bot.name: [_filled(bot, much, size, folder) for size in much.sizes] for bot in bots}
        for number in range(count):
            for bot_name, pair in pairs.items():
                of: dict[int, dict[str, float]] = {}
                for contestant in pair[:: -1 if number % 2 else 1]:  # forth and back: a drift is not always on one side
                    of[contestant.size] = await _played(contestant, number, seconds)
                    cpu = of[contestant.size]["cpu_us"]
                    print(f"round {number + 1}, {contestant.name}: {cpu:,.0f} µs of CPU a step")
                found.setdefault(bot_name, []).append(of)
    shutil.rmtree(folder)
    summary = {bot_name: _summed_up(each, much.sizes) for bot_name, each in found.items()}
    console = Console()
    console.width = max(console.width, _TABLE_WIDTH)
    console.print(_table(summary, much))
    print(f"All of it is in {report.write(_ARTIFACTS, {'summary': summary, 'rounds': found}, name)}.")
    return 1 if any(of["faults"]["all"] for of in summary.values()) else 0


def _filled(bot: Contestant, much: Much, size: int, folder: Path) -> _Filled:
    own = folder / f"{bot.name}-{size}"
    own.mkdir(parents=True)
    return _Filled(bot, much, size, own)


async def _played(contestant: _Filled, number: int, seconds: float) -> dict[str, float]:
    own = contestant.folder / str(number)
    own.mkdir()
    plan = Plan(contestant.walk, PEOPLE, warm=2.0, rush=seconds, gentle=seconds, pace=_PACE, idle=0.5, round=number)
    played = await rounds.play(contestant, plan, own)
    shutil.rmtree(own)
    return _figures(played)


def _figures(played: Mapping[str, Any]) -> dict[str, float]:
    rush, gentle = played["rush"], played["gentle"]
    return {
        "steps_per_second": rush["steps"] / rush["seconds"],
        "cpu_us": 1e6 * rush["cpu_seconds"] / rush["steps"],
        "full_p50": rush["p50_ms"],
        "full_p99": rush["p99_ms"],
        "gentle_cpu_us": 1e6 * gentle["cpu_seconds"] / gentle["steps"],
        "gentle_p50": gentle["p50_ms"],
        "gentle_p99": gentle["p99_ms"],
        "memory_mb": played["memory_mb"],
        "faults": played["wrong"] + played["lost"] + played["doubled"],
    }


def _summed_up(pairs: list[dict[int, dict[str, float]]], sizes: tuple[int, int]) -> dict[str, dict[str, float]]:
    """By figure: the medians with few and with many, and the median of each round's own ratio."""
    less, more = sizes
    return {
        key: {
            "few": median(pair[less][key] for pair in pairs),
            "many": median(pair[more][key] for pair in pairs),
            "ratio": median(pair[more][key] / pair[less][key] for pair in pairs),
        }
        for key in (*_FIGURES, "memory_mb")
    } | {"faults": {"all": sum(one["faults"] for pair in pairs for one in pair.values())}}


def _table(summary: dict[str, dict[str, dict[str, float]]], much: Much) -> Table:
    table = Table("", "", *(f"{size:,} {much.what}" for size in much.sizes), "ratio")
    for name, of in summary.items():
        for key in (*_FIGURES, "memory_mb"):
            one = of[key]
            table.add_row(name, key, f"{one['few']:,.1f}", f"{one['many']:,.1f}", f"{one['ratio']:.2f}")
        table.add_row(name, "wrong, lost, doubled", "", f"{of['faults']['all']:.0f}", "")
    return table
