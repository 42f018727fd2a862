"""`/profile`: what one has told of oneself, a page at a time, and a button for each field (DIALOGS.md, rule 23)."""

from typing import Final

from bot import avatar, history, menu
from bot.dialog.engine import Engine
from bot.dialog.flow import Answers, Value
from bot.dialog.search import PAGE
from bot.dialog.view import Button, Param, Rows, Screen, Text
from bot.flows.profile import EDITS, ONLY_LOGIN, PLACES, place_value
from bot.person import Case, Reply
from core.account import Account
from core.profiles import WRITABLE, Field
from core.sessions import Signed

_AT: Final = "at"
_THERE: Final = {Field.MEDICAL_HISTORY: "history.there", Field.AVATAR_URL: "avatar.there"}  # in place of what it is


async def show(case: Case) -> Reply:
    """The first page of the list."""
    return await _listed(case, _fields(case)[0])


async def pressed(case: Case, arg: str) -> Reply:
    """What a button of the list does: opens a field's dialog, or (`at.FIELD`) shows the page that has the field."""
    what, _, which = arg.partition(".")
    fields = _fields(case)
    if what == Field.MEDICAL_HISTORY and what in fields:
        return await history.opened(case, _signed(case))
    if what == Field.AVATAR_URL and what in fields:
        return await avatar.opened(case, _signed(case))
    if what in fields:
        return await _opened(case, Field(what))
    if what == avatar.PREFIX:
        return await avatar.pressed(case, _signed(case), which)
    if what == history.PREFIX:
        shown = await history.pressed(case, _signed(case), which)
        return shown if isinstance(shown, Reply) else await _listed(case, Field.MEDICAL_HISTORY, *shown)
    return await _listed(case, Field(which) if what == _AT and which in fields else fields[0])


async def _opened(case: Case, field: Field) -> Reply:
    account = await case.core.accounts.me(case.uow, _signed(case))
    flow = ONLY_LOGIN if field is Field.EMAIL and account.phone is None else EDITS[field]
    told = await _told(case, account)
    begun = Engine.begin(flow, case.uow.now, {field.value: told[field]})
    return Reply(begun.screens, begun.draft)


async def _listed(case: Case, field: Field, *notes: Text) -> Reply:
    fields = _fields(case)
    page = fields.index(field) // PAGE
    told = await _told(case, await case.core.accounts.me(case.uow, _signed(case)))
    shown = fields[page * PAGE : (page + 1) * PAGE]
    lines = tuple(Text.of("review.line", name=_name(each), value=_shown(each, told)) for each in shown)
    return Reply((Screen((*notes, Text("profile.title"), lines), buttons=_buttons(fields, page)),))


def _buttons(fields: list[Field], page: int) -> Rows:
    shown = fields[page * PAGE : (page + 1) * PAGE]
    edits = [Button(_name(field), "profile", field) for field in shown]
    pages = []
    if page:
        pages.append(Button(Text("button.page_before"), "profile", f"{_AT}.{fields[(page - 1) * PAGE]}"))
    if (page + 1) * PAGE < len(fields):
        pages.append(Button(Text("button.page_after"), "profile", f"{_AT}.{fields[(page + 1) * PAGE]}"))
    rows = [*(tuple(edits[start : start + 2]) for start in range(0, len(edits), 2)), tuple(pages)]
    return (*filter(None, rows), (menu.MENU,))


async def _told(case: Case, account: Account) -> dict[str, Value]:
    """What stands today, as the dialogs' steps keep it."""
    profile = await case.core.profiles.own(case.uow, _signed(case))
    told: dict[str, Value] = {}
    for field in _fields(case):
        value = getattr(account, field, getattr(profile, field, None))
        if field is Field.MEDICAL_HISTORY:
            told[field.value] = profile.has_medical_history or None
        elif field is Field.AVATAR_URL:
            told[field.value] = bool(profile.avatar_photo or profile.avatar_url) or None
        elif value is not None and field in PLACES:
            name = await case.core.places.name(case.uow, PLACES[field], value)
            told[field.value] = name and place_value(value, name)
        else:
            told[field.value] = None if value is None else str(value)
    return told


def _shown(field: Field, told: Answers) -> Param:
    value = told[field]
    if value is None:
        return Text("review.skipped")
    return EDITS[field].steps[0].as_shown(value) if field in EDITS else Text(_THERE[field])


def _name(field: Field) -> Text:
    return Text("name.avatar" if field is Field.AVATAR_URL else f"name.{field}")


def _fields(case: Case) -> list[Field]:
    """The fields that are this person's, in the order of the list."""
    return [field for field in (*EDITS, *_THERE) if field in WRITABLE[_signed(case).role]]


def _signed(case: Case) -> Signed:
    assert case.person.signed is not None  # the desk sends only those who are signed in
    return case.person.signed
