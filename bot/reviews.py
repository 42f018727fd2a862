"""The admins' review in the chat: the queue, an attempt with its images, its history (DIALOGS.md review, REVIEW.md)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot import menu
from bot import review_words as words
from bot.acts import sentence
from bot.dialog.view import About, Button, Picture, Rows, Screen, Text
from bot.flows import review as flows
from bot.people import signed_in, usage
from bot.person import Case, Reply
from core.dossiers import Act, Dossier, Record
from core.errors import Conflict, CoreError, Forbidden
from core.reasons import Refusal
from core.reviewing import parse_valid_until
from core.reviews import Decided
from storage.reference import Place

_SIDE: Final = 2560
"""Pixels: Telegram shows photos no larger."""
_QUEUE: Final = Button(Text("command.queue"), "review", "queue")
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
_Parts = list[str]


async def queue(case: Case) -> Reply:
    """What waits, oldest first."""
    return await _queued(case)


async def queue_pressed(case: Case, arg: str) -> Reply:
    """Another page: after whom it begins, as milliseconds and id."""
    since, _, last = arg.partition(".")
    if not (since.isdecimal() and last.isdecimal() and len(arg) < 40):
        return await _queued(case)
    return await _queued(case, (_EPOCH + timedelta(microseconds=int(since)), int(last)))


async def review(case: Case) -> Reply:
    """`/review NO`: opens an attempt, which claims it."""
    return await _guarded(case, lambda: _opened(case, case.typed)) if case.typed else usage("review")


async def approve(case: Case) -> Reply:
    """`/approve NO [YYYY-MM-DD]`: approves what this admin has looked at as it is now, or opens it for that."""
    if not case.typed:
        return usage("approve")
    number, *day = case.typed.split(maxsplit=1)

    async def act() -> Reply:
        valid_until = parse_valid_until(*day) if day else None
        try:
            async with case.uow.conn.begin_nested():
                decided = await case.core.reviews.approve(case.uow, signed_in(case), number, valid_until=valid_until)
        except Conflict as problem:
            if problem.code != "review.not_seen":
                raise
            opened = await _opened(case, number)
            return replace(opened, screens=(opened.screens[0].led_by(Text("review.look_first")),))
        return _said(decided)

    return await _guarded(case, act)


async def reject(case: Case) -> Reply:
    """`/reject NO CODE[,CODE] [text] [// note]`: claims and refuses in one step; without codes it asks for them."""
    if not case.typed:
        return usage("reject")
    number, *rest = case.typed.split(maxsplit=2)

    async def act() -> Reply:
        signed = signed_in(case)
        if not rest:
            row = await case.core.reviews.claim(case.uow, signed, number)
            return flows.begin(case, flows.REJECT, row.number, row.version)
        return _said(await case.core.reviews.refuse(case.uow, signed, number, Refusal.parse(*rest)))

    return await _guarded(case, act)


async def release(case: Case) -> Reply:
    """`/release NO`: puts one's own claim back."""
    if not case.typed:
        return usage("release")
    return await _guarded(case, lambda: _done(case.core.reviews.release(case.uow, signed_in(case), case.typed)))


async def revoke(case: Case) -> Reply:
    """`/revoke NO CODE text [// note]`: asks for what is missing, then for a confirmation."""
    return await _reversing(case, "revoke", Act.REVOKE)


async def reopen(case: Case) -> Reply:
    """`/reopen NO text`: asks for a confirmation."""
    return await _reversing(case, "reopen", Act.REOPEN)


async def history(case: Case) -> Reply:
    """`/history NO`: the attempts of a doctor, by one of them or by the account."""
    return await _guarded(case, lambda: _recorded(case, case.typed)) if case.typed else usage("history")


async def history_pressed(case: Case, arg: str) -> Reply:
    """Another page of a history: its number and the attempt or account."""
    number, _, page = arg.partition(".")
    return await _guarded(case, lambda: _recorded(case, number, int(page) if page.isdecimal() else 0))


async def pressed(case: Case, arg: str) -> Reply:
    """What a button of these screens does. What it names may be forged: core asks for every right and state."""
    what, *which = arg.split(".")
    act = _PRESSED.get(what)
    if act is None or len(which) > 2:
        return await _queued(case)
    return replace(await _guarded(case, lambda: act(case, which)), fresh=True)


async def _press_open(case: Case, which: _Parts) -> Reply:
    return await _opened(case, "".join(which[:1]))


async def _press_queue(case: Case, _which: _Parts) -> Reply:
    return await _queued(case)


async def _press_history(case: Case, which: _Parts) -> Reply:
    return await _recorded(case, "".join(which[:1]))


async def _press_approve(case: Case, which: _Parts) -> Reply:
    return flows.begin(case, flows.APPROVE, *_named(which))


async def _press_refuse(case: Case, which: _Parts) -> Reply:
    return flows.begin(case, flows.REJECT, *_named(which))


async def _press_revoke(case: Case, which: _Parts) -> Reply:
    return flows.begin(case, flows.REVOKE, *_named(which))


async def _press_reopen(case: Case, which: _Parts) -> Reply:
    return flows.begin(case, flows.REOPEN, *_named(which))


async def _press_release(case: Case, which: _Parts) -> Reply:
    return await _done(case.core.reviews.release(case.uow, signed_in(case), "".join(which[:1])))


async def _press_send_back(case: Case, which: _Parts) -> Reply:
    number, version = _named(which)
    return await _done(case.core.reviews.send_back(case.uow, signed_in(case), number, version=version))


