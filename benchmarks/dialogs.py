"""`python -m benchmarks.dialogs`: a step with few and with many dialogs open in the database, in alternating rounds.

`… fill COUNT`, a process of its own with the bot's settings, opens so many: rows as the bot writes them, sealed.
"""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from dataclasses import astuple, fields
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import report, rounds
from benchmarks.contestants import Command, Contestant, OurBot, OurBotOnPostgres, upgrade
from benchmarks.people import Walk
from benchmarks.postgres import postgres_server
from benchmarks.stub import Plan
from bot.dialog.draft import Draft
from bot.flows import FLOWS
from bot.sealed import draft_context, seal_json
from core.at_rest import INBOX_PURPOSE
from core.clock import utc_now
from core.sealing import Sealer
from core.settings import load_secrets, load_settings
from storage.chats import ChatRow
from storage.database import Database
from storage.tables.updates import chats

_ARTIFACTS: Final = Path("artifacts")
_SIZES: Final = (100, 100_000)
_FIRST: Final = 50_000_000  # people who do not come
_ROWS_AT_ONCE: Final = 5_000
_FIGURES: Final = ("steps_per_second", "cpu_us", "full_p50", "full_p99", "gentle_cpu_us", "gentle_p50", "gentle_p99")


class _Holding:
    """A bot whose database holds open dialogs of people who are away."""

    walk: Walk = "register"

    def __init__(self, bot: Contestant, count: int) -> None:
        self._bot = bot
        self._count = count
        self.name = f"{bot.name}, {count:,} open dialogs"

    async def ready(self, api_url: str, folder: Path) -> Command:
        """Makes the tables and fills them."""
        command = await self._bot.ready(api_url, folder)
        await upgrade(command.env)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.dialogs", "fill", str(self._count), env=dict(command.env)
        )
        if await process.wait():
            raise RuntimeError("The database could not be filled.")
        return command

    async def kept(self) -> str:
        """As the bot itself."""
        return await self._bot.kept()


def main(
    count: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of each.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="Of the rush, and of the gentle part, of a round.")] = 6.0,
) -> None:
    """Measure a step while 100 and while 100,000 dialogs are open."""
    asyncio.run(_measure(count, seconds))


async def _measure(count: int, seconds: float) -> None:
    folder = _ARTIFACTS.absolute() / "benchmark-dialogs"
    shutil.rmtree(folder, ignore_errors=True)
    found: dict[str, list[list[dict[str, float]]]] = {}
    with postgres_server() as server:
        bots: list[Contestant] = [OurBot(), *([OurBotOnPostgres(server)] if server else [])]
        for number in range(count):
            for bot in bots:
                pair = []
                for size in _SIZES:
                    contestant = _Holding(bot, size)
                    own = folder / f"{number}-{bots.index(bot)}-{size}"
                    own.mkdir(parents=True)
                    plan = Plan(contestant.walk, 200, warm=2.0, rush=seconds, gentle=seconds, pace=100.0, idle=0.5)
                    played = await rounds.play(contestant, plan, own)
                    pair.append(_figures(played))
                    print(f"round {number + 1}, {contestant.name}: {pair[-1]['cpu_us']:,.0f} µs of CPU a step")
                    shutil.rmtree(own)
                found.setdefault(bot.name, []).append(pair)
    summary = {name: _summed_up(pairs) for name, pairs in found.items()}
    Console().print(_table(summary))
    print(f"All of it is in {report.write(_ARTIFACTS, {'summary': summary, 'rounds': found}, 'benchmark-dialogs')}.")


def _figures(played: dict[str, Any]) -> dict[str, float]:
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


def _summed_up(pairs: list[list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """By figure: the medians with few and with many, and the median of each round's own ratio."""
    return {
        key: {
            "few": median(few[key] for few, _ in pairs),
            "many": median(many[key] for _, many in pairs),
            "ratio": median(many[key] / few[key] for few, many in pairs),
        }
        for key in (*_FIGURES, "memory_mb")
    } | {"faults": {"all": sum(one["faults"] for pair in pairs for one in pair)}}


def _table(summary: dict[str, dict[str, dict[str, float]]]) -> Table:
    table = Table("", "", *(f"{size:,} open" for size in _SIZES), "ratio")
    for name, of in summary.items():
        for key in (*_FIGURES, "memory_mb"):
            one = of[key]
            table.add_row(name, key, f"{one['few']:,.1f}", f"{one['many']:,.1f}", f"{one['ratio']:.2f}")
        table.add_row(name, "wrong, lost, doubled", "", f"{of['faults']['all']:.0f}", "")
    return table


async def _fill(count: int) -> None:
    settings = load_settings()
    sealer = Sealer(load_secrets(settings).inbox, INBOX_PURPOSE)
    life = timedelta(hours=settings.dialogs.draft_hours)
    database = Database(settings.storage.database_url)
    names = [one.name for one in fields(ChatRow)]
    try:
        async with database.write() as conn:
            rows = list(_rows(sealer, count, utc_now(), life))
            for start in range(0, count, _ROWS_AT_ONCE):
                values = [dict(zip(names, astuple(row), strict=True)) for row in rows[start : start + _ROWS_AT_ONCE]]
                await conn.execute(chats.insert(), values)
    finally:
        await database.dispose()


def _rows(sealer: Sealer, count: int, now: datetime, life: timedelta) -> Iterator[ChatRow]:
    """As bot/codec.py makes them, each of a person who has answered the first question."""
    register = FLOWS["register"]
    draft = Draft(register.name, register.version, "consent", {"role": "patient"}, touched_at=now)
    for person in range(_FIRST, _FIRST + count):
        yield ChatRow(
            person_id=person,
            language="zh",
            revision=2,
            flow=draft.flow,
            draft_of=None,
            draft=seal_json(sealer, draft.to_json(), draft_context(person)),
            expires_at=now + life,
            message_id=person,
            keyboard=False,
            listed=None,
            secret_until=None,
            pending=None,
            blocked_at=None,
            updated_at=now,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["fill"]:
        asyncio.run(_fill(int(sys.argv[2])))
    else:
        typer.run(main)
