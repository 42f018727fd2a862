"""`python -m benchmarks`: contestants in turn, in interleaved rounds, medians and ratios."""

import asyncio
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import contestants, report, rounds
from benchmarks.contestants import Bare, Contestant, OurBot
from benchmarks.stub import Plan

_ARTIFACTS = Path("artifacts")
_QUIET_CORES = 0.3
_FULL = {"warm": 2.0, "rush": 7.0, "gentle": 6.0, "idle": 2.0}
_QUICK = {"warm": 1.0, "rush": 3.0, "gentle": 3.0, "idle": 1.0}


def main(
    quick: Annotated[bool, typer.Option("--quick", help="One short round each, in under a minute.")] = False,
    count: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of each contestant.")] = 3,
    people: Annotated[int, typer.Option(min=1, help="People who chat at once.")] = 200,
    pace: Annotated[float, typer.Option(min=1, help="Steps a second in the gentle part.")] = 100.0,
) -> None:
    """Measure the bot against bare python-telegram-bot, on this machine. docs/performance.md has the method."""
    lengths = _QUICK if quick else _FULL
    try:
        code = asyncio.run(_run(1 if quick else count, people, pace, lengths))
    except rounds.RoundFailedError as error:
        typer.echo(str(error), err=True)
        code = 2
    raise typer.Exit(code)


async def _run(count: int, people: int, pace: float, lengths: dict[str, float]) -> int:
    console = Console()
    folder = _ARTIFACTS.absolute() / "benchmark"  # on the project's disk: a database in memory would flatter
    shutil.rmtree(folder, ignore_errors=True)
    limit = await rounds.calls_a_second(1.0)
    console.print(f"The stub alone answers {limit:,.0f} calls a second.")
    bare = Bare()
    played: dict[str, list[dict[str, Any]]] = {}
    async with contestants.postgres() as on_postgres:
        field: list[Contestant] = [bare, OurBot(), *([on_postgres] if on_postgres else [])]
        for number in range(count):
            for contestant in field:
                own = folder / f"{number}-{field.index(contestant)}"
                own.mkdir(parents=True)
                plan = Plan(walk=contestant.walk, people=people, pace=pace, **lengths)
                result = await rounds.play(contestant, plan, own)
                played.setdefault(contestant.name, []).append(result)
                rush = result["rush"]
                console.print(f"round {number + 1}, {contestant.name}: {rush['steps'] / rush['seconds']:.0f} steps/s")
    summary = report.summed_up(played, bare.name)
    console.print(report.table(summary, pace))
    others = max(of["others_cores"] for of in summary.values())
    if others > _QUIET_CORES:
        console.print(f"Other work kept up to {others:.1f} cores busy: only the ratio of CPU a step can be trusted.")
    written = report.write(
        _ARTIFACTS,
        {"stub_calls_per_second": limit, "people": people, "pace": pace, "summary": summary, "rounds": played},
    )
    console.print(f"All of it is in {written}.")
    faults = sum(of[what] for of in summary.values() for what in ("wrong", "lost", "doubled"))
    return 1 if faults else 0


if __name__ == "__main__":
    typer.run(main)
