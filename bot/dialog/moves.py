"""The moves in a dialog: to the next question, back to an earlier one, the same once more, and to the end."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.dialog import screens
from bot.dialog.draft import Draft
from bot.dialog.flow import REVIEW, TIDY, Answers, Flow, Kind, Step, Value, flow_text
from bot.dialog.outcome import Checking, Outcome, Submission
from bot.dialog.search import PAGE
from bot.dialog.view import Param, Screen, Text


def begin(flow: Flow, now: datetime, present: Answers | None = None, answers: Answers | None = None) -> Outcome:
    """Opens the dialog at its first open question, saying first what it does (DIALOGS rule 1).

    `present` is what stands today, in a dialog that changes it; `answers` came with the command that opened it.
    """
    answers = answers or {}
    path = flow.path(answers)
    draft = Draft(flow.name, flow.version, first_open(flow, answers), answers, now, present=present or {})
    return Outcome(draft, (screens.present(flow, draft).led_by(flow_text("intro", flow.name, total=len(path))),))


def again(flow: Flow, draft: Draft, *notes: Text) -> Outcome:
    """The present screen once more, after these sentences; nothing changed."""
    return Outcome(replace(draft, asking=""), (screens.present(flow, draft).led_by(*notes),))


def offer(flow: Flow, draft: Draft) -> Outcome:
    """Asks whether to go on or to start over."""
    return Outcome(replace(draft, asking="offer", tries=0), (screens.offer(flow),))


def cancel(flow: Flow) -> Outcome:
    """Gives the dialog up and says what was kept and dropped (DIALOGS rule 5)."""
    return Outcome(None, (Screen((screens.cancelled(flow),)),), closed=True)


def refuse(flow: Flow, draft: Draft, problem: Text, *, step: str = "", forget: tuple[int, ...] = ()) -> Outcome:
    """Says what is wrong and asks again; more help the second time, a person to ask the third (DIALOGS 12, 13).

    With `step` the problem is another step's (a number taken meanwhile): the dialog goes back to it.
    """
    if step and step != draft.step and step in flow.path(draft.answers):
        if flow.step(step).takes:  # these photos will not do: others are asked for
            draft = replace(draft, received=[])
        draft = replace(draft, step=step, found=None, tries=0, editing=REVIEW in flow.path(draft.answers))
    draft = replace(draft, tries=draft.tries + 1)
    step_ = asked(flow, draft)
    help_ = help_after(draft.tries, step_.help if step_ else "help.review", optional=bool(step_ and step_.optional))
    return replace(again(flow, draft, problem, *help_), forget=forget)


def help_after(tries: int, more: str, *, optional: bool = False) -> tuple[Text, ...]:
    """More help after the second wrong answer, and a person to ask after the third (DIALOGS rule 13)."""
    person = Text("help.person.optional" if optional else "help.person")
    return (Text(more), person)[: max(tries - 1, 0)]


def take(flow: Flow, draft: Draft, step: Step, value: Value, notes: tuple[Text, ...] = ()) -> Outcome:
    """Keeps an answer and moves on; where core must agree to it first, the outcome says so."""
    # Answers to questions that fall away are kept in case they come back, and are never submitted.
    outcome = move_on(flow, replace(draft, answers={**draft.answers, step.key: value}), notes)
    return replace(outcome, checking=Checking(step, value)) if step.check and value is not None else outcome


def move_on(flow: Flow, draft: Draft, notes: tuple[Text, ...] = ()) -> Outcome:
    """To what follows the pending question: the next one, the review it was opened from, or the last act."""
    path = flow.path(draft.answers)
    if draft.editing:
        return go_to(flow, draft, first_open(flow, draft.answers), notes)
    following = path[path.index(draft.step) + 1 :]
    if not following:
        tidied = [part["message_id"] for part in draft.parts] if draft.answers.get(TIDY) else []
        return Outcome(draft, (), submission=submission(flow, draft), forget=tuple(tidied))
    return go_to(flow, draft, following[0], notes)


def go_to(flow: Flow, draft: Draft, key: str, notes: tuple[Text, ...] = ()) -> Outcome:
    """To the step of that key, or the review."""
    editing = draft.editing and key not in (REVIEW, draft.step)
    after = replace(asking(flow, draft, key), editing=editing)
    screen = screens.present(flow, after).led_by(*notes)
    if key == REVIEW and flow.photos and draft.step == flow.photos.key:
        screen = screens.with_photos(screen, flow, after)
    return Outcome(after, (*_taken_note(flow, draft, screen), screen))


def asked(flow: Flow, draft: Draft) -> Step | None:
    """The step whose question is pending; None at the review."""
    return None if draft.step == REVIEW else flow.step(draft.step)


def asking(flow: Flow, draft: Draft, key: str) -> Draft:
    """The draft at that step. A proof that is asked for again holds no more."""
    answers = {k: value for k, value in draft.answers.items() if k != key} if flow.is_secret(key) else draft.answers
    page = 0
    if key != REVIEW and flow.step(key).several and answers.get(key):
        page = [choice.value for choice in flow.step(key).choices].index(answers[key][0]) // PAGE
    return replace(draft, step=key, answers=answers, found=None, picked=None, page=page, tries=0)


def first_open(flow: Flow, answers: Answers) -> str:
    """The key of the first question without an answer, or what comes last."""
    path = flow.path(answers)
    return next((key for key in path if key == REVIEW or key not in answers), path[-1])


def submission(flow: Flow, draft: Draft, secret: Any = None) -> Submission:
    """The last act, with the answers that count."""
    path = flow.path(draft.answers)
    answers = {key: value for key, value in draft.answers.items() if key in path}
    return Submission({**flow.given(draft.answers), **answers}, secret)


def late_note(step: Step, value: Value) -> Text:
    """What was taken for which question, after a long pause (DIALOGS rule 18)."""
    shown: Param = step.as_shown(value)
    return Text.of("late.taken", ask=Text(f"name.{step.key}"), value=shown)


def _taken_note(flow: Flow, draft: Draft, screen: Screen) -> tuple[Screen, ...]:
    """What was taken of a contact, in a message of its own: its keyboard goes away with it (bot/turn.py)."""
    step = asked(flow, draft)
    value = draft.answers.get(step.key) if step and step.kind is Kind.CONTACT else None
    if step is None or value is None or screen.keyboard:
        return ()
    return (Screen((Text.of("keyboard.taken", value=step.as_shown(value)),)),)
