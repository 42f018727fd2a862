"""The operator's command line. Whatever can be foreseen ends in one sentence on stderr and an exit code."""

import typer

from bot.cli import admin, audit, check, db, imports, keys, rings, run, texts
from core.exits import MEANINGS, carry_out

cli = typer.Typer(
    help="Runs the clinic's Telegram bot, and does what its operator does beside it.\n\n"
    "Settings come from config.toml, then from the environment (CLINIC_BOT__SECTION__KEY).",
    epilog=MEANINGS,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command("run")(run.run)
cli.command("check")(check.check)
cli.add_typer(admin.commands, name="admin")
cli.add_typer(db.commands, name="db")
cli.add_typer(imports.commands, name="import")
cli.add_typer(audit.commands, name="audit")
cli.add_typer(keys.commands, name="secrets")
cli.add_typer(rings.commands, name="keys")
cli.add_typer(texts.commands, name="texts")


def main() -> int:
    """Carries out the command in sys.argv and returns its exit code."""
    return carry_out(cli, "python -m bot")
