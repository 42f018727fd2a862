"""`keys`: other keys in place of the present ones, while the bot runs (SECURITY.md Secrets, docs/operations.md)."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.late import operator, rotation
from core.exits import Exit, Failure
from core.keys import KEY_NAMES, KeyRing, new_key_text

if TYPE_CHECKING:
    from bot.cli.operator import Operator
    from core.audit import Action
    from core.key_files import KeyFile

commands = typer.Typer(help="A change of keys, while the bot runs. See docs/operations.md.", no_args_is_help=True)

SEALING: Final = ("photo", "health", "inbox", "pepper")
_EVERY: Final = 5.0  # seconds between two lines about how far it is


def _known(name: str | None) -> str | None:
    if name is not None and name not in KEY_NAMES:
        raise typer.BadParameter(f"one of {', '.join(KEY_NAMES)}")
    return name


Name = Annotated[str, typer.Argument(help=f"One of {', '.join(KEY_NAMES)}.", callback=_known)]
Kid = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `keys list` shows it.")]


@commands.command("list")
def list_() -> None:
    """Show the ids of all keys, never a key: the first of each signs and seals, all verify and open."""
    asyncio.run(_list())


@commands.command()
def add(
    name: Name,
    behind: Annotated[
        bool, typer.Option("--behind", help="Only to open with, until `promote`: for files copied to several machines.")
    ] = False,
) -> None:
    """Make a fresh key and put it in front: every process of this machine signs and seals by it within seconds."""
    asyncio.run(_add(name, behind))


@commands.command()
def promote(name: Name, kid: Kid) -> None:
    """Put a key in front that every machine knows by now."""
    asyncio.run(_promote(name, kid))


@commands.command()
def reseal(
    name: Annotated[
        str | None, typer.Argument(help=f"One of {', '.join(SEALING)}; without: all of them.", callback=_known)
    ] = None,
) -> None:
    """Seal anew, by the present keys, what lies under older ones. May be interrupted, and run again."""
    asyncio.run(_reseal(SEALING if name is None else (name,)))


@commands.command()
def retire(
    name: Name,
    kid: Kid,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what needs it.")] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="For a stolen signing key or pepper: take it out though logins or passwords go."),
    ] = False,
) -> None:
    """Take an old key out. Refused while anything needs it; says how much."""
    asyncio.run(_retire(name, kid, dry_run=dry_run, anyway=anyway))


async def _list() -> None:
    async with operator() as op:
        table = Table("Keys", "Id", "Use", "From")
        for name in KEY_NAMES:
            ring = getattr(op.secrets, name)
            source = str(getattr(ring, "path", "the environment"))
            kids = ring.now
            for kid in (kids.current, *(each for each in kids.keys if each != kids.current)):
                table.add_row(name, kid, "signs and seals" if kid == kids.current else "opens", source)
    Console().print(table)


async def _add(name: str, behind: bool) -> None:
    fresh = KeyRing.parse(new_key_text())
    async with operator() as op:
        file = _file(op, name)
        await _change(
            op,
            file,
            f"{name} {fresh.current}",
            _action("ADD_KEY"),
            lambda ring: ring.with_key(fresh.current, fresh.key, in_front=not behind),
        )
    then = f"copy {file.path} to every machine, then `keys promote`" if behind else f"copy {file.path} to a safe place"
    typer.echo(f"The {name} keys have {fresh.current} now: {then}.")


async def _promote(name: str, kid: str) -> None:
    async with operator() as op:
        file = _file(op, name)

        def in_front(ring: KeyRing) -> KeyRing:
            return ring.with_key(kid, _key(ring, name, kid), in_front=True)

        await _change(op, file, f"{name} {kid}", _action("PROMOTE_KEY"), in_front)
    typer.echo(f"The {name} key {kid} signs and seals now.")


async def _reseal(names: tuple[str, ...]) -> None:
    async with operator() as op:
        broken = False
        for name in names:
            if name not in SEALING:
                raise Failure(f"The {name} keys seal nothing: `keys retire` says what needs an old one.", Exit.USAGE)
            ring = getattr(op.secrets, name)
            await _until_all_know(ring)
            said = time.monotonic()
            async for tally in rotation(op).reseal(name):
                if time.monotonic() - said >= _EVERY:
                    said = time.monotonic()
                    typer.echo(f"{name}, so far: {_told(tally.done)}.", err=True)
            typer.echo(f"{name}, sealed anew: {_told(tally.done)}.")
            if tally.broken:
                broken = True
                typer.echo(f"{name}, left as they are, not to be opened or not there: {_told(tally.broken)}.")
    if broken:
        raise Failure("Some could not be sealed anew: a key that sealed them is missing, or they were changed.")


async def _retire(name: str, kid: str, *, dry_run: bool, anyway: bool) -> None:
    async with operator() as op:
        file = _file(op, name)
        _key(file.now, name, kid)
        _refuse_first(file.now, name, kid)
        await _until_all_know(file)
        needs = await rotation(op).needs(name, kid, file.changed_at)
        kept = [need for need in needs if not (anyway and need.bearable)]
        for need in needs:
            typer.echo(f"{need.what.capitalize()}: {need.count}; {need.mend}.")
        if dry_run:
            if not needs:
                typer.echo(f"Nothing needs the {name} key {kid}.")
            return
        if kept:
            raise Failure(f"The {name} key {kid} is still needed, and stays.")

        def without(ring: KeyRing) -> KeyRing:
            _refuse_first(ring, name, kid)
            return ring.without(kid)

        await _change(op, file, f"{name} {kid}", _action("RETIRE_KEY"), without)
    typer.echo(f"The {name} key {kid} is taken out. Older backups may need it: keep it with them.")


async def _change(
    op: "Operator", file: "KeyFile", subject: str, action: "Action", change: Callable[[KeyRing], KeyRing]
) -> None:
    """The file is changed as the last thing of the transaction that audits it: when either fails nothing is done."""
    try:
        async with op.act() as uow:
            await op.core.audit.append(uow, action, subject=subject)
            file.change(change)
    except OSError as error:
        raise Failure(f"The keys cannot be written to {file.path}: {error.strerror}.") from None


def _file(op: "Operator", name: str) -> "KeyFile":
    from core.key_files import KeyFile  # noqa: PLC0415

    ring = getattr(op.secrets, name)
    if not isinstance(ring, KeyFile):
        raise Failure(
            f"The {name} keys come from the environment, which no command can change: set the variable, then restart "
            "every process; `python -m bot secrets new` makes keys.",
            Exit.CONFIGURATION,
        )
    return ring


def _action(name: str) -> "Action":
    from core.audit import Action  # noqa: PLC0415

    return Action[name]


def _key(ring: KeyRing, name: str, kid: str) -> bytes:
    key = ring.find(kid)
    if key is None:
        raise Failure(f"The {name} keys have no {kid}: `python -m bot keys list` shows them.")
    return key


def _refuse_first(ring: KeyRing, name: str, kid: str) -> None:
    if kid == ring.current:
        raise Failure(f"{kid} is the one that signs and seals: put another one in front by `keys add {name}` first.")


async def _until_all_know(ring: object) -> None:
    """Waits until every process of this machine has looked at the file, and what it was about to seal has landed."""
    from core.key_files import SEEN_AFTER, KeyFile  # noqa: PLC0415

    if isinstance(ring, KeyFile):
        await asyncio.sleep(max(0.0, ring.changed_at.timestamp() + SEEN_AFTER - time.time()))


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counts.items()) or "nothing"
