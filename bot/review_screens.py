"""What admins see of the review: the queue, an attempt with its images, its history (DIALOGS.md review, REVIEW.md)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from bot import menu
from bot import review_words as words
from bot.acts import sentence
from bot.dialog.view import About, Button, Picture, Rows, Screen, Text
from bot.people import signed_in
from bot.person import Case, Reply
from core.attempts import admin_number
from core.dossiers import Act, Dossier, Record
from core.errors import CoreError, Forbidden
from storage.reference import Place

_SIDE: Final = 2560
"""Pixels: Telegram shows photos no larger."""
QUEUE: Final = Button(Text("command.queue"), "review", "queue")
_LABELS: Final = {
    Act.APPROVE: "button.approve",
    Act.CONFIRM: "button.confirm_approval",
    Act.REFUSE: "button.refuse",
    Act.RELEASE: "button.release",
    Act.AGREE: "button.agree",
    Act.SEND_BACK: "button.send_back",
    Act.REVOKE: "button.revoke",
    Act.REOPEN: "button.reopen",
    Act.UNDO: "button.undo",
}
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def guarded(case: Case, act: Callable[[], Awaitable[Reply]]) -> Reply:
    """The reply; what core refuses is said below the card, which stays as it is."""
    try:
        async with case.uow.conn.begin_nested():
            return await act()
    except CoreError as problem:
        if isinstance(problem, Forbidden):
            await case.core.permissions.record(case.uow, problem)
        return Reply((with_ways(sentence(problem)),), fresh=True)


async def page(case: Case, arg: str) -> Reply:
    """The queue from the one behind which a button says that it goes on; its beginning for anything else."""
    since, _, last = arg.partition(".")
    if not (since.isdecimal() and last.isdecimal() and len(since) < 17 and len(last) < 19):
        return await queued(case)
    return await queued(case, (_EPOCH + timedelta(microseconds=int(since)), int(last)))


async def queued(case: Case, after: tuple[datetime, int] | None = None) -> Reply:
    """What waits, oldest first."""
    signed = signed_in(case)
    found = await case.core.dossiers.queue(case.uow, signed, after)
    if not found.lines:
        return Reply((Screen((Text("queue.empty"),), buttons=((menu.MENU,),)),))
    reader = admin_number(signed.account_id)
    lines = tuple(words.waiting(number, line, reader) for number, line in enumerate(found.lines, start=1))
    opens = [Button(Text.of("queue.open", number=line.number), "review", f"open.{line.number}") for line in found.lines]
    ways = []
    if after is not None:
        ways.append(Button(Text("button.oldest"), "queue", "first"))
    if found.after is not None:
        since, last = found.after
        micros = round((since - _EPOCH) / timedelta(microseconds=1))
        ways.append(Button(Text("button.page_after"), "queue", f"{micros}.{last}"))
    rows = (*_rows(opens), *filter(None, (tuple(ways),)), (menu.MENU,))
    return Reply((Screen((Text("queue.title"), lines), buttons=rows),))


async def opened(case: Case, number: str) -> Reply:
    """An attempt, claimed where it is to be claimed: its images, and the card with all that stands beside them."""
    dossier = await case.core.dossiers.open(case.uow, signed_in(case), number)
    places = [
        (field, name)
        for field, place, number_ in (
            ("hospital_id", Place.HOSPITAL, dossier.profile.hospital_id),
            ("department_id", Place.DEPARTMENT, dossier.profile.department_id),
        )
        if number_ is not None and (name := await case.core.places.name(case.uow, place, number_)) is not None
    ]
    screen = Screen(
        words.card(dossier, places),
        buttons=_card_buttons(dossier),
        pictures=tuple(Picture(photo.path, _SIDE, spoiler=True) for photo in dossier.photos),
        about=About(dossier.id, dossier.version, signed_in(case).account_id),
    )
    return Reply((screen,), fresh=True)


def _card_buttons(dossier: Dossier) -> Rows:
    which = f"{dossier.number}.{dossier.version}"
    acts = [Button(Text(_LABELS[act]), "review", f"{act}.{which}") for act in Act if act in dossier.acts]
    past = Button(Text("button.records"), "review", f"history.{dossier.number}")
    return (*_rows(acts), (past, QUEUE))


async def recorded(case: Case, number: str, page: int = 0) -> Reply:
    """One attempt of a doctor's with what was decided on it; the others are other pages."""
    records = await case.core.dossiers.history(case.uow, signed_in(case), number)
    if not records:
        return Reply((with_ways(Text("record.none")),))
    page = min(page, len(records) - 1)
    record, first = records[page], records[0].number  # what was typed may be too long for a button
    ways = []
    if page:
        ways.append(Button(Text("button.newer_attempt"), "history", f"{first}.{page - 1}"))
    if page + 1 < len(records):
        ways.append(Button(Text("button.older_attempt"), "history", f"{first}.{page + 1}"))
    title = Text.of("record.title", number=page + 1, total=len(records))
    rows = (*_rows(_record_buttons(record)), *filter(None, (tuple(ways),)), (QUEUE, menu.MENU))
    return Reply((Screen((title, words.history(record)), buttons=rows),))


def _record_buttons(record: Record) -> list[Button]:
    which = f"{record.number}.{record.version}"
    return [Button(Text(_LABELS[act]), "review", f"{act}.{which}") for act in Act if act in record.acts]


def button(label: str, act: str, *which: str) -> Button:
    """A button of these screens: what it does, and to which attempt in which version."""
    return Button(Text(label), "review", ".".join((act, *which)))


def with_ways(*said: Text) -> Screen:
    """These sentences, and the ways on."""
    return Screen(said, buttons=((QUEUE, menu.MENU),))


def _rows(buttons: list[Button]) -> Rows:
    return tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
