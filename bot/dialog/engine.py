"""What follows from an answer: back, skip, keep, erase, cancel, review, change, help after errors, resume, expiry."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot.dialog import screens
from bot.dialog.draft import Draft, Part
from bot.dialog.events import Answer, Other, Pressed, Said, Sent, Shared
from bot.dialog.flow import REVIEW, TIDY, Answers, Flow, InvalidInput, Kind, Step, Value, flow_text
from bot.dialog.search import Found, Searching, options_of, typed_option
from bot.dialog.view import Param, Screen, Text


@dataclass(frozen=True, slots=True)
class Submission:
    """The last act: what core is to be asked. `secret` is the parsed password, if the flow ends with one."""

    answers: Answers
    secret: Any = None


@dataclass(frozen=True, slots=True)
class Checking:
    """A value that core must agree to before it is taken; if it refuses, `Engine.refuse` says what follows."""

    step: Step
    value: Value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from an event.

    Args:
        draft: the dialog as it is now; None when it is closed.
        screens: what to show, at most two messages (DIALOGS rule 21).
        submission, checking, searching: what is asked of core before this outcome holds.
        forget: messages of the person to delete: a password (DIALOGS rule 17), a long text (rule 28).
        stale: the event fits nothing that is on the screen; nothing changed.
        closed: the dialog was given up here.
        home: it ended here with nothing changed; on to the screen it was opened from.
    """

    draft: Draft | None
    screens: tuple[Screen, ...]
    submission: Submission | None = None
    checking: Checking | None = None
    searching: Searching | None = None
    forget: tuple[int, ...] = ()
    stale: bool = False
    closed: bool = False
    home: bool = False


