"""A question that several options answer: put on and taken off one by one, a page of them at a time (DIALOGS 23)."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.dialog import moves
from bot.dialog.draft import Draft
from bot.dialog.flow import Flow, InvalidInput, Step, Value
from bot.dialog.outcome import Outcome
from bot.dialog.search import PAGE
from bot.dialog.view import Text

_BETWEEN: Final = re.compile(r"[,，、;；]+")


def press(flow: Flow, draft: Draft, step: Step, number: int) -> Outcome:
    """Puts this option on, or off where it is on already; the question is shown again."""
    return _with(flow, draft, step, {*step.picked(draft)} ^ {step.choices[number].value}, number)


def put_on(flow: Flow, draft: Draft, step: Step, numbers: list[int]) -> Outcome:
    """Puts these options on, those too that are on already: who types them means them."""
    values = {step.choices[number].value for number in numbers}
    return _with(flow, draft, step, {*step.picked(draft)} | values, numbers[-1])


def page(flow: Flow, draft: Draft, step: Step, number: int) -> Outcome | None:
    """Another page of the options."""
    return moves.again(flow, replace(draft, page=number)) if number * PAGE < len(step.choices) else None


def done(flow: Flow, draft: Draft, step: Step) -> Outcome:
    """What is on is the answer, if it is anything."""
    picked: list[Value] = step.picked(draft)
    if not picked:
        return moves.refuse(flow, draft, Text("several.none"))
    return moves.take(flow, replace(draft, picked=None, page=0), step, picked)


def _with(flow: Flow, draft: Draft, step: Step, on: set[Value], last: int) -> Outcome:
    picked = [choice.value for choice in step.choices if choice.value in on]
    return moves.again(flow, replace(draft, picked=picked, page=last // PAGE, tries=0))


def typed(step: Step, text: str, number_of: Callable[[Step, str], int | None]) -> list[int]:
    """Which options are typed: numbers, labels or what else is typed for them, with commas or spaces between.

    Raises InvalidInput.
    """
    for parts in ([text], _BETWEEN.split(text), _BETWEEN.sub(" ", text).split()):
        numbers = [number_of(step, part) for part in parts if part.strip()]
        found = [number for number in numbers if number is not None]
        if found and len(found) == len(numbers):
            return list(dict.fromkeys(found))
    raise InvalidInput("wrong.several")
