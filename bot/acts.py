"""What commands ask of core, and how its answers read."""

from math import ceil

from bot import menu
from bot.dialog.view import Param, Text
from bot.news import unread
from bot.person import Act, Case, Person, Reply
from core.errors import CoreError, Forbidden
from core.permissions import Permission


def sentence(error: CoreError) -> Text:
    """The text that says what core refused; a wait is told in seconds or minutes."""
    params: dict[str, Param] = dict(error.params)
    if isinstance(wait := error.params.get("wait_seconds"), int):
        unit, count = ("minutes", ceil(wait / 60)) if wait > 60 else ("seconds", wait)
        params["wait"] = Text.of(f"wait.{unit}", count=count)
    return Text(f"error.{error.code}", params)


async def start(case: Case) -> Reply:
    """The menu, after what reached this person nowhere: they may have blocked the bot meanwhile (REVIEW.md)."""
    person = case.person
    told = await unread(case.core, case.uow, person.account_id, person.id) if person.account_id is not None else ()
    return Reply((menu.menu(person, *told),))


async def logout(case: Case) -> Reply:
    """Ends this login; the account forgets the chat, so nothing is pushed here any more (TOKENS T14, DIALOGS.md)."""
    assert case.person.signed is not None
    await case.core.sessions.logout(case.uow, case.person.signed)
    return Reply((menu.menu(as_guest(case.person), Text("logout.done")),), signed_out=True)


def refusing(permission: Permission) -> Act:
    """What a command does for those whose it is not: core's refusal, so that it is audited (REVIEW.md Audit)."""

    async def act(case: Case) -> Reply:
        signed = case.person.signed
        raise Forbidden(permission.value, signed.pseudonym if signed else None)

    return act


def as_guest(person: Person) -> Person:
    """The same chat with nobody signed in."""
    return Person(person.id, person.language, person.revision, person.message_id)
