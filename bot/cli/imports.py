"""`import`: accounts of other services, hospitals, departments."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import late
from core.exits import Exit, Failure

if TYPE_CHECKING:
    from bot.cli.importing.running import Result

commands = typer.Typer(
    help="Bring in accounts, hospitals and departments from files. Importing a file twice does no harm.",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="UTF-8: .csv with a header, or .jsonl.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")]
Report = Annotated[
    Path | None, typer.Option(metavar="FILE.csv", help="Write refused lines to this new file, not to stdout.")
]


@commands.command()
def accounts(
    file: File,
    source: Annotated[
        str, typer.Option(help="A name for the service the file is from; keep to it, as its ids are noted under it.")
    ] = "import",
    health_consent_recorded: Annotated[
        bool,
        typer.Option(
            "--health-consent-recorded",
            help="The service holds these people's consent to keep their medical history; else no history is taken.",
        ),
    ] = False,
    dry_run: DryRun = False,
    report: Report = None,
) -> None:
    """Import patients and doctors with the passwords they have (bcrypt hashes).

    Columns are the documented names and role, password_hash and source_id. A line that breaks a rule is refused with
    its reason, and the others are taken.
    """
    if not 1 <= len(source) <= 64 or not source.isprintable():
        raise Failure("--source is a name of 1 to 64 characters.", Exit.USAGE)
    _told(
        late.import_accounts(
            file, source=source, health_consent=health_consent_recorded, dry_run=dry_run, report=report
        ),
        dry_run,
    )


@commands.command()
def hospitals(file: File, dry_run: DryRun = False, report: Report = None) -> None:
    """Add hospitals, or rename them by their id. Columns: id, name."""
    _told(late.import_places("hospital", file, dry_run=dry_run, report=report), dry_run)


@commands.command()
def departments(file: File, dry_run: DryRun = False, report: Report = None) -> None:
    """Add departments, or rename them by their id. Columns: id, name. Those of the national list are there already."""
    _told(late.import_places("department", file, dry_run=dry_run, report=report), dry_run)


def _told(work: "Coroutine[Any, Any, Result]", dry_run: bool) -> None:
    """Does it and says how many of what. Raises Failure when lines were refused."""
    try:
        result = asyncio.run(work)
    except KeyboardInterrupt:
        typer.echo("Interrupted: the same command goes on from here, what is in is passed over.", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from None
    if result.note:
        typer.echo(result.note)
    counted = [f"{count} {outcome}" for outcome, count in result.counts.items() if outcome is not None]
    typer.echo(
        f"{'Dry run, nothing written: ' if dry_run else ''}{', '.join([*counted, f'{result.refused} refused'])}."
    )
    if result.refused:
        raise Failure("Lines were refused: mend them and give the same command again, what is in is passed over.")
