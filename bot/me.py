"""`/me`: the account as its owner sees it."""

from typing import Final

from bot import menu
from bot.certificate import standing
from bot.dialog.view import Param, Screen, Text
from bot.person import Case, Reply
from core.account import Account
from core.values import Role, Sex

_FIELDS: Final = ("name", "phone", "email", "username", "sex", "birth_date", "age")


async def show(case: Case) -> Reply:
    """Who one is here, and for a doctor how the certificate stands (CONTRACT.md 1, REVIEW.md). Raises Forbidden."""
    person = case.person
    assert person.signed is not None  # the desk sends only those who are signed in
    account = await case.core.accounts.me(case.uow, person.signed)
    title = Text.of("me.title", role=Text(f"role.{account.role}"), number=account.number)
    shown: list[Text] = []
    for field in _FIELDS:
        value = getattr(account, field)
        if value in (None, Sex.UNDISCLOSED) or (field == "username" and value == account.name):
            continue
        shown.append(Text.of("review.line", name=Text(f"name.{field}"), value=_value(field, account)))
    shown.append(Text.of("me.since", since=account.created_at))
    certificate = (await standing(case),) if account.role is Role.DOCTOR else ()
    buttons = () if person.draft else ((menu.MENU, menu.command_button("logout")),)
    return Reply((Screen((title, tuple(shown), *certificate), buttons=buttons),), person.draft)


def _value(field: str, account: Account) -> Param:
    if field == "phone" and account.phone is not None:
        return Text.of("phone.verified" if account.phone_verified else "phone.unverified", number=account.phone)
    if field == "sex":
        return Text(f"sex.{account.sex}")
    return str(getattr(account, field))
