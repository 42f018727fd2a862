"""`/certificate`: how the doctor's certificate stands, and what can be done about it (REVIEW.md, DIALOGS.md)."""

from collections.abc import Iterator
from typing import Final

from bot import menu
from bot.dialog.engine import Engine
from bot.dialog.view import Button, Picture, Rows, Screen, Text, isolated
from bot.flows.certificate import APPEAL, SEND
from bot.person import Case, Reply
from bot.reasons import mending_lines
from core.review_states import WAITING, State
from core.sessions import Signed
from core.standings import Attempt, Status, Way

_SIDE: Final = 1600
_SEE: Final = "see"
_WITHDRAW: Final = "sure"
# What stands under the card, in this order; to withdraw is asked about first.
_WAYS: Final = (Way.SEND, Way.REPLACE, Way.APPEAL, Way.WITHDRAW)


async def show(case: Case) -> Reply:
    """The card: where the certificate stands, since when, what is expected of whom."""
    return await _shown(case)


async def pressed(case: Case, arg: str) -> Reply:
    """What a button of the card does. What can be done now core says, whatever `arg` is."""
    signed = _signed(case)
    status = await case.core.certificates.status(case.uow, signed)
    if arg in (Way.SEND, Way.REPLACE) and {Way.SEND, Way.REPLACE} & status.ways:
        return _opened(case, status)
    if arg == Way.APPEAL and Way.APPEAL in status.ways:
        begun = Engine.begin(APPEAL, case.uow.now)
        return Reply(begun.screens, begun.draft)
    if arg == Way.WITHDRAW and Way.WITHDRAW in status.ways and status.attempt:
        sure = ((_button("certificate.withdraw", _WITHDRAW),), (_BACK,))
        return Reply((Screen((Text.of("certificate.sure", number=status.attempt.number),), buttons=sure),))
    if arg == _WITHDRAW:
        number = await case.core.certificates.withdraw(case.uow, signed)
        return await _shown(case, Text.of("certificate.withdrawn", number=number))
    if arg == _SEE:
        photos = await case.core.certificates.photos(case.uow, signed)
        pictures = tuple(Picture(photo.path, _SIDE) for photo in photos)
        if pictures:
            return Reply((Screen((Text("certificate.photos"),), buttons=((_BACK,),), pictures=pictures),))
    return await _shown(case)


async def standing(case: Case) -> tuple[Text, ...]:
    """How the certificate of who asks stands, and the approval that holds beside it: a line each. Raises Forbidden."""
    status = await case.core.certificates.status(case.uow, _signed(case))
    return (_state(status.attempt) if status.attempt else Text("certificate.none"), *_beside(status))


def _opened(case: Case, status: Status) -> Reply:
    begun = Engine.begin(SEND, case.uow.now)
    waits = status.attempt is not None and status.attempt.state is State.PENDING
    notes = (Text.of("certificate.replaces", number=status.attempt.number),) if waits and status.attempt else ()
    return Reply(tuple(screen.led_by(*notes) for screen in begun.screens), begun.draft)


async def _shown(case: Case, *notes: Text) -> Reply:
    status = await case.core.certificates.status(case.uow, _signed(case))
    screen = Screen((*notes, *_card(case, status)), buttons=_buttons(status))
    return Reply((screen,))


def _card(case: Case, status: Status) -> Iterator[Text | tuple[Text, ...]]:
    attempt = status.attempt
    if attempt is None:
        yield Text("certificate.none")
        return
    yield _state(attempt)
    if told := tuple(_told(attempt)):
        yield told
    if attempt.state in WAITING:
        yield Text.of("certificate.promise", count=case.core.settings.review.promise_days, sent=attempt.sent_at)
    else:
        yield from _on(attempt, status)
    yield from _beside(status)


def _beside(status: Status) -> tuple[Text, ...]:
    return (Text.of("certificate.beside", number=status.approval.number),) if status.approval else ()


def _state(attempt: Attempt) -> Text:
    what: str = attempt.state
    if attempt.state in WAITING - {State.PENDING}:
        what = "under_review"
    if attempt.state in WAITING and attempt.appeal:
        what = "appeal"
    return Text.of(f"certificate.is.{what}", number=attempt.number)


def _told(attempt: Attempt) -> Iterator[Text]:
    """Why, and what the reviewer wrote."""
    if attempt.reasons:
        yield Text.of("certificate.reasons", reasons=mending_lines(attempt.reasons))
    if attempt.message:
        yield Text.of("certificate.message", message=isolated(attempt.message))


def _on(attempt: Attempt, status: Status) -> Iterator[Text]:
    """Since when, and how it goes on."""
    if attempt.decided_at:
        yield Text.of("certificate.decided", at=attempt.decided_at)
    if attempt.valid_until and attempt.state is State.APPROVED:
        yield Text.of("certificate.valid_until", until=attempt.valid_until)
    if attempt.state is State.NEEDS_RESUBMIT:
        yield Text.of("certificate.tries_left", count=status.tries_left)
    if attempt.until and (attempt.state is not State.REJECTED or Way.APPEAL in status.ways):
        yield Text.of(f"certificate.until.{attempt.state}", until=attempt.until)
    if not status.ways:
        yield Text("certificate.ask")


def _buttons(status: Status) -> Rows:
    ways = [_button(f"certificate.way.{way}", way) for way in _WAYS if way in status.ways]
    if status.attempt:
        ways.append(_button("certificate.see", _SEE))
    return (*(tuple(ways[start : start + 2]) for start in range(0, len(ways), 2)), (menu.MENU,))


def _button(label: str, arg: str) -> Button:
    return Button(Text(label), "certificate", arg)


_BACK: Final = _button("button.back", "")


def _signed(case: Case) -> Signed:
    assert case.person.signed is not None  # the desk sends only those who are signed in
    return case.person.signed
