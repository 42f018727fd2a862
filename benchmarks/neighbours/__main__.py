"""`python -m benchmarks.neighbours`: what others feel of logins and photos, at half of what the bot can do."""

import asyncio
import json
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.neighbours.report import table
from benchmarks.neighbours.rounds import measure

_ARTIFACTS: Final = Path("artifacts")


def main(
    rounds: Annotated[int, typer.Option(min=1, max=3, help="Times through all windows; more photos may not wait.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="Length of a window.")] = 6,
    share: Annotated[float, typer.Option(min=0.05, max=1, help="Of the steps a second flat out.")] = 0.5,
    pace: Annotated[
        int | None,
        typer.Option(min=0, help="Messages a second instead of a share, to compare one run with another; 0: flat out."),
    ] = None,
    hash_waits: Annotated[
        float | None, typer.Option(min=0, help="Seconds a login waits in place of its hash, which costs nothing then.")
    ] = None,
) -> None:
    """Others at a steady pace: alone, while people log in without pause, while photos of 12 megapixels come in."""
    folder = _ARTIFACTS.absolute() / "benchmark-neighbours"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    measured = asyncio.run(measure(folder, rounds, seconds, share if pace is None else pace, hash_waits))
    shutil.rmtree(folder)
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    (_ARTIFACTS / f"benchmark-neighbours-{stamp}.json").write_text(json.dumps(measured, indent=1))
    Console(width=170).print(table(measured))
    sys.exit(1 if any(window["wrong"] for window in measured["windows"]) else 0)


if __name__ == "__main__":
    typer.run(main)
