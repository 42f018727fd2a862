"""The admins' review in the chat: what they type and press (DIALOGS.md Commands, REVIEW.md)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from bot.dialog.view import Screen, Text
from bot.flows import review as flows
from bot.people import signed_in, usage
from bot.person import Case, Reply
from bot.review_screens import button, guarded, opened, page, queued, recorded, with_ways
from core.attempts import parse_submission
from core.dossiers import Act
from core.errors import Conflict
from core.reasons import Refusal
from core.reviewing import parse_valid_until
from core.reviews import Decided

_Parts = list[str]


async def queue(case: Case) -> Reply:
    """What waits, oldest first."""
    return await queued(case)


async def queue_pressed(case: Case, arg: str) -> Reply:
    """Another page of it."""
    return await page(case, arg)


async def review(case: Case) -> Reply:
    """`/review NO`: opens an attempt, which claims it."""
    return await guarded(case, lambda: opened(case, case.typed)) if case.typed else usage("review")


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
            shown = await opened(case, number)
            return replace(shown, screens=(shown.screens[0].led_by(Text("review.look_first")),))
        return _said(decided)

    return await guarded(case, act)


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

    return await guarded(case, act)


async def release(case: Case) -> Reply:
    """`/release NO`: puts one's own claim back."""
    if not case.typed:
        return usage("release")
    return await guarded(case, lambda: _done(case.core.reviews.release(case.uow, signed_in(case), case.typed)))


async def revoke(case: Case) -> Reply:
    """`/revoke NO CODE text [// note]`: asks for what is missing, then for a confirmation."""
    return await _reversing(case, "revoke", Act.REVOKE)


async def reopen(case: Case) -> Reply:
    """`/reopen NO text`: asks for a confirmation."""
    return await _reversing(case, "reopen", Act.REOPEN)


async def history(case: Case) -> Reply:
    """`/history NO`: the attempts of a doctor, by one of them or by the account."""
    return await guarded(case, lambda: recorded(case, case.typed)) if case.typed else usage("history")


async def history_pressed(case: Case, arg: str) -> Reply:
    """Another page of a history: its number and the attempt or account."""
    number, _, page = arg.partition(".")
    return await guarded(case, lambda: recorded(case, number, int(page) if page.isdecimal() else 0))


async def pressed(case: Case, arg: str) -> Reply:
    """What a button of these screens does. What it names may be forged: core asks for every right and state."""
    what, *which = arg.split(".")
    act = _PRESSED.get(what)
    if act is None or len(which) > 2:
        return await queued(case)
    return replace(await guarded(case, lambda: act(case, which)), fresh=True)


async def _press_open(case: Case, which: _Parts) -> Reply:
    return await opened(case, "".join(which[:1]))


async def _press_queue(case: Case, _which: _Parts) -> Reply:
    return await queued(case)


async def _press_history(case: Case, which: _Parts) -> Reply:
    return await recorded(case, "".join(which[:1]))


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
    number, version = _named(which)
    yes, back = button("button.agreed", "agreed", number, str(version)), button("button.back", "open", number)
    return Reply((Screen((Text.of("review.sure_agree", submission=number),), buttons=((yes,), (back,))),))


async def _press_agreed(case: Case, which: _Parts) -> Reply:
    number, version = _named(which)
    return await _done(case.core.reviews.agree(case.uow, signed_in(case), number, version=version))


async def _press_undo(_case: Case, which: _Parts) -> Reply:
    number, version = _named(which)
    yes, back = button("button.undone", "undone", number, str(version)), button("button.back", "history", number)
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


async def _reversing(case: Case, command: str, act: Act) -> Reply:
    """Opens the dialog that takes a decision back, with what was typed behind the command."""
    if not case.typed:
        return usage(command)
    number, *rest = case.typed.split(maxsplit=1)

    async def begin() -> Reply:
        record = await case.core.dossiers.record(case.uow, signed_in(case), number)
        if act not in record.acts:
            raise Conflict("review.not_approved" if act is Act.REVOKE else "review.not_closed")
        flow, answers = (
            (flows.REVOKE, flows.revoking("".join(rest)))
            if act is Act.REVOKE
            else (flows.REOPEN, flows.reopening("".join(rest)))
        )
        return flows.begin(case, flow, record.number, record.version, answers)

    return await guarded(case, begin)


async def _done(acting: Awaitable[Decided]) -> Reply:
    return _said(await acting)


def _said(decided: Decided) -> Reply:
    notes = flows.done(decided)
    return Reply((with_ways(*notes),))


def _named(which: _Parts) -> tuple[str, int]:
    """Number and version of a button. One that was forged names no attempt (NotFound), or fits no version of it."""
    number, version = (*which, "", "")[:2]
    return parse_submission(number), int(version) if version.isdecimal() and len(version) < 9 else 0
