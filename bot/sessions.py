"""`/sessions`: where the account is logged in, ending that, and what it was told (TOKENS Sessions, DIALOGS rule 24)."""

from collections.abc import Sequence
from typing import Final

from bot import acts, menu
from bot.dialog.view import Button, Rows, Screen, Text
from bot.news import lines
from bot.person import Case, Person, Reply
from core.notices import READ_AGAIN
from core.sessions import Signed

PAGE: Final = 8  # DIALOGS rule 23
_SHOW: Final = "page"
_END: Final = "end"
_ASK_ALL: Final = "all"
_END_ALL: Final = "sure"


async def show(case: Case) -> Reply:
    """The living logins and the news. In the middle of a dialog it is only to read: the question has the buttons."""
    return await _listed(case)


async def pressed(case: Case, arg: str) -> Reply:
    """What a button of these screens does. Core ends only logins of the presser's own account, whatever `arg` says."""
    signed = _signed(case)
    what, _, which = arg.partition(".")
    if what == _END and which != signed.session_id:  # this login is ended by /logout
        ended = await case.core.sessions.end_one(case.uow, signed, which)
        return await _listed(case, Text("sessions.ended" if ended else "sessions.gone"))
    if what == _ASK_ALL:
        living = await case.core.sessions.of_account(case.uow, signed.account_id)
        return Reply((_sure(len(living)),))
    if what == _END_ALL:
        await case.core.sessions.logout_everywhere(case.uow, signed)
        return Reply((menu.menu(acts.as_guest(case.person), Text("sessions.all_ended")),), signed_out=True)
    return await _listed(case, page=int(which) if what == _SHOW and which.isdecimal() else 0)


async def _listed(case: Case, *notes: Text, page: int = 0) -> Reply:
    signed = _signed(case)
    living = await case.core.sessions.of_account(case.uow, signed.account_id)
    living.sort(key=lambda one: one.session_id != signed.session_id)  # this one first, the others as they were
    numbered = list(enumerate(living, start=1))
    page = min(page, (len(living) - 1) // PAGE)
    shown = numbered[page * PAGE : (page + 1) * PAGE]
    news = await case.core.notices.news(case.uow, signed.account_id, case.person.id)
    screen = Screen(
        (
            Text.of("sessions.title", count=len(living)),
            tuple(_line(number, one, signed) for number, one in shown),
            *_news(await lines(case.core, case.uow, news)),
        ),
        buttons=_buttons(case.person, shown, page, len(living)),
    )
    return Reply((screen.led_by(*notes),), case.person.draft)


def _line(number: int, one: Signed, signed: Signed) -> Text:
    if one.session_id == signed.session_id:
        return Text.of("sessions.here", number=number, since=one.created_at)
    where = Text("sessions.over_http" if one.telegram_user_id is None else "sessions.in_telegram")
    return Text.of("sessions.elsewhere", number=number, where=where, since=one.created_at, used=one.used_at)


def _news(news: Sequence[Text]) -> tuple[Text, ...] | tuple[Text, tuple[Text, ...]]:
    if not news:
        return (Text.of("sessions.no_news", days=READ_AGAIN.days),)
    return Text.of("sessions.news_title", days=READ_AGAIN.days), tuple(news)


def _buttons(person: Person, shown: Sequence[tuple[int, Signed]], page: int, count: int) -> Rows:
    assert person.signed is not None
    if person.draft:
        return ()
    own = person.signed.session_id
    ends = [
        _button(Text.of("sessions.end", number=number), _END, one.session_id)
        for number, one in shown
        if one.session_id != own
    ]
    pages = []
    if page:
        pages.append(_button(Text("button.page_before"), _SHOW, str(page - 1)))
    if (page + 1) * PAGE < count:
        pages.append(_button(Text("button.page_after"), _SHOW, str(page + 1)))
    rows = [*(tuple(ends[start : start + 2]) for start in range(0, len(ends), 2)), tuple(pages)]
    rows.append((_button(Text("button.logout_everywhere"), _ASK_ALL),) if count > 1 else ())
    return (*filter(None, rows), (menu.MENU, menu.command_button("logout")))


def _sure(count: int) -> Screen:
    """The question before everything is ended."""
    yes = _button(Text("button.logout_everywhere"), _END_ALL)
    back = Button(Text("button.back"), "cmd", "sessions")
    return Screen((Text.of("sessions.sure", count=count),), buttons=((yes,), (back,)))


def _button(label: Text, what: str, which: str = "") -> Button:
    return Button(label, "sessions", f"{what}.{which}" if which else what)


def _signed(case: Case) -> Signed:
    assert case.person.signed is not None  # the desk sends only those who are signed in
    return case.person.signed
