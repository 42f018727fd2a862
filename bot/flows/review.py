"""Deciding on a certificate: `/approve`, `/reject`, `/revoke`, `/reopen`, each with a confirming tap (REVIEW.md)."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import date
from typing import Any, Final

from bot.acts import sentence
from bot.dialog.engine import Engine
from bot.dialog.events import Said, Shared
from bot.dialog.flow import Answers, Choice, Flow, Step, Value
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import refusal, typed
from bot.people import signed_in
from bot.person import Case, Done, Reply
from core.errors import Conflict, InvalidValue, NotFound
from core.notes import Note
from core.reasons import (
    Message,
    Reason,
    Refusal,
    allows_message,
    check_note,
    is_final,
    needs_message,
    parse_codes,
    split_note,
)
from core.reviewing import parse_valid_until
from core.reviews import Decided

_REASONS: Final = "refuse_reasons"
_MESSAGE: Final = "review_message"
_MORE_MESSAGE: Final = "review_message_more"
_NOTE: Final = "review_note"
_MORE_NOTE: Final = "review_note_more"
_REOPEN_MESSAGE: Final = "reopen_message"


def begin(case: Case, flow: Flow, number: str, version: int, answers: Answers | None = None) -> Reply:
    """Opens one of these dialogs about an attempt as it is on the screen; the queue follows it."""
    given = {"submission": {"number": number, "version": version}, **(answers or {})}
    if flow is APPROVE:
        given.setdefault("valid_until", None)
    begun = Engine.begin(flow, case.uow.now, answers=given)
    assert begun.draft is not None
    return Reply(begun.screens, replace(begun.draft, then="queue"), fresh=True)


def revoking(text: str) -> Answers:
    """What was typed behind `/revoke NO`: a code, a text for the doctor, a note. Raises InvalidValue."""
    codes, _, rest = text.partition(" ")
    if not codes:
        return {}
    reasons = parse_codes(codes)
    message, note = split_note(rest)
    answers: dict[str, Value] = {_REASONS: [reason.value for reason in reasons]}
    if message is not None:
        answers[_MESSAGE if needs_message(reasons) else _MORE_MESSAGE] = message.value
    elif rest:
        answers[_MORE_MESSAGE] = None
    if note is not None:
        answers[_NOTE] = check_note(note).value
    return answers


def reopening(text: str) -> Answers:
    """What was typed behind `/reopen NO`: a text for the doctor. Raises InvalidValue."""
    return {_REOPEN_MESSAGE: Message.parse(text).value} if text.strip() else {}


def done(decided: Decided) -> tuple[Text, ...]:
    """What an admin reads of what they have done."""
    said = Text.of(f"review.done.{decided.state}", submission=decided.number)
    return (said,) if decided.told else (said, Text("review.untold"))


class _Decide(Acts):
    """Has core decide. What became of the attempt meanwhile ends the dialog: nothing in it would mend that."""

    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        about = answers["submission"]
        try:
            async with case.uow.conn.begin_nested():
                decided = await self.act(case, about["number"], about["version"], answers)
        except (Conflict, NotFound) as problem:
            return Done((sentence(problem),))
        return Done(done(decided))

    def act(self, case: Case, number: str, version: int, answers: Answers) -> Awaitable[Decided]:
        raise NotImplementedError


class _Approve(_Decide):
    def act(self, case: Case, number: str, version: int, answers: Answers) -> Awaitable[Decided]:
        day = answers["valid_until"]
        valid_until = date.fromisoformat(day) if day else None
        return case.core.reviews.approve(case.uow, signed_in(case), number, version=version, valid_until=valid_until)


class _Reject(_Decide):
    def act(self, case: Case, number: str, version: int, answers: Answers) -> Awaitable[Decided]:
        return case.core.reviews.refuse(case.uow, signed_in(case), number, _refusal(answers), version=version)


class _Revoke(_Decide):
    def act(self, case: Case, number: str, version: int, answers: Answers) -> Awaitable[Decided]:
        return case.core.reversals.revoke(case.uow, signed_in(case), number, _refusal(answers), version=version)


class _Reopen(_Decide):
    def act(self, case: Case, number: str, version: int, answers: Answers) -> Awaitable[Decided]:
        message = Message.parse(answers[_REOPEN_MESSAGE])
        return case.core.reversals.reopen(case.uow, signed_in(case), number, message)


def _refusal(answers: Answers) -> Refusal:
    message = answers.get(_MESSAGE) or answers.get(_MORE_MESSAGE)
    note = answers.get(_NOTE) or answers.get(_MORE_NOTE)
    return Refusal(_reasons(answers), Message.parse(message) if message else None, Note.parse(note) if note else None)


def _reasons(answers: Answers) -> tuple[Reason, ...]:
    return tuple(Reason(code) for code in answers.get(_REASONS) or ())


def _needs_message(answers: Answers) -> bool:
    return needs_message(_reasons(answers))


def _may_message(answers: Answers) -> bool:
    return allows_message(_reasons(answers)) and not _needs_message(answers)


def _is_final(answers: Answers) -> bool:
    return is_final(_reasons(answers))


def _parse_note(event: Said | Shared, answers: Answers) -> Value:
    """A note where one is needed: of 5 characters or more."""
    note = typed(Note.parse)(event, answers)
    try:
        return check_note(Note.parse(note)).value
    except InvalidValue as problem:
        raise refusal(problem) from None


def _parse_day(event: Said | Shared, answers: Answers) -> Value:
    return typed(parse_valid_until)(event, answers)


async def _day_can_be(case: Case, value: Value, _answers: Answers) -> None:
    await case.core.reviews.check_validity(case.uow, signed_in(case), date.fromisoformat(value))


def _shown(submission: Value) -> str:
    return str(submission["number"])


_SUBMISSION: Final = Step("submission", given=True, shown=_shown)
_CHOICES: Final = tuple(Choice(reason.value, f"reason.{reason}", (reason.value,)) for reason in Reason)
_WHY: Final = (
    Step(_REASONS, choices=_CHOICES, several=True, field="reasons"),
    Step(_MESSAGE, typed(Message.parse), when=_needs_message, field="message"),
    Step(_MORE_MESSAGE, typed(Message.parse), when=_may_message, optional=True, field="message"),
)

APPROVE: Final = Flow(
    "approve", 1, (_SUBMISSION, Step("valid_until", _parse_day, optional=True, check=_day_can_be)), _Approve()
)
REJECT: Final = Flow(
    "reject",
    1,
    (
        _SUBMISSION,
        *_WHY,
        Step(_NOTE, _parse_note, when=_is_final, field="note"),
        Step(_MORE_NOTE, typed(Note.parse), when=lambda answers: not _is_final(answers), optional=True, field="note"),
    ),
    _Reject(),
)
REVOKE: Final = Flow("revoke", 1, (_SUBMISSION, *_WHY, Step(_NOTE, _parse_note, field="note")), _Revoke())
REOPEN: Final = Flow(
    "reopen", 1, (_SUBMISSION, Step(_REOPEN_MESSAGE, typed(Message.parse), field="message")), _Reopen()
)

FLOWS: Final = (APPROVE, REJECT, REVOKE, REOPEN)
