"""`db`: the tables of the database."""

import asyncio

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
