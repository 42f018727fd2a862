"""`audit`: is the record of what was done still what was recorded?"""

import asyncio
from typing import Annotated

import typer

from bot.cli.late import operator
from core.exits import Exit, Failure

commands = typer.Typer(help="The audit: who did what.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Keeps `verify` a command of its own, as Typer would fold a single one into its group."""


@commands.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(help="A head that was noted earlier (the log names it hourly): it must still be in the chain."),
    ] = None,
) -> None:
    """Walk the whole chain: an entry that was changed, removed, put elsewhere or recomputed is found.

    Without --head an end that was cut off cannot be found. Prints the present head: keep it somewhere else.
    """
    typer.echo(asyncio.run(_verify(head)))


async def _verify(head: str | None) -> str:
    async with operator() as op, op.act() as uow:
        audit = op.core.audit
        if head is not None and not audit.is_head(head):
            raise Failure(
                "--head is not a head: give one as the log or an earlier `audit verify` shows it, number:key:hash.",
                Exit.USAGE,
            )
        found = await audit.verify(uow, head)
        waiting = await audit.waiting(uow)
    sealed = f"{found.number} sealed entries, head {found}" if found.number else "no sealed entry yet"
    unsealed = f" Not sealed yet, so not checked: {waiting} (a running bot seals them)." if waiting else ""
    return f"The audit is whole: {sealed}.{unsealed}"
