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


def pick(flow: Flow, draft: Draft, step: Step, picks: list[int]) -> Outcome:
    """Puts these options on, or those off that are on already; the question is shown again."""
    values = [step.choices[number].value for number in picks]
    on = {*step.picked(draft)} ^ {*values}
    picked = [choice.value for choice in step.choices if choice.value in on]
    page = picks[-1] // PAGE if picks else draft.page
    return moves.again(flow, replace(draft, picked=picked, page=page, tries=0))


def page(flow: Flow, draft: Draft, step: Step, number: int) -> Outcome | None:
    """Another page of the options."""
    return moves.again(flow, replace(draft, page=number)) if number * PAGE < len(step.choices) else None


def done(flow: Flow, draft: Draft, step: Step) -> Outcome:
    """What is on is the answer, if it is anything."""
    picked: list[Value] = step.picked(draft)
    if not picked:
        return moves.refuse(flow, draft, Text("several.none"))
    return moves.take(flow, replace(draft, picked=None, page=0), step, picked)


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
