"""`run`: the bot until it is told to stop."""

import signal
from typing import Annotated

import typer

from bot.cli import late
from core.exits import Exit

Workers = Annotated[int, typer.Option(min=1, max=64, help="So many processes share the work; PostgreSQL only.")]


def run(workers: Workers = 1) -> None:
    """Run the bot against the Bot API server of telegram.api_url until SIGTERM or Ctrl-C.

    On SQLite the tables are upgraded first; on PostgreSQL `db upgrade` does that when you say so. Without a bot token
    it does not start: `make run` gives a sandbox to try it in. Each fault ends with one sentence that says the mend.

    With several workers, one that dies is started again; each has an operations port of its own: ops.bot_port and
    every second one after it.
    """
    if late.run_bot(workers) == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)
