"""`texts`: what people read, for whoever writes it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.late import preview_page
from core.exits import Failure

commands = typer.Typer(help="What people read.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Keeps `preview` a command of its own, as Typer would fold a single one into its group."""


@commands.command()
def preview(
    out: Annotated[Path, typer.Option(help="The HTML file to write; one that is there is written anew.")] = Path(
        "texts.html"
    ),
) -> None:
    """Show every screen of every dialog and command in both languages side by side, in one HTML file.

    It needs no settings, no bot and no database: the people in it are made up.
    """
    html = asyncio.run(preview_page())
    try:
        out.write_text(html, encoding="utf-8")
    except OSError as error:
        raise Failure(f"The page cannot be written to {out}: {error.strerror}.") from None
    typer.echo(f"Written: {out}")
