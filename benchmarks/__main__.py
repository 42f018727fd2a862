"""`python -m benchmarks`: contestants in turn, in interleaved rounds, medians and ratios."""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from benchmarks import contestants, page, report, rounds, stalls
from benchmarks.contestants import Contestant, OurBot
from benchmarks.stub import Plan

ARTIFACTS: Final = Path("artifacts")
_QUIET_CORES: Final = 0.3
_LENGTHS: Final = {"warm": 1.5, "rush": 5.0, "gentle": 5.0, "idle": 1.5}
_QUICK: Final = {"warm": 1.0, "rush": 2.0, "gentle": 2.0, "idle": 1.0}
_OPENING: Final = 35.0  # seconds at most, of each contestant once: what was opened by then is scaled to the whole


@dataclass(frozen=True, slots=True)
class Run:
    """How much is measured: `people` chat at once, `pace` is messages a second in the gentle part, `bound` that this
    bot's calls alone are measured, too.
    """

    rounds: int
    people: int
    pace: float
    lengths: Mapping[str, float]
    newcomers: int
    bound: bool

    def plan(self, contestant: Contestant, number: int) -> Plan:
        """The round of this number; the last one ends with open dialogs."""
        last = number == self.rounds - 1
        newcomers = self.newcomers if last else 0
        return Plan(
            contestant.walk,
            self.people,
            pace=self.pace,
            newcomers=newcomers,
            opening=_OPENING,
            round=number,
            **self.lengths,
        )


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="One short round each, without open dialogs, in two minutes.")
    ] = False,
    count: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of each contestant.")] = 3,
    people: Annotated[int, typer.Option(min=1, help="People who chat at once.")] = 200,
    pace: Annotated[float, typer.Option(min=1, help="Steps a second in the gentle part.")] = 100.0,
    bound: Annotated[
        bool, typer.Option("--bound", help="Also what this bot's two calls a step cost alone, a minute more.")
    ] = False,
) -> None:
    """Measure the bot against other frameworks, on this machine. docs/performance.md has the method."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody shall compile anew at each start
    newcomers = 0 if quick else report.DIALOGS
    run = Run(1 if quick else count, people, pace, _QUICK if quick else _LENGTHS, newcomers, bound)
    try:
        code = asyncio.run(_run(run))
    except rounds.RoundFailedError as error:
        typer.echo(str(error), err=True)
        code = 2
    raise typer.Exit(code)


async def _run(run: Run) -> int:
    console = Console()
    peers = [*contestants.peers(ARTIFACTS.absolute() / "peers"), *([contestants.CALLS_ALONE] if run.bound else [])]
    folder = ARTIFACTS.absolute() / "benchmark"  # on the project's disk: a database in memory would flatter
    shutil.rmtree(folder, ignore_errors=True)
    limit = await rounds.calls_a_second(1.0)
    console.print(f"The stub alone answers {limit:,.0f} calls a second.")
    async with contestants.postgres() as on_postgres:
        ours: list[Contestant] = [OurBot(), *([on_postgres] if on_postgres else [])]
        played, kept = await _played(run, [*peers, *ours], {each.name for each in peers[1:]}, folder, console)
    stalled = await stalls.measured(run.plan(OurBot(), run.rounds), folder / "stalls")
    summary: dict[str, dict[str, Any]] = {
        name: {**of, "kept": kept[name]} for name, of in report.summed_up(played, baseline=peers[0].name).items()
    }
    console.print(report.table(summary, run.pace))
    console.print(stalls.sentence(stalled))
    others = max(of["others_cores"] for of in summary.values())
    if others > _QUIET_CORES:
        console.print(f"Other work kept up to {others:.1f} cores busy: only the ratio of CPU a step can be trusted.")
    measured = {"stub_calls_per_second": limit, "people": run.people, "pace": run.pace, "rounds_each": run.rounds}
    written = report.write(ARTIFACTS, {**measured, "summary": summary, "stalls": stalled, "rounds": played})
    text, picture = page.write(written)
    console.print(f"All of it is in {written}, as Markdown in {text}, as a picture in {picture}.")
    faults = sum(summary[each.name][what] for each in ours for what in ("wrong", "lost", "doubled"))
    return 1 if faults else 0


async def _played(
    run: Run, field: list[Contestant], optional: set[str], folder: Path, console: Console
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """All rounds, and where each keeps dialogs. Of those named optional, who cannot come to the end is left out."""
    played: dict[str, list[dict[str, Any]]] = {}
    kept: dict[str, str] = {}
    out: set[str] = set()
    for number in range(run.rounds):
        for place, contestant in enumerate(field):
            name = contestant.name
            if name in out:
                continue
            own = folder / f"{number}-{place}"
            own.mkdir(parents=True)
            try:
                result = await rounds.play(contestant, run.plan(contestant, number), own)
            except rounds.RoundFailedError as error:
                if name not in optional:
                    raise
                print(f"{error} It is left out.", file=sys.stderr)
                out.add(name)
                played.pop(name, None)
                continue
            played.setdefault(name, []).append(result)
            kept[name] = await contestant.kept()
            rush = result["rush"]
            console.print(f"round {number + 1}, {name}: {rush['steps'] / rush['seconds']:.0f} steps/s")
    return played, kept


if __name__ == "__main__":
    typer.run(main)
