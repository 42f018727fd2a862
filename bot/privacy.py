"""`/privacy`: the summary, what one has agreed to and when, and taking it back (SECURITY.md Privacy)."""

from typing import Final

from bot import menu
from bot.dialog.view import Button, Rows, Screen, Text
from bot.people import signed_in
from bot.person import Case, Reply
from core.consents import ConsentKind, Given

_ASK: Final = "ask"
_WITHDRAW: Final = "sure"
_NAMES: Final = {ConsentKind.PRIVACY: "consent.privacy", ConsentKind.HEALTH: "consent.health"}


async def show(case: Case) -> Reply:
    """To everybody what we keep and do not do; to who is signed in their own consents, too."""
    return await _shown(case)


async def pressed(case: Case, arg: str) -> Reply:
    """What a button of these screens does. Taking back the consent to the summary itself is to erase the account."""
    if arg in (_ASK, _WITHDRAW) and _has_health(await _given(case)):  # else it was taken back elsewhere
        if arg == _ASK:
            back = Button(Text("button.back"), "cmd", "privacy")
            return Reply((Screen((Text("history.sure"),), buttons=((_button("history.erase", _WITHDRAW),), (back,))),))
        await case.core.consents.withdraw_own(case.uow, signed_in(case), ConsentKind.HEALTH)
        return await _shown(case, Text("history.erased"))
    return await _shown(case)


async def _shown(case: Case, *notes: Text) -> Reply:
    person, summary, given = case.person, Text("privacy.summary"), await _given(case)
    if person.account_id is None:
        return Reply((Screen((*notes, summary), buttons=() if person.draft else ((menu.MENU,),)),), person.draft)
    lines = tuple(map(_line, given)) or (Text("privacy.nothing_given"),)
    screen = Screen((*notes, summary, lines), buttons=() if person.draft else _buttons(given))
    return Reply((screen,), person.draft)


async def _given(case: Case) -> list[Given]:
    """The consents of who is signed in; none of others."""
    return [] if case.person.account_id is None else await case.core.consents.own(case.uow, signed_in(case))


def _has_health(given: list[Given]) -> bool:
    return any(each.kind is ConsentKind.HEALTH for each in given)


def _line(given: Given) -> Text:
    return Text.of("privacy.given", what=Text(_NAMES[given.kind]), version=given.version, at=given.given_at)


def _buttons(given: list[Given]) -> Rows:
    withdraw = ((_button("privacy.withdraw_health", _ASK),),) if _has_health(given) else ()
    return (*withdraw, (menu.command_button("erase"), menu.MENU))


def _button(label: str, arg: str) -> Button:
    return Button(Text(label), "privacy", arg)
