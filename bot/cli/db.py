"""`db`: the tables of the database."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import late

commands = typer.Typer(help="The tables of the database in storage.database_url.", no_args_is_help=True)


@commands.command()
def upgrade() -> None:
    """Bring the tables to this version; make them when there are none. Nothing changes when they are there already."""
    typer.echo(asyncio.run(_upgrade()))


@commands.command()
def current() -> None:
    """Show the tables' version, and whether this program can use them."""
    typer.echo(asyncio.run(_current()))


@commands.command()
def backup(file: Annotated[Path, typer.Argument(help="A file that is not there yet.")]) -> None:
    """Copy the embedded database (SQLite) to FILE while the bot runs, and check the copy; nothing is overwritten.

    Photos and keys are not in it: docs/operations.md says in which order to copy what.
    """
    asyncio.run(late.back_up(file))
    typer.echo(f"The database is in {file}, and is sound. Now copy the photos; the keys belong elsewhere.")


@commands.command()
def restore(file: Annotated[Path, typer.Argument(help="What `db backup` wrote.")]) -> None:
    """Make the embedded database (SQLite) out of FILE. The bot and the API must be stopped, the old files moved away.

    Whoever erased their account after the backup is there again: docs/erasing.md says what to do.
    """
    asyncio.run(late.put_back(file))
    typer.echo("The database is put back. Who erased their account since is in it again: see docs/erasing.md.")


async def _upgrade() -> str:
    database = late.database()
    try:
        await database.upgrade()
        return f"The tables of {database.name} are at {await database.revision()}."
    finally:
        await database.dispose()


async def _current() -> str:
    database = late.database()
    try:
        revision = await database.revision()
        if revision is None:
            return f"{database.name} has no tables yet: run `python -m bot db upgrade`."
        state = "up to date" if await database.is_current() else "not this version's: run `python -m bot db upgrade`"
        return f"The tables of {database.name} are at {revision}, {state}."
    finally:
        await database.dispose()
