"""`python -m benchmarks.review`: a long queue against a short one, in interleaved turns; then many large photos."""

import asyncio
import shutil
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import report
from benchmarks.postgres import postgres_server
from benchmarks.review.intake import Intake, take_in
from benchmarks.review.queue import Queue, queue_of, timed

_ARTIFACTS: Final = Path("artifacts")
_FEW: Final = 100
_TURNS: Final = 5

Medians = dict[str, dict[str, float]]


def main(
    many: Annotated[int, typer.Option(min=1000, help="Certificates in the long queue.")] = 100_000,
    times: Annotated[int, typer.Option(min=1, help="Acts of each kind a turn.")] = 100,
    doctors: Annotated[int, typer.Option(min=1, help="Doctors who send four photos each, all at once.")] = 25,
) -> None:
    """Measure what a long queue costs an admin, and large photos others. docs/performance.md has the method."""
    folder = _ARTIFACTS.absolute() / "benchmark-review"  # on the project's disk: a database in memory would flatter
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    asyncio.run(_run(many, times, doctors, folder))
    shutil.rmtree(folder)


async def _run(many: int, times: int, doctors: int, folder: Path) -> None:
    console = Console()
    queues = await _queues(many, times, folder)
    console.print(_queue_table(queues))
    intake = await take_in(doctors, folder)
    console.print(_intake_table(intake))
    written = report.write(_ARTIFACTS, {"queues": queues, "intake": asdict(intake)}, "benchmark-review")
    console.print(f"All of it is in {written}.")


async def _queues(many: int, times: int, folder: Path) -> Medians:
    """Medians in milliseconds, by database and length of the queue."""
    taken: dict[str, dict[str, list[float]]] = {}
    async with AsyncExitStack() as stack:
        queues = await _opened(stack, many, folder)
        for _ in range(_TURNS):
            for name, queue in queues.items():
                acts = taken.setdefault(name, {"page": [], "claim": []})
                acts["page"] += await timed(queue.page, times)
                acts["claim"] += await timed(queue.claim, times)
    return {name: {act: median(each) for act, each in acts.items()} for name, acts in taken.items()}


async def _opened(stack: AsyncExitStack, many: int, folder: Path) -> dict[str, Queue]:
    """A short and a long queue on each database."""
    postgres = stack.enter_context(postgres_server())
    queues = {}
    for size in (_FEW, many):
        places = {"SQLite": f"sqlite+aiosqlite:///{folder}/{size}.db"}
        if postgres:
            places["PostgreSQL"] = await postgres.create()
        for name, url in places.items():
            queues[f"{name} {size:,}"] = await stack.enter_async_context(queue_of(size, url, folder / "photos"))
    return queues


def _queue_table(medians: Medians) -> Table:
    table = Table("the queue", "a page, ms", "opening one, ms", "page over few", "opening over few")
    for name, of in medians.items():
        few = medians[f"{name.split()[0]} {_FEW:,}"]
        ratios = [f"{of[act] / few[act]:.2f}" for act in ("page", "claim")]
        table.add_row(name, f"{of['page']:.2f}", f"{of['claim']:.2f}", *ratios)
    return table


def _intake_table(intake: Intake) -> Table:
    table = Table(f"{intake.photos} photos of 12 megapixels, {intake.megabytes:.1f} MB each", "")
    table.add_row("photos a second", f"{intake.photos / intake.seconds:.2f}")
    table.add_row("another person's step, p50 / p99 ms, before", _percentiles(intake.before))
    table.add_row("  meanwhile", _percentiles(intake.meanwhile))
    table.add_row("memory of the bot, before / at most, MB", f"{intake.memory_before:.0f} / {intake.memory_peak:.0f}")
    return table


def _percentiles(times: list[float]) -> str:
    cuts = quantiles(times, n=100)
    return f"{cuts[49]:.1f} / {cuts[98]:.1f}"


if __name__ == "__main__":
    typer.run(main)
