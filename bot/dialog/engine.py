"""What follows from an answer: back, skip, keep, erase, cancel, review, change, help after errors, resume, expiry."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.dialog import moves, photos, several
from bot.dialog.draft import Draft, Part
from bot.dialog.events import Answer, Other, Pressed, Said, Sent, Shared
from bot.dialog.flow import REVIEW, Answers, Flow, InvalidInput, Kind, Step, Value
from bot.dialog.outcome import Outcome
from bot.dialog.presses import press
from bot.dialog.search import Found, Searching, typed_option
from bot.dialog.view import Text


@dataclass(frozen=True, slots=True)
class Engine:
    """Moves dialogs.

    Args:
        idle: after this long an answer is taken with care, and a password step lapses (DIALOGS rule 18).
        labels: all that a text key reads as, in every language, folded by `fold`: what people may type for a button.
    """

    idle: timedelta
    labels: Callable[[str], frozenset[str]]

    begin = staticmethod(moves.begin)
    again = staticmethod(moves.again)
    offer = staticmethod(moves.offer)
    refuse = staticmethod(moves.refuse)
    cancel = staticmethod(moves.cancel)
    took = staticmethod(photos.took)
    took_not = staticmethod(photos.refused)

    def update(self, flow: Flow, draft: Draft) -> tuple[Draft, bool]:
        """The draft as of the flow's present version, and whether that changed it: answers that still fit are kept."""
        if draft.version == flow.version:
            return draft, False
        answers = {
            step.key: draft.answers[step.key]
            for step in flow.steps
            if step.key in draft.answers and _still_fits(step, draft.answers)
        }
        draft = replace(draft, version=flow.version, answers=answers, tries=0, editing=False)
        return replace(draft, step=moves.first_open(flow, answers)), True

    def advance(self, flow: Flow, draft: Draft, event: Answer, now: datetime) -> Outcome:
        """What follows from what the person did in this dialog."""
        outcome = self._advance(flow, draft, event, now)
        if outcome.submission and outcome.draft and _is_unproved(flow, outcome.draft):
            asked = moves.asking(flow, outcome.draft, flow.steps[0].key)
            return replace(self.again(flow, asked, Text("proof.lapsed")), forget=outcome.forget)
        return outcome

    @staticmethod
    def proved(flow: Flow, draft: Draft, until: datetime) -> Outcome:
        """The pending proof was given and holds until then: goes on to the first question that is open."""
        answers = {**draft.answers, draft.step: until.isoformat()}
        return moves.go_to(flow, replace(draft, answers=answers), moves.first_open(flow, answers))

    @staticmethod
    def found(flow: Flow, draft: Draft, searching: Searching, options: list[Value], *, more: bool) -> Outcome:
        """The question again, with what was found to pick from; or that there is no such thing."""
        if not options:
            return moves.refuse(flow, replace(draft, found=None), Text("search.none"))
        found = Found(typed=searching.typed, page=searching.page, options=options, more=more)
        return moves.again(flow, replace(draft, tries=0, found=found))

    def _advance(self, flow: Flow, draft: Draft, event: Answer, now: datetime) -> Outcome:
        late = now - draft.touched_at >= self.idle
        draft = replace(draft, touched_at=now, asking="")
        if isinstance(event, Pressed):
            return press(flow, draft, event, late=late)
        if isinstance(event, Sent) and event.file and (step := _waiting_for(flow, draft, event)):
            return photos.arrived(flow, draft, step, event, late=late)
        if draft.step == REVIEW:
            return self.offer(flow, draft) if late else self.refuse(flow, draft, Text("wrong.review"))
        step = flow.step(draft.step)
        if step.secret and isinstance(event, Said):
            return self._secret(flow, draft, step, event, late=late)
        if step.search and isinstance(event, Said) and typed_option(draft.found, fold(event.text)) is None:
            return Outcome(draft, (), searching=Searching(step, event.text))
        if step.long and isinstance(event, Said):
            return self._add(flow, draft, step, event)
        try:
            if step.several and isinstance(event, Said):
                return several.put_on(flow, draft, step, several.typed(step, event.text, self._number))
            value = self._value(step, event, draft)
        except InvalidInput as problem:
            return self.offer(flow, draft) if late else self.refuse(flow, draft, problem.text)
        notes = (moves.late_note(step, value),) if late else ()
        return moves.take(flow, draft, step, value, notes)

    def _add(self, flow: Flow, draft: Draft, step: Step, event: Said) -> Outcome:
        """One message more of a long text, if all of it together can be taken."""
        assert step.parse is not None
        longer = replace(draft, parts=[*draft.parts, Part(message_id=event.message_id, text=event.text)], tries=0)
        try:
            step.parse(replace(event, text=longer.long_text), draft.answers)
        except InvalidInput as problem:
            return self.refuse(flow, draft, problem.text)
        return self.again(flow, longer)

    def _secret(self, flow: Flow, draft: Draft, step: Step, event: Said, *, late: bool) -> Outcome:
        forget = (event.message_id,)
        if late:
            path = flow.path(draft.answers)
            before = moves.asking(flow, draft, path[max(path.index(step.key) - 1, 0)])
            return replace(self.again(flow, before, Text("password.lapsed")), forget=forget)
        if event.formatted:
            return self.refuse(flow, draft, Text("password.formatted"), forget=forget)
        try:
            secret = step.parse(event, draft.answers) if step.parse else event.text
        except InvalidInput as problem:
            return self.refuse(flow, draft, problem.text, forget=forget)
        return Outcome(draft, (), submission=moves.submission(flow, draft, secret), forget=forget)

    def _value(self, step: Step, event: Said | Shared | Sent, draft: Draft) -> Value:
        if step.takes:
            raise InvalidInput(f"at_photo.{_kind(event)}")
        if isinstance(event, Sent):
            raise InvalidInput(f"wrong.{event.kind}")
        if isinstance(event, Shared):
            if step.kind is not Kind.CONTACT or step.parse is None:
                raise InvalidInput(f"wrong.{Other.CONTACT}")
            return step.parse(event, draft.answers)
        if step.search:
            return typed_option(draft.found, fold(event.text))
        if (number := self._number(step, event.text)) is not None:
            return step.choices[number].value
        if step.parse is None:
            raise InvalidInput("wrong.choice")
        return step.parse(event, draft.answers)

    def _number(self, step: Step, text: str) -> int | None:
        """Which of the choices is typed, from 0; None for something else."""
        typed = fold(text)
        for number, choice in enumerate(step.choices):
            if typed == str(number + 1) or typed in self.labels(choice.label) or typed in map(fold, choice.aliases):
                return number
        return None


