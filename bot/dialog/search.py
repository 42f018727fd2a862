"""Questions with too many options to show: people type a part, and pick from pages (DIALOGS rule 23)."""

from dataclasses import dataclass
from typing import Final, TypedDict

from bot.dialog.flow import Step, Value

PAGE: Final = 8


class Found(TypedDict):
    """A page of what was found: kept in the draft, so that it is shown again and picked from by number."""

    typed: str
    page: int
    options: list[Value]
    more: bool


@dataclass(frozen=True, slots=True)
class Searching:
    """What is to be looked for: pages count from 0."""

    step: Step
    typed: str
    page: int = 0


def options_of(found: Found | None) -> list[Value]:
    """What there is to pick from now."""
    return found["options"] if found else []


def typed_option(found: Found | None, typed: str) -> Value | None:
    """The option whose number on the page is typed; None for what is to be looked for."""
    options = options_of(found)
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 3 else 0
    return options[number - 1] if 1 <= number <= len(options) else None
