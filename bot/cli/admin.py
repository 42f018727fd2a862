"""`admin`: the clinic's admins. Nothing else makes one (SECURITY.md Admins)."""

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.late import operator
from core.errors import InvalidValue
from core.exits import Exit, Failure
from core.values import Password, PersonName, Phone

if TYPE_CHECKING:
    from bot.cli.operator import Operator
    from core.passwords import PasswordHash

commands = typer.Typer(help="The clinic's admins: nothing but this command makes one.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's number, like A1.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin instead of asking.")
]
_T = TypeVar("_T")


@commands.command()
def create(
    phone: Annotated[str | None, typer.Option(help="Mainland mobile number; asked for when not given.")] = None,
    name: Annotated[str | None, typer.Option(help="Their name; asked for when not given.")] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Make an admin. Asks for what is not given; the password twice, and never shown."""
    asyncio.run(_create(phone, name, password_stdin))


@commands.command("list")
def list_() -> None:
    """List the admins."""
    asyncio.run(_list())


@commands.command()
def suspend(account: Number) -> None:
    """Suspend an account and end its logins. The last active admin cannot be suspended."""
    asyncio.run(_suspend(account))


@commands.command()
def restore(account: Number) -> None:
    """Let a suspended account log in again."""
    asyncio.run(_restore(account))


@commands.command("reset-password")
def reset_password(account: Number, password_stdin: FromStdin = False) -> None:
    """Set a new password for an account and end its logins; its chats are told."""
    asyncio.run(_reset_password(account, password_stdin))


@commands.command("second-factor")
def second_factor(
    account: Number,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away instead: the password alone logs in.")] = False,
) -> None:
    """Give an admin a second factor and ten recovery codes, shown this once; their logins end, their chats are told.

    One they had before is worth nothing from then on.
    """
    asyncio.run(_remove_second_factor(account) if remove else _set_second_factor(account))


async def _create(phone: str | None, name: str | None, password_stdin: bool) -> None:
    async with operator() as op:
        as_phone = _asked(op, "--phone", "Phone", phone, Phone.parse)
        as_name = _asked(op, "--name", "Name", name, PersonName.parse)
        password = await _new_password(op, password_stdin, own=(as_phone.value, as_name.value))
        async with op.act() as uow:
            made = await op.core.accounts.create_admin(uow, phone=as_phone, name=as_name, password_hash=password)
        required = op.core.settings.admins.second_factor == "required"
    typer.echo(f"{made.number} {made.name} is an admin now: log in by /login in the bot, as staff.")
    if required:
        typer.echo(f"Staff need a second factor here: `python -m bot admin second-factor {made.number}` makes one.")


async def _list() -> None:
    async with operator() as op, op.act() as uow:
        admins = await op.core.accounts.admins(uow)
    if not admins:
        typer.echo("There is no admin yet: make one with `python -m bot admin create`.")
        return
    table = Table("Account", "Name", "Phone", "State", "Second factor", "Since")
    for admin in admins:
        # Text, because a name may hold what Rich would read as markup.
        second = "yes" if admin.second_factor else "no"
        since = f"{admin.created_at:%Y-%m-%d}"
        table.add_row(admin.number, Text(admin.name), admin.phone, admin.state.value, second, since)
    Console().print(table)


async def _suspend(number: str) -> None:
    async with operator() as op, op.act() as uow:
        account = await op.core.accounts.suspend(uow, (await op.core.accounts.find(uow, number)).id)
    typer.echo(f"{account.number} {account.name} is suspended.")


async def _restore(number: str) -> None:
    async with operator() as op, op.act() as uow:
        account = await op.core.accounts.restore(uow, (await op.core.accounts.find(uow, number)).id)
    typer.echo(f"{account.number} {account.name} can log in again.")


async def _reset_password(number: str, password_stdin: bool) -> None:
    async with operator() as op:
        async with op.act() as uow:
            account = await op.core.accounts.find(uow, number)
        password = await _new_password(op, password_stdin, own=account.own_data)
        async with op.act() as uow:
            await op.core.accounts.reset_password(uow, account.id, password)
    typer.echo(f"{account.number} {account.name} has a new password; all their logins have ended.")


async def _set_second_factor(number: str) -> None:
    async with operator() as op, op.act() as uow:
        made = await op.core.second_factors.set(uow, number)
    who = f"{made.account.number} {made.account.name}"
    typer.echo(f"{who} has a second factor now; all their logins have ended. This is shown once:\n")
    typer.echo(f"Secret, to be typed into an authenticator app:\n  {_in_fours(made.secret, ' ')}")
    typer.echo(f"The same as an address, for apps that take one or to be made a QR code of:\n  {made.address}")
    typer.echo("Recovery codes, each good for one login without the app:")
    for code in made.recovery_codes:
        typer.echo(f"  {_in_fours(code, '-')}")
    typer.echo("\nHand them over in person, never by Telegram, and keep no copy.")


async def _remove_second_factor(number: str) -> None:
    async with operator() as op, op.act() as uow:
        account = await op.core.second_factors.remove(uow, number)
    typer.echo(f"{account.number} {account.name} has no second factor any more; all their logins have ended.")


def _in_fours(text: str, between: str) -> str:
    return between.join(text[start : start + 4] for start in range(0, len(text), 4))


async def _new_password(op: "Operator", from_stdin: bool, own: tuple[str, ...]) -> "PasswordHash":
    def parse(text: str) -> Password:
        password = Password.parse(text, own)
        op.core.passwords.check(password)
        return password

    given = sys.stdin.readline().rstrip("\r\n") if from_stdin else None
    # Hashing takes a while: it happens here, where no transaction is open.
    return await op.core.passwords.hash(_asked(op, "--password-stdin", "Password", given, parse, hidden=True))


def _asked(
    op: "Operator", option: str, label: str, given: str | None, parse: Callable[[str], _T], *, hidden: bool = False
) -> _T:
    """The parsed value: of what was given, or asked for until it is right. Raises Failure."""
    if given is not None:
        try:
            return parse(given)
        except InvalidValue as error:
            raise Failure(op.wording(error)) from None
    while True:
        try:
            answer = typer.prompt(label, hide_input=hidden, confirmation_prompt=hidden)
        except typer.Abort:
            if sys.stdin.isatty():
                raise typer.Exit(Exit.INTERRUPTED) from None
            raise Failure(f"{option} is needed where nobody can be asked.") from None
        try:
            return parse(answer)
        except InvalidValue as error:
            typer.echo(op.wording(error), err=True)
