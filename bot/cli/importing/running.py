"""Takes a file's rows in batches, a transaction each, and tells what became of them."""

import asyncio
import csv
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, TextIO, TypeVar

from rich.console import Console
from rich.progress import Progress

from bot.cli.importing.reading import Row, Rows
from bot.cli.importing.wording import reason
from bot.cli.operator import Operator
from core.errors import CoreError
from core.exits import Failure
from core.unit import UnitOfWork

_BATCH: Final = 500  # a transaction of a tenth of a second or two
# SQLite's one writer at a time is whoever asks at the right moment, and who waits asks every tenth of a second:
# without a pause of that length a bot beside the import would not get its turn.
_PAUSE: Final = 0.11

_T = TypeVar("_T")


@dataclass(slots=True)
class Result:
    """How many rows there were of each outcome, the refused under None; and what else is to be said."""

    counts: Counter[str | None] = field(default_factory=Counter)
    note: str | None = None

    @property
    def refused(self) -> int:
        return self.counts[None]


async def run(
    op: Operator,
    rows: Rows,
    parse: Callable[[Row], _T],
    take: Callable[[UnitOfWork, Sequence[_T]], Awaitable[Sequence[str | CoreError]]],
    *,
    dry_run: bool,
    report: Path | None,
) -> Result:
    """Takes every row. Killed in the middle, what was committed stays, and the same command goes on from there.

    A dry run does all of it and rolls each batch back. Raises Failure when the file or the report cannot be used.

    Args:
        parse: a row's value; raises CoreError, which refuses the row.
        take: what became of each value: a word, or why it is refused.
    """
    result = Result()
    total = rows.count()
    with _refusals(report) as refuse, _progress(total) as advance:
        remaining = iter(rows)
        while batch := list(islice(remaining, _BATCH)):
            parsed = [_parsed(row, parse) for row in batch]  # here, where no transaction is open
            async with op.act() as uow:
                taken = iter(await take(uow, [value for value in parsed if not isinstance(value, CoreError)]))
                if dry_run:
                    await uow.conn.rollback()
            for row, value in zip(batch, parsed, strict=True):
                outcome = value if isinstance(value, CoreError) else next(taken)
                if isinstance(outcome, CoreError):
                    refuse(row.line, reason(outcome))
                result.counts[None if isinstance(outcome, CoreError) else outcome] += 1
            advance(len(batch))
            if op.database.dialect == "sqlite":
                await asyncio.sleep(_PAUSE)
    return result


def _parsed(row: Row, parse: Callable[[Row], _T]) -> _T | CoreError:
    try:
        return parse(row)
    except CoreError as error:
        return error


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
