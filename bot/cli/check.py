"""`check`: whether this machine is ready to run the bot, and what to mend where it is not."""

import asyncio

import typer

from bot.cli import late
from core.exits import Exit, Failure


def check() -> None:
    """Look at configuration, secrets, database, photo store, disk, clock and Telegram; say what to mend.

    One line each: ok, warning or fault. It leaves everything as it is, and may be run beside a bot that runs. The exit
    code is that of the first fault; warnings are no faults.
    """
    faults = asyncio.run(_look())
    if faults:
        raise Failure(f"Faults: {len(faults)}; mend what the lines above say.", faults[0])


async def _look() -> list[Exit]:
    """Says each finding as soon as it is there; the exit codes of the faults."""
    faults: list[Exit] = []
    async for found in late.findings():
        typer.echo(f"{found.level:<8} {found.thing:<14} {found.sentence}")
        if found.code is not Exit.OK:
            faults.append(found.code)
    return faults