def fold(typed: str) -> str:
    """What is typed for a label, made comparable: width, case and the spaces around do not count (DIALOGS rule 14)."""
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def _waiting_for(flow: Flow, draft: Draft, event: Sent) -> Step | None:
    """The step that this photo is for: the pending one, or, of an album whose last one is slow, the one before."""
    if flow.photos and (draft.step == flow.photos.key or (draft.step == REVIEW and photos.belongs(draft, event))):
        return flow.photos
    return None


def _kind(event: Said | Shared | Sent) -> str:
    if isinstance(event, Sent):
        return event.kind
    return Other.CONTACT if isinstance(event, Shared) else "text"


def _still_fits(step: Step, answers: Answers) -> bool:
    value = answers[step.key]
    if value is None:
        return step.optional
    if step.several:
        return set(value) <= {choice.value for choice in step.choices}
    if step.choices:
        return any(choice.value == value for choice in step.choices)
    if step.parse is None or not isinstance(value, str):
        return True
    try:
        return bool(step.parse(Said(value, 0), answers) == value)
    except InvalidInput:
        return False


def _is_unproved(flow: Flow, draft: Draft) -> bool:
    """Whether this submission comes after its proof has lapsed; what the proof step submits is the proof itself."""
    if flow.proof is None or draft.step == flow.proof.key:
        return False
    until = draft.answers.get(flow.proof.key)
    return until is None or draft.touched_at >= datetime.fromisoformat(until)