async def _press_agree(_case: Case, which: _Parts) -> Reply:
    number = "".join(which[:1])
    yes, back = _button("button.agreed", "agreed", *which), _button("button.back", "open", number)
    return Reply((Screen((Text.of("review.sure_agree", submission=number),), buttons=((yes,), (back,))),))


async def _press_agreed(case: Case, which: _Parts) -> Reply:
    number, version = _named(which)
    return await _done(case.core.reviews.agree(case.uow, signed_in(case), number, version=version))


async def _press_undo(_case: Case, which: _Parts) -> Reply:
    number = "".join(which[:1])
    yes, back = _button("button.undone", "undone", *which), _button("button.back", "history", number)
    return Reply((Screen((Text.of("review.sure_undo", submission=number),), buttons=((yes,), (back,))),))


async def _press_undone(case: Case, which: _Parts) -> Reply:
    number, version = _named(which)
    return await _done(case.core.reversals.undo(case.uow, signed_in(case), number, version=version))


_PRESSED: Final[dict[str, Callable[[Case, _Parts], Awaitable[Reply]]]] = {
    "open": _press_open,
    "queue": _press_queue,
    "history": _press_history,
    Act.APPROVE: _press_approve,
    Act.CONFIRM: _press_approve,
    Act.REFUSE: _press_refuse,
    Act.RELEASE: _press_release,
    Act.AGREE: _press_agree,
    "agreed": _press_agreed,
    Act.SEND_BACK: _press_send_back,
    Act.REVOKE: _press_revoke,
    Act.REOPEN: _press_reopen,
    Act.UNDO: _press_undo,
    "undone": _press_undone,
}


async def _guarded(case: Case, act: Callable[[], Awaitable[Reply]]) -> Reply:
    """The reply; what core refuses is said below the card, which stays as it is."""
    try:
        async with case.uow.conn.begin_nested():
            return await act()
    except CoreError as problem:
        if isinstance(problem, Forbidden):
            await case.core.permissions.record(case.uow, problem)
        return Reply((_with_ways(sentence(problem)),), fresh=True)


async def _queued(case: Case, after: tuple[datetime, int] | None = None) -> Reply:
    found = await case.core.dossiers.queue(case.uow, signed_in(case), after)
    if not found.lines:
        return Reply((Screen((Text("queue.empty"),), buttons=((menu.MENU,),)),))
    lines = tuple(words.waiting(number, line) for number, line in enumerate(found.lines, start=1))
    opens = [
        Button(Text.of("queue.open", number=line.number), "review", f"open.{line.number}")
        for line in found.lines
    ]
    ways = []
    if after is not None:
        ways.append(Button(Text("button.oldest"), "queue", "first"))
    if found.after is not None:
        since, last = found.after
        micros = round((since - _EPOCH) / timedelta(microseconds=1))
        ways.append(Button(Text("button.page_after"), "queue", f"{micros}.{last}"))
    rows = (*_rows(opens), *filter(None, (tuple(ways),)), (menu.MENU,))
    return Reply((Screen((Text("queue.title"), lines), buttons=rows),))


async def _opened(case: Case, number: str) -> Reply:
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
    return (*_rows(acts), (past, _QUEUE))


async def _recorded(case: Case, number: str, page: int = 0) -> Reply:
    records = await case.core.dossiers.history(case.uow, signed_in(case), number)
    if not records:
        return Reply((_with_ways(Text("record.none")),))
    page = min(page, len(records) - 1)
    record = records[page]
    ways = []
    if page:
        ways.append(Button(Text("button.newer_attempt"), "history", f"{number}.{page - 1}"))
    if page + 1 < len(records):
        ways.append(Button(Text("button.older_attempt"), "history", f"{number}.{page + 1}"))
    title = Text.of("record.title", number=page + 1, total=len(records))
    rows = (*_rows(_record_buttons(record)), *filter(None, (tuple(ways),)), (_QUEUE, menu.MENU))
    return Reply((Screen((title, words.history(record)), buttons=rows),))


def _record_buttons(record: Record) -> list[Button]:
    which = f"{record.number}.{record.version}"
    return [Button(Text(_LABELS[act]), "review", f"{act}.{which}") for act in Act if act in record.acts]


async def _reversing(case: Case, command: str, act: Act) -> Reply:
    """Opens the dialog that takes a decision back, with what was typed behind the command."""
    if not case.typed:
        return usage(command)
    number, *rest = case.typed.split(maxsplit=1)

    async def begin() -> Reply:
        record = (await case.core.dossiers.history(case.uow, signed_in(case), number))[0]
        if act not in record.acts:
            raise Conflict("review.not_approved" if act is Act.REVOKE else "review.not_closed")
        flow, answers = (
            (flows.REVOKE, flows.revoking("".join(rest)))
            if act is Act.REVOKE
            else (flows.REOPEN, flows.reopening("".join(rest)))
        )
        return flows.begin(case, flow, record.number, record.version, answers)

    return await _guarded(case, begin)


async def _done(acting: Awaitable[Decided]) -> Reply:
    return _said(await acting)


def _said(decided: Decided) -> Reply:
    notes = flows.done(decided)
    return Reply((_with_ways(*notes),))


def _button(label: str, act: str, *which: str) -> Button:
    return Button(Text(label), "review", ".".join((act, *which)))


def _with_ways(*said: Text) -> Screen:
    return Screen(said, buttons=((_QUEUE, menu.MENU),))


def _named(which: _Parts) -> tuple[str, int]:
    """Number and version of a button; a forged one fits no version."""
    number, version = (*which, "", "")[:2]
    return number, int(version) if version.isdecimal() and len(version) < 9 else 0


def _rows(buttons: list[Button]) -> Rows:
    return tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