@dataclass(frozen=True, slots=True)
class Engine:
    """Moves dialogs.

    Args:
        idle: after this long an answer is taken with care, and a password step lapses (DIALOGS rule 18).
        labels: all that a text key reads as, in every language, folded by `fold`: what people may type for a button.
    """

    idle: timedelta
    labels: Callable[[str], frozenset[str]]

    @staticmethod
    def begin(flow: Flow, now: datetime, present: Answers | None = None, answers: Answers | None = None) -> Outcome:
        """Opens the dialog at its first open question, saying first what it does (DIALOGS rule 1).

        `present` is what stands today, in a dialog that changes it; `answers` came with the command that opened it.
        """
        answers = answers or {}
        path = flow.path(answers)
        draft = Draft(flow.name, flow.version, _first_open(flow, answers), answers, now, present=present or {})
        return Outcome(draft, (screens.present(flow, draft).led_by(flow_text("intro", flow.name, total=len(path))),))

    def again(self, flow: Flow, draft: Draft, *notes: Text) -> Outcome:
        """The present screen once more, after these sentences; nothing changed."""
        return Outcome(replace(draft, asking=""), (screens.present(flow, draft).led_by(*notes),))

    def offer(self, flow: Flow, draft: Draft) -> Outcome:
        """Asks whether to go on or to start over."""
        return Outcome(replace(draft, asking="offer"), (screens.offer(flow),))

    def update(self, flow: Flow, draft: Draft) -> tuple[Draft, bool]:
        """The draft as of the flow's present version, and whether that changed it: answers that still fit are kept."""
        if draft.version == flow.version:
            return draft, False
        answers = {
            step.key: draft.answers[step.key]
            for step in flow.steps
            if step.key in draft.answers and self._still_fits(step, draft.answers)
        }
        draft = replace(draft, version=flow.version, answers=answers, tries=0, editing=False)
        return replace(draft, step=_first_open(flow, answers)), True

    def advance(self, flow: Flow, draft: Draft, event: Answer, now: datetime) -> Outcome:
        """What follows from what the person did in this dialog."""
        outcome = self._advance(flow, draft, event, now)
        if outcome.submission and outcome.draft and _is_unproved(flow, outcome.draft):
            asked = _asking(flow, outcome.draft, flow.steps[0].key)
            return replace(self.again(flow, asked, Text("proof.lapsed")), forget=outcome.forget)
        return outcome

    def proved(self, flow: Flow, draft: Draft, until: datetime) -> Outcome:
        """The pending proof was given and holds until then: goes on to the first question that is open."""
        answers = {**draft.answers, draft.step: until.isoformat()}
        return self._go_to(flow, replace(draft, answers=answers), _first_open(flow, answers))

    def _advance(self, flow: Flow, draft: Draft, event: Answer, now: datetime) -> Outcome:
        late = now - draft.touched_at >= self.idle
        draft = replace(draft, touched_at=now, asking="")
        if isinstance(event, Pressed):
            return self._press(flow, draft, event, late=late)
        if draft.step == REVIEW:
            return self.offer(flow, draft) if late else self.again(flow, draft, Text("wrong.review"))
        step = flow.step(draft.step)
        if step.secret and isinstance(event, Said):
            return self._secret(flow, draft, step, event, late=late)
        if step.search and isinstance(event, Said) and typed_option(draft.found, fold(event.text)) is None:
            return Outcome(draft, (), searching=Searching(step, event.text))
        if step.long and isinstance(event, Said):
            return self._add(flow, draft, step, event)
        try:
            value = self._value(step, event, draft)
        except InvalidInput as problem:
            return self.offer(flow, draft) if late else self.refuse(flow, draft, problem.text)
        notes = (_late_note(step, value),) if late else ()
        return self._take(flow, draft, step, value, notes)

    def found(self, flow: Flow, draft: Draft, searching: Searching, options: list[Value], *, more: bool) -> Outcome:
        """The question again, with what was found to pick from; or that there is no such thing."""
        if not options:
            return self.refuse(flow, replace(draft, found=None), Text("search.none"))
        found = Found(typed=searching.typed, page=searching.page, options=options, more=more)
        return self.again(flow, replace(draft, tries=0, found=found))

    def refuse(
        self, flow: Flow, draft: Draft, problem: Text, *, step: str = "", forget: tuple[int, ...] = ()
    ) -> Outcome:
        """Says what is wrong and asks again; more help the second time, a person to ask the third (DIALOGS 12, 13).

        With `step` the problem is another step's (a number taken meanwhile): the dialog goes back to it.
        """
        if step and step != draft.step and step in flow.path(draft.answers):
            draft = replace(draft, step=step, found=None, tries=0, editing=REVIEW in flow.path(draft.answers))
        draft = replace(draft, tries=draft.tries + 1)
        help_ = [Text(flow.step(draft.step).help)] if draft.tries >= 2 and draft.step != REVIEW else []
        optional = draft.step != REVIEW and flow.step(draft.step).optional
        person = [Text("help.person.optional" if optional else "help.person")] if draft.tries >= 3 else []
        return replace(self.again(flow, draft, problem, *help_, *person), forget=forget)

    def _press(self, flow: Flow, draft: Draft, event: Pressed, *, late: bool) -> Outcome:
        simple: Mapping[str, Callable[[], Outcome | None]] = {
            "pick": lambda: self._pick(flow, draft, event.arg, late=late),
            "skip": lambda: self._skip(flow, draft),
            "erase": lambda: self._erase(flow, draft),
            "keep": lambda: self._keep(flow, draft),
            "back": lambda: self._back(flow, draft),
            "change": lambda: self._change(flow, draft, event.arg),
            "next": lambda: self._next_from_review(flow, draft),
            "go": lambda: self.again(flow, draft),
            "over": lambda: self._start_over(flow, draft),
            "cancel": lambda: self.cancel(flow),
            "done": lambda: self._done(flow, draft),
            "page": lambda: self._page(flow, draft, event.arg),
            "missing": lambda: self._missing(flow, draft),
        }
        act = simple.get(event.action)
        outcome = act() if act else None
        # None: a press that its screen did not offer; a client can forge callback data (SECURITY.md Authorisation).
        return outcome or replace(self.again(flow, draft), stale=True)

    @staticmethod
    def cancel(flow: Flow) -> Outcome:
        """Gives the dialog up and says what was kept and dropped (DIALOGS rule 5)."""
        return Outcome(None, (Screen((screens.cancelled(flow),)),), closed=True)

    def _start_over(self, flow: Flow, draft: Draft) -> Outcome:
        begun = self.begin(flow, draft.touched_at, draft.present, flow.given(draft.answers))
        assert begun.draft is not None
        return replace(begun, draft=replace(begun.draft, then=draft.then, then_for=draft.then_for))

    def _pick(self, flow: Flow, draft: Draft, arg: str, *, late: bool) -> Outcome | None:
        step = _asked(flow, draft)
        if step is None:
            return None
        options = options_of(draft.found) if step.search else [choice.value for choice in step.choices]
        if not (arg.isascii() and arg.isdigit() and int(arg[:9]) < len(options)):
            return None
        value = options[int(arg)]
        return self._take(flow, draft, step, value, (_late_note(step, value),) if late else ())

    def _add(self, flow: Flow, draft: Draft, step: Step, event: Said) -> Outcome:
        """One message more of a long text, if all of it together can be taken."""
        assert step.parse is not None
        longer = replace(draft, parts=[*draft.parts, Part(message_id=event.message_id, text=event.text)], tries=0)
        try:
            step.parse(replace(event, text=longer.long_text), draft.answers)
        except InvalidInput as problem:
            return self.refuse(flow, draft, problem.text)
        return self.again(flow, longer)

    def _done(self, flow: Flow, draft: Draft) -> Outcome | None:
        step = _asked(flow, draft)
        if step is None or not step.long or step.parse is None or not draft.parts:
            return None
        return self._take(flow, draft, step, step.parse(Said(draft.long_text, 0), draft.answers))

    def _page(self, flow: Flow, draft: Draft, arg: str) -> Outcome | None:
        step = _asked(flow, draft)
        if step is None or draft.found is None or not (arg.isascii() and arg.isdigit() and len(arg) < 6):
            return None
        return Outcome(draft, (), searching=Searching(step, draft.found["typed"], int(arg)))

    def _missing(self, flow: Flow, draft: Draft) -> Outcome | None:
        step = _asked(flow, draft)
        return self.again(flow, draft, Text("search.missing")) if step and step.search else None

    def _skip(self, flow: Flow, draft: Draft) -> Outcome | None:
        step = _asked(flow, draft)
        if step is None or not step.optional:
            return None
        # Where something stands that is to be changed, to skip is to leave it; to erase is another button.
        return _HOME if flow.home and step.key not in draft.answers else self._take(flow, draft, step, None)

    def _erase(self, flow: Flow, draft: Draft) -> Outcome | None:
        step = _asked(flow, draft)
        return self._take(flow, draft, step, None) if step and step.optional else None

    def _keep(self, flow: Flow, draft: Draft) -> Outcome | None:
        step = _asked(flow, draft)
        if step and step.key in draft.answers:
            return self._move_on(flow, draft)
        return _HOME if step and step.key in draft.present else None

    def _change(self, flow: Flow, draft: Draft, key: str) -> Outcome | None:
        if draft.step != REVIEW or key not in draft.answers or flow.is_secret(key) or flow.step(key).given:
            return None
        return self.again(flow, replace(draft, step=key, tries=0, editing=True))

    def _next_from_review(self, flow: Flow, draft: Draft) -> Outcome | None:
        if draft.step != REVIEW:
            return None
        still_open = _first_open(flow, draft.answers)
        if still_open != REVIEW:  # a change has opened questions that were not answered yet
            return self._go_to(flow, replace(draft, editing=True), still_open)
        return self._move_on(flow, draft)

    def _back(self, flow: Flow, draft: Draft) -> Outcome | None:
        if draft.editing and _first_open(flow, draft.answers) == REVIEW:
            before = REVIEW
        else:
            path = flow.path(draft.answers)
            if path[0] == draft.step:
                return _HOME if flow.home else None
            before = path[path.index(draft.step) - 1]
        return self._go_to(flow, draft, before)

    def _secret(self, flow: Flow, draft: Draft, step: Step, event: Said, *, late: bool) -> Outcome:
        forget = (event.message_id,)
        if late:
            path = flow.path(draft.answers)
            before = _asking(flow, draft, path[max(path.index(step.key) - 1, 0)])
            return replace(self.again(flow, before, Text("password.lapsed")), forget=forget)
        if event.formatted:
            return self.refuse(flow, draft, Text("password.formatted"), forget=forget)
        try:
            secret = step.parse(event, draft.answers) if step.parse else event.text
        except InvalidInput as problem:
            return self.refuse(flow, draft, problem.text, forget=forget)
        return Outcome(draft, (), submission=_submission(flow, draft, secret), forget=forget)

    def _value(self, step: Step, event: Said | Shared | Sent, draft: Draft) -> Value:
        if isinstance(event, Sent):
            raise InvalidInput(f"wrong.{event.kind}")
        if isinstance(event, Shared):
            if step.kind is not Kind.CONTACT or step.parse is None:
                raise InvalidInput(f"wrong.{Other.CONTACT}")
            return step.parse(event, draft.answers)
        typed = fold(event.text)
        if step.search:
            return typed_option(draft.found, typed)
        for number, choice in enumerate(step.choices, start=1):
            if typed == str(number) or typed in self.labels(choice.label) or typed in map(fold, choice.aliases):
                return choice.value
        if step.parse is None:
            raise InvalidInput("wrong.choice")
        return step.parse(event, draft.answers)

    def _still_fits(self, step: Step, answers: Answers) -> bool:
        value = answers[step.key]
        if value is None:
            return step.optional
        if step.choices:
            return any(choice.value == value for choice in step.choices)
        if step.parse is None or not isinstance(value, str):
            return True
        try:
            return bool(step.parse(Said(value, 0), answers) == value)
        except InvalidInput:
            return False

    def _take(self, flow: Flow, draft: Draft, step: Step, value: Value, notes: tuple[Text, ...] = ()) -> Outcome:
        # Answers to questions that fall away are kept in case they come back, and are never submitted.
        outcome = self._move_on(flow, replace(draft, answers={**draft.answers, step.key: value}), notes)
        checking = Checking(step, value) if step.check and value is not None else None
        return replace(outcome, checking=checking)

    def _move_on(self, flow: Flow, draft: Draft, notes: tuple[Text, ...] = ()) -> Outcome:
        path = flow.path(draft.answers)
        if draft.editing:
            return self._go_to(flow, draft, _first_open(flow, draft.answers), notes)
        following = path[path.index(draft.step) + 1 :]
        if not following:
            tidied = [part["message_id"] for part in draft.parts] if draft.answers.get(TIDY) else []
            return Outcome(draft, (), submission=_submission(flow, draft), forget=tuple(tidied))
        return self._go_to(flow, draft, following[0], notes)

    def _go_to(self, flow: Flow, draft: Draft, key: str, notes: tuple[Text, ...] = ()) -> Outcome:
        editing = draft.editing and key not in (REVIEW, draft.step)
        after = replace(_asking(flow, draft, key), editing=editing)
        screen = screens.present(flow, after).led_by(*notes)
        return Outcome(after, (*_taken_note(flow, draft, screen), screen))


