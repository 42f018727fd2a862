"""What commands ask of core, and how its answers read."""

from bot import menu
from bot.dialog.view import Screen, Text
from bot.person import Case, Person, Reply
from core.errors import CoreError


def sentence(error: CoreError) -> Text:
    """The text that says what core refused."""
    return Text(f"error.{error.code}", error.params)


async def me(case: Case) -> Reply:
    """The account as its owner sees it (CONTRACT.md 1)."""
    person = case.person
    assert person.account_id is not None  # the desk sends only those who are signed in
    account = await case.core.accounts.get(case.uow, person.account_id)
    shown: list[Text] = [Text.of("me.title", role=Text(f"role.{account.role}"), number=account.number)]
    for field in ("name", "phone", "email", "username", "sex", "birth_date", "age"):
        value = getattr(account, field)
        if value is None or (field == "username" and value == account.name):
            continue
        shown.append(Text.of("review.line", name=Text(f"name.{field}"), value=_field(field, value)))
        if field == "phone":
            shown.append(Text("me.phone.verified" if account.phone_verified else "me.phone.unverified"))
    shown.append(Text.of("me.since", since=account.created_at))
    return Reply((Screen(tuple(shown), buttons=((menu.MENU, menu.command_button("logout")),)),), person.draft)


async def logout(case: Case) -> Reply:
    """Ends this login; the account forgets the chat, so nothing is pushed here any more (TOKENS T14, DIALOGS.md)."""
    assert case.person.signed is not None
    await case.core.sessions.logout(case.uow, case.person.signed)
    return Reply((menu.menu(as_guest(case.person), Text("logout.done")),))


def as_guest(person: Person) -> Person:
    """The same chat with nobody signed in."""
    return Person(person.id, person.language, person.revision, person.message_id)


def _field(field: str, value: object) -> Text | str:
    if field == "sex":
        return Text(f"sex.{value}")
    return str(value)
