"""`secrets`: new keys. Named keys here, because a module named secrets would hide Python's own."""

from pathlib import Path
from typing import Annotated

import typer

from core.exits import Failure
from core.keys import KEY_NAMES, make_secrets, new_key_text

commands = typer.Typer(help="The keys that sign, seal and pepper.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Keeps `new` a command of its own, as Typer would fold a single one into its group."""


@commands.command()
def new(
    directory: Annotated[
        Path | None, typer.Option("--dir", help="A folder to write them to, one file each, readable by you alone.")
    ] = None,
) -> None:
    """Make a fresh set of keys: into files with --dir, else as lines for the environment on stdout.

    Files that are there already are never overwritten: what was sealed needs the keys it was sealed with.
    """
    if directory is None:
        for name in KEY_NAMES:
            typer.echo(f"CLINIC_BOT__SECRETS__{name.upper()}_KEYS={new_key_text()}")
        return
    try:
        paths = make_secrets(directory)
    except FileExistsError as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"The keys cannot be written to {directory}: {error.strerror}.") from None
    for path in paths:
        typer.echo(f"CLINIC_BOT__SECRETS__{path.name.upper()}_FILE={path.absolute()}")
