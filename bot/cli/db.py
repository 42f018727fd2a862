"""`db`: the tables of the database."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import late
from core.errors import AccountError

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

    Whoever erased their account after the backup is there again: `db erase-again` erases them.
    """
    asyncio.run(late.put_back(file))
    typer.echo("The database is put back. Who erased their account since is in it again: see `db erase-again`.")


@commands.command("erase-again")
def erase_again(
    accounts: Annotated[list[int], typer.Argument(metavar="ID...", help="As the log names them: erased.accounts.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """After a restore: erase again accounts that their owners erased since the backup. It cannot be undone.

    All of them or none; nobody is told. Who is erased already is passed over.
    """
    asyncio.run(_erase_again(accounts, yes))


async def _erase_again(ids: list[int], yes: bool) -> None:
    async with late.operator() as op:
        found = []
        for each in dict.fromkeys(ids):
            async with op.act() as uow:
                with suppress(AccountError):  # erased already
                    found.append(await op.core.accounts.get(uow, each))
        for account in found:
            typer.echo(f"{account.number} {account.name}")
        if found and not yes:
            typer.confirm("Had all of these erased their account? It cannot be undone.", abort=True)
        async with op.act() as uow:
            for account in found:
                await op.core.erasing.erase_again(uow, account.id)
    typer.echo(f"Erased again: {len(found)}; erased already or not there: {len(ids) - len(found)}.")


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
