"""`python -m benchmarks.http`: this face and fastapi-users, few accounts and many, in interleaved windows."""

import asyncio
import shutil
import time
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import report as bench_report
from benchmarks.http import report, rounds
from benchmarks.http.peers import peer_python
from benchmarks.http.servers import ServerFailedError, contestants
from benchmarks.postgres import PostgresServer, postgres_server

_ARTIFACTS = Path("artifacts")
_QUIET_CORES = 0.3
_TABLE_WIDTH = 150
_PACKAGES = ("fastapi", "uvicorn", "uvloop", "aiohttp", "SQLAlchemy", "bcrypt")
_FULL = rounds.Lengths(call=1.5, login=6.0, warm=0.3, turns=2)
_QUICK = rounds.Lengths(call=0.7, login=1.5, warm=0.2, turns=1)


def main(
    quick: Annotated[bool, typer.Option("--quick", help="One short round, fewer accounts, about a minute.")] = False,
    count: Annotated[int, typer.Option("--rounds", min=1, help="Rounds on each database.")] = 3,
    many: Annotated[int, typer.Option(min=1000, help="Accounts in the large databases.")] = 1_000_000,
) -> None:
    """Measure the HTTP face against fastapi-users, on this machine. docs/performance.md has the method."""
    peer = peer_python(_ARTIFACTS.absolute() / "peers" / "http")
    try:
        with postgres_server() as postgres:
            if quick:
                code = asyncio.run(_run(peer, postgres, 1, min(many, 50_000), 100, _QUICK))
            else:
                code = asyncio.run(_run(peer, postgres, count, many, 500, _FULL))
    except ServerFailedError as error:
        typer.echo(str(error), err=True)
        code = 2
    raise typer.Exit(code)


async def _run(
    peer: Path | None, postgres: PostgresServer | None, count: int, many: int, people: int, lengths: rounds.Lengths
) -> int:
    began = time.perf_counter()
    console = Console()
    folder = _ARTIFACTS.absolute() / "benchmark-http"  # on the project's disk: a database in memory would flatter
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    limit = await rounds.ceiling(folder, lengths)
    console.print(f"The load makes {limit:,.0f} calls a second of a server that does nothing.")
    field = await contestants(folder, peer, postgres, (1000, many))
    console.print("filling the databases")
    await asyncio.gather(*(of.fill() for of in field))
    played: list[list[dict[str, Any]]] = []
    for number in range(count):
        for database in dict.fromkeys(of.database for of in field):
            console.print(f"round {number + 1} on {database}, after {time.perf_counter() - began:.0f} s")
            own = [of for of in field if of.database == database]
            played.append(await rounds.play(own, postgres.pid if postgres else 0, people, lengths, folder))
    return _tell(console, played, limit, folder)


def _tell(console: Console, played: list[list[dict[str, Any]]], limit: float, folder: Path) -> int:
    rows, raw = report.rows(played), report.raw_bcrypt(played)
    console.width = max(console.width, _TABLE_WIDTH)
    console.print(report.table(rows, raw))
    console.print(f"bcrypt alone, of cost 12: {raw['one']:.2f} a second on one thread, {raw['all']:.2f} on all cores.")
    windows = [window for window in chain.from_iterable(played) if "latencies" in window]
    others = max(window["others_cores"] for window in windows)
    if others > _QUIET_CORES:
        console.print(f"Other work kept up to {others:.1f} cores busy: trust the ratios of CPU alone.")
    busiest = max(window["load_busy"] for window in windows)
    console.print(f"The load kept at most {busiest:.0%} of a core busy.")
    wrong = sum(window["wrong"] for window in windows)
    surprises = sorted({window["surprise"] for window in windows} - {""})
    if wrong:
        console.print(f"{wrong} answers were wrong: {'; '.join(surprises)}")
    for window in windows:
        window["count"] = len(window.pop("latencies"))
    values = {"ceiling": limit, "raw_bcrypt": raw, "wrong": wrong, "rows": rows, "rounds": played}
    console.print(f"All of it is in {bench_report.write(_ARTIFACTS, values, 'benchmark-http', _PACKAGES)}.")
    shutil.rmtree(folder)  # some gigabytes
    return 1 if wrong else 0


if __name__ == "__main__":
    typer.run(main)
