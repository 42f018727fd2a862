"""`run`: the bot until it is told to stop."""

import signal

import typer

from bot.cli import late
from core.exits import Exit


def run() -> None:
    """Run the bot against the Bot API server of telegram.api_url until SIGTERM or Ctrl-C.

    On SQLite the tables are upgraded first; on PostgreSQL `db upgrade` does that when you say so. Without a bot token
    it does not start: `make run` gives a sandbox to try it in. Each fault ends with one sentence that says the mend.
    """
    if late.run_bot() == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)
