"""`python -m benchmarks.review`: a queue of 100,000 certificates against one of 100, in interleaved turns."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import report
from benchmarks.postgres import postgres_server
from benchmarks.review.queue import Queue, queue_of, timed

_ARTIFACTS: Final = Path("artifacts")
_FEW: Final = 100
_TURNS: Final = 5

Times = dict[str, dict[str, list[float]]]  # database and length, act: milliseconds


def main(
    many: Annotated[int, typer.Option(min=1000, help="Certificates in the long queue.")] = 100_000,
    times: Annotated[int, typer.Option(min=1, help="Acts of each kind a turn.")] = 100,
) -> None:
    """Measure what a long queue costs the admin who works through it. docs/performance.md has the method."""
    asyncio.run(_run(many, times))


async def _run(many: int, times: int) -> None:
    console = Console()
    taken: Times = {}
    async with AsyncExitStack() as stack:
        queues = await stack.enter_async_context(_queues(many))
        for _ in range(_TURNS):
            for name, queue in queues.items():
                acts = taken.setdefault(name, {"page": [], "claim": []})
                acts["page"] += await timed(queue.page, times)
                acts["claim"] += await timed(queue.claim, times)
    middle = {name: {act: median(each) for act, each in acts.items()} for name, acts in taken.items()}
    table = Table("", "a page, ms", "opening one, ms", "page over few", "opening over few")
    for name, of in middle.items():
        few = middle[f"{name.split()[0]} {_FEW:,}"]
        ratios = [f"{of[act] / few[act]:.2f}" for act in ("page", "claim")]
        table.add_row(name, f"{of['page']:.2f}", f"{of['claim']:.2f}", *ratios)
    console.print(table)
    console.print(f"All of it is in {report.write(_ARTIFACTS, {'medians': middle}, 'benchmark-review')}.")


@asynccontextmanager
async def _queues(many: int) -> AsyncIterator[dict[str, Queue]]:
    """A short and a long queue on each database."""
    folder = _ARTIFACTS.absolute() / "benchmark-review"  # on the project's disk: a database in memory would flatter
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        queues = {}
        for size in (_FEW, many):
            places = {"SQLite": f"sqlite+aiosqlite:///{folder}/{size}.db"}
            if postgres:
                places["PostgreSQL"] = await postgres.create()
            for name, url in places.items():
                queues[f"{name} {size:,}"] = await stack.enter_async_context(queue_of(size, url, folder / "photos"))
        yield queues
    shutil.rmtree(folder)


if __name__ == "__main__":
    typer.run(main)
