"""The command line of the HTTP face. Whatever can be foreseen ends in one sentence on stderr and an exit code."""

import signal

import typer

from core import collector
from core.exits import MEANINGS, Exit, carry_out

cli = typer.Typer(
    help="Serves the documented routes over HTTP, beside the bot or without it.\n\n"
    "Settings come from config.toml, then from the environment (CLINIC_BOT__SECTION__KEY).",
    epilog=MEANINGS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback()
def commands() -> None:
    """Without this Typer would take the only command as the program itself, and `run` as a stray argument."""


@cli.command()
def run() -> None:
    """Serve on api.host and api.port until SIGTERM or Ctrl-C; requests under way have ten seconds to end.

    Several of these, and bots, can work on one database. On SQLite the tables are upgraded first; on PostgreSQL
    `python -m bot db upgrade` does that when you say so.
    """
    collector.begin()
    from api.serving import run_api  # noqa: PLC0415 - a command that only prints its help should not import it all

    if run_api() == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


def main() -> int:
    """Carries out the command in sys.argv and returns its exit code."""
    return carry_out(cli, "python -m api")
