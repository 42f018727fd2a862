"""What a pressed button of a dialog leads to."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.dialog import moves, photos, several
from bot.dialog.draft import Draft
from bot.dialog.events import Pressed, Said
from bot.dialog.flow import REVIEW, Flow
from bot.dialog.outcome import HOME, Outcome
from bot.dialog.search import Searching, options_of
from bot.dialog.view import Text


def press(flow: Flow, draft: Draft, event: Pressed, *, late: bool) -> Outcome:
    """What follows. A press that its screen did not offer changes nothing: a client can forge callback data
    (SECURITY.md Authorisation)."""
    acts: Mapping[str, Callable[[], Outcome | None]] = {
        "pick": lambda: _pick(flow, draft, event.arg, late=late),
        "skip": lambda: _skip(flow, draft),
        "erase": lambda: _erase(flow, draft),
        "keep": lambda: _keep(flow, draft),
        "back": lambda: _back(flow, draft),
        "change": lambda: _change(flow, draft, event.arg),
        "next": lambda: _next_from_review(flow, draft),
        "go": lambda: moves.again(flow, replace(draft, tries=0)),
        "over": lambda: _start_over(flow, draft),
        "cancel": lambda: moves.cancel(flow),
        "done": lambda: _done(flow, draft),
        "anew": lambda: _anew(flow, draft),
        "page": lambda: _page(flow, draft, event.arg),
        "missing": lambda: _missing(flow, draft),
    }
    act = acts.get(event.action)
    outcome = act() if act else None
    return outcome or replace(moves.again(flow, draft), stale=True)


def _start_over(flow: Flow, draft: Draft) -> Outcome:
    begun = moves.begin(flow, draft.touched_at, draft.present, flow.given(draft.answers))
    assert begun.draft is not None
    return replace(begun, draft=begun.draft.leading_on(draft))


def _pick(flow: Flow, draft: Draft, arg: str, *, late: bool) -> Outcome | None:
    step = moves.asked(flow, draft)
    if step is None:
        return None
    if step.several:
        number = int(arg) if arg.isascii() and arg.isdigit() and len(arg) < 4 else len(step.choices)
        return several.press(flow, draft, step, number) if number < len(step.choices) else None
    options = options_of(draft.found) if step.search else [choice.value for choice in step.choices]
    if not (arg.isascii() and arg.isdigit() and int(arg) < len(options)):
        return None
    value = options[int(arg)]
    return moves.take(flow, draft, step, value, (moves.late_note(step, value),) if late else ())


def _done(flow: Flow, draft: Draft) -> Outcome | None:
    step = moves.asked(flow, draft)
    if step and step.takes:
        return photos.done(flow, draft, step)
    if step and step.several:
        return several.done(flow, draft, step)
    if step is None or not step.long or step.parse is None or not draft.parts:
        return None
    return moves.take(flow, draft, step, step.parse(Said(draft.long_text, 0), draft.answers))


def _anew(flow: Flow, draft: Draft) -> Outcome | None:
    """The photos that came are put aside, and the question is asked again."""
    step = moves.asked(flow, draft)
    return moves.again(flow, replace(draft, received=[], tries=0)) if step and step.takes else None


def _page(flow: Flow, draft: Draft, arg: str) -> Outcome | None:
    step = moves.asked(flow, draft)
    if step is None or not (arg.isascii() and arg.isdigit() and len(arg) < 6):
        return None
    if step.several:
        return several.page(flow, draft, step, int(arg))
    if draft.found is None:
        return None
    return Outcome(draft, (), searching=Searching(step, draft.found["typed"], int(arg)))


def _missing(flow: Flow, draft: Draft) -> Outcome | None:
    step = moves.asked(flow, draft)
    return moves.again(flow, draft, Text("search.missing")) if step and step.search else None


def _skip(flow: Flow, draft: Draft) -> Outcome | None:
    step = moves.asked(flow, draft)
    if step is None or not step.optional:
        return None
    # Where something stands that is to be changed, to skip is to leave it; to erase is another button.
    return HOME if flow.home and step.key not in draft.answers else moves.take(flow, draft, step, None)


def _erase(flow: Flow, draft: Draft) -> Outcome | None:
    step = moves.asked(flow, draft)
    return moves.take(flow, draft, step, None) if step and step.optional else None


def _keep(flow: Flow, draft: Draft) -> Outcome | None:
    step = moves.asked(flow, draft)
    if step and step.key in draft.answers:
        return moves.move_on(flow, draft)
    return HOME if step and step.key in draft.present else None


def _change(flow: Flow, draft: Draft, key: str) -> Outcome | None:
    if draft.step != REVIEW or key not in draft.answers or flow.is_secret(key) or flow.step(key).given:
        return None
    return moves.again(flow, replace(draft, step=key, tries=0, editing=True))


def _next_from_review(flow: Flow, draft: Draft) -> Outcome | None:
    if draft.step != REVIEW:
        return None
    still_open = moves.first_open(flow, draft.answers)
    if still_open != REVIEW:  # a change has opened questions that were not answered yet
        return moves.go_to(flow, replace(draft, editing=True), still_open)
    return moves.move_on(flow, draft)


def _back(flow: Flow, draft: Draft) -> Outcome | None:
    if draft.editing and moves.first_open(flow, draft.answers) == REVIEW:
        before = REVIEW
    else:
        path = flow.path(draft.answers)
        if path[0] == draft.step:
            return HOME if flow.home else None
        before = path[path.index(draft.step) - 1]
    return moves.go_to(flow, draft, before)
