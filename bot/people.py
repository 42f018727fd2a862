"""`/find WHO`: admins look accounts up (DIALOGS.md Commands). Of what people have told, only what identifies them."""

from typing import Any, Final

from bot import menu
from bot.dialog.view import Button, Screen, Text, isolated
from bot.person import Case, Reply
from core.account import Account
from core.sessions import Signed

_ROOM: Final = 40  # bytes of callback data left beside names and revision


async def find(case: Case) -> Reply:
    """The first page of the accounts that fit what was typed."""
    return await _found(case, case.typed, 0) if case.typed else usage("find")


async def pressed(case: Case, arg: str) -> Reply:
    """Another page: its number and who was looked for."""
    page, _, who = arg.partition(".")
    return await _found(case, who, int(page) if page.isdecimal() and len(page) < 5 else 0)


def usage(command: str) -> Reply:
    """How a command is written that came with nothing behind it."""
    return Reply((Screen((Text(f"usage.{command}"),), buttons=((menu.MENU,),)),))


def known(account: Account) -> dict[str, Any]:
    """What a dialog keeps of the account it is about."""
    return {"number": account.number, "name": account.name, "role": account.role, "state": account.state}


def shown(account: dict[str, Any]) -> Text:
    """Who that is, in a line."""
    role, state = Text(f"role.{account['role']}"), Text(f"state.{account['state']}")
    return Text.of("find.person", number=account["number"], name=isolated(account["name"]), role=role, state=state)


def signed_in(case: Case) -> Signed:
    """Who is acting."""
    assert case.person.signed is not None  # the desk sends only those who are signed in
    return case.person.signed


async def _found(case: Case, who: str, page: int) -> Reply:
    found = await case.core.directory.find(case.uow, signed_in(case), who, page)
    if not found.accounts:
        return Reply((Screen((Text("find.nobody"),), buttons=((menu.MENU,),)),))
    before, after = f"{page - 1}.{who}", f"{page + 1}.{who}"
    fits = len(after.encode()) <= _ROOM
    ways = []
    if page and fits:
        ways.append(Button(Text("button.page_before"), "find", before))
    if found.more and fits:
        ways.append(Button(Text("button.page_after"), "find", after))
    more = (Text("find.more"),) if found.more and not fits else ()
    first = found.accounts[0]
    hint = Text.of(f"find.next.{first.state}", number=first.number)
    rows = (*filter(None, [tuple(ways)]), (menu.MENU,))
    return Reply((Screen((*map(_card, found.accounts), *more, hint), buttons=rows),))


def _card(account: Account) -> tuple[Text, ...]:
    lines = [shown(known(account))]
    if account.phone is not None:
        phone = Text.of("phone.verified" if account.phone_verified else "phone.unverified", number=account.phone)
        lines.append(Text.of("review.line", name=Text("name.phone"), value=phone))
    return (*lines, Text.of("me.since", since=account.created_at))
