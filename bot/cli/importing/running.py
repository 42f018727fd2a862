"""Takes a file's rows in batches, a transaction each, and tells what became of them."""

import csv
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, TextIO, TypeAlias

from rich.console import Console
from rich.progress import Progress

from bot.cli.importing.reading import Row, Rows
from bot.cli.importing.wording import reason
from bot.cli.operator import Operator
from core.errors import CoreError
from core.exits import Failure
from core.unit import UnitOfWork

_BATCH: Final = 500  # a transaction of a tenth of a second: a bot beside it is not held up

RowOutcome: TypeAlias = str | CoreError
"""A word for what was done with a row, or why nothing was."""

Take: TypeAlias = Callable[[UnitOfWork, Sequence[Row]], Awaitable[list[RowOutcome]]]


@dataclass(slots=True)
class Result:
    """How many rows there were of each outcome, the refused under None; and what else is to be said."""

    counts: Counter[str | None] = field(default_factory=Counter)
    note: str | None = None

    @property
    def refused(self) -> int:
        return self.counts[None]


async def run(op: Operator, rows: Rows, take: Take, *, dry_run: bool, report: Path | None) -> Result:
    """Takes every row. Killed in the middle, what was committed stays, and the same command goes on from there.

    A dry run does all of it and rolls each batch back. Raises Failure when the file or the report cannot be used.
    """
    result = Result()
    total = rows.count()
    with _refusals(report) as refuse, _progress(total) as advance:
        remaining = iter(rows)
        while batch := list(islice(remaining, _BATCH)):
            for row, outcome in zip(batch, await _taken(op, take, batch, keep=not dry_run), strict=True):
                if isinstance(outcome, CoreError):
                    refuse(row.line, reason(outcome))
                result.counts[None if isinstance(outcome, CoreError) else outcome] += 1
            advance(len(batch))
    return result


async def _taken(op: Operator, take: Take, batch: Sequence[Row], *, keep: bool) -> list[RowOutcome]:
    async with op.act() as uow:
        outcomes = await take(uow, batch)
        if not keep:
            await uow.conn.rollback()
    return outcomes


@contextmanager
def _refusals(report: Path | None) -> Iterator[Callable[[int, str], None]]:
    """Tells refused rows on stdout, or in a new CSV file that is never one that is there already."""
    if report is None:
        # Not typer.echo: it writes past Rich, into the bar.
        yield lambda line, reason: print(f"line {line}: {reason}")  # noqa: T201
        return
    with _new_file(report) as file:
        writer = csv.writer(file)
        writer.writerow(["line", "reason"])

        def refuse(line: int, reason: str) -> None:
            writer.writerow([line, reason])

        yield refuse


def _new_file(path: Path) -> TextIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failure(f"{path} is there already: name a report that is not.") from None
    except OSError as error:
        raise Failure(f"The report {path} cannot be written: {error.strerror}.") from None
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, where somebody looks."""
    with Progress(
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        redirect_stdout=sys.stdout.isatty(),  # else what is meant for a file or pipe would be shown above the bar
        transient=True,
    ) as bar:
        task = bar.add_task("Importing", total=total)
        yield lambda count: bar.update(task, advance=count)