_HOME: Final = Outcome(None, (), home=True)


def fold(typed: str) -> str:
    """What is typed for a label, made comparable: width, case and the spaces around do not count (DIALOGS rule 14)."""
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def _asked(flow: Flow, draft: Draft) -> Step | None:
    return None if draft.step == REVIEW else flow.step(draft.step)


def _asking(flow: Flow, draft: Draft, key: str) -> Draft:
    """The draft at that step. A proof that is asked for again holds no more."""
    answers = {k: value for k, value in draft.answers.items() if k != key} if flow.is_secret(key) else draft.answers
    return replace(draft, step=key, answers=answers, found=None, tries=0)


def _is_unproved(flow: Flow, draft: Draft) -> bool:
    """Whether this submission comes after its proof has lapsed; what the proof step submits is the proof itself."""
    if flow.proof is None or draft.step == flow.proof.key:
        return False
    until = draft.answers.get(flow.proof.key)
    return until is None or draft.touched_at >= datetime.fromisoformat(until)


def _first_open(flow: Flow, answers: Answers) -> str:
    path = flow.path(answers)
    return next((key for key in path if key == REVIEW or key not in answers), path[-1])


def _submission(flow: Flow, draft: Draft, secret: Any = None) -> Submission:
    path = flow.path(draft.answers)
    answers = {key: value for key, value in draft.answers.items() if key in path}
    return Submission({**flow.given(draft.answers), **answers}, secret)


def _late_note(step: Step, value: Value) -> Text:
    shown: Param = step.as_shown(value)
    return Text.of("late.taken", ask=Text(f"name.{step.key}"), value=shown)


def _taken_note(flow: Flow, draft: Draft, screen: Screen) -> tuple[Screen, ...]:
    """What was taken of a contact, in a message of its own: its keyboard goes away with it (bot/turn.py)."""
    step = _asked(flow, draft)
    value = draft.answers.get(step.key) if step and step.kind is Kind.CONTACT else None
    if step is None or value is None or screen.keyboard:
        return ()
    return (Screen((Text.of("keyboard.taken", value=step.as_shown(value)),)),)
