"""Every moment of every dialog, found by walking the registry: a new dialog is in here without anyone remembering."""

import unicodedata
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.adapter import Arrival, Event
from bot.commands import COMMANDS
from bot.dialog import screens
from bot.dialog.draft import Draft
from bot.dialog.events import Answer, Other, Pressed, Said, Sent, Shared
from bot.dialog.flow import Flow
from bot.dialog.view import Button, Screen, Text
from bot.flows import FLOWS
from bot.person import Decision, Person, Reply
from bot.preview.clinic import desk_of
from bot.preview.people import person, whose
from bot.preview.samples import NOW, PHONE, wrong_answers
from bot.preview.walk import Stop, stops, ways
from bot.screen import body
from bot.texts import Catalogue, Language

CATALOGUE = Catalogue(
    ZoneInfo("Asia/Shanghai"),
    {"clinic": "仁和诊所", "contact": "010-12345678", "privacy_url": "https://clinic.example/privacy"},
)
DESK = desk_of(CATALOGUE)
ENGINE = DESK.engine
in_every_dialog = pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())


@cache
def _walked(name: str) -> tuple[Stop, ...]:
    return tuple(stops(ENGINE, FLOWS[name]))


def stops_of(flow: Flow) -> tuple[Stop, ...]:
    """The moments of one dialog."""
    return _walked(flow.name)


def at(stop: Stop, **changed: Any) -> Person:
    """Somebody who is at that moment of that dialog, read again from what is kept of it: as after a restart."""
    who = person(whose(stop.flow))
    draft = type(stop.draft).from_json(stop.draft.to_json())
    return replace(who, draft=draft, draft_of=who.account_id, **changed)


def decide(who: Person, event: Event, now: datetime = NOW) -> Decision:
    """What the desk does with an event."""
    return DESK.decide(who, Arrival(who.id, None, event), now)


def reply(who: Person, event: Event, now: datetime = NOW) -> Reply:
    """What an event is answered with, where core is not asked."""
    decision = decide(who, event, now)
    assert isinstance(decision, Reply), decision
    return decision


def text(screen: Screen, language: Language = "zh") -> str:
    """What a screen reads as."""
    return body(screen, CATALOGUE, language)


def buttons(screen: Screen) -> list[Button]:
    """Its buttons, under the message or on the keyboard."""
    rows = screen.keyboard.buttons if screen.keyboard else screen.buttons
    return [button for row in rows for button in row]


def columns(shown: Text | str, language: Language) -> int:
    """How wide that is: a Han character is two columns (DIALOGS rule 22)."""
    line = CATALOGUE.render(shown, language) if isinstance(shown, Text) else shown
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def actions(screen: Screen) -> set[str]:
    """What its buttons do."""
    return {button.action for button in buttons(screen)}


def keys(screen: Screen) -> list[str]:
    """The keys of its texts, in their order."""
    return screen.text_keys()


def asks_as_before(stop: Stop, answer: Reply) -> bool:
    """Whether the answer ends with the very question that was pending, its buttons too, and nothing was lost."""
    shown, asked = answer.screens[-1], screens.present(stop.flow, stop.draft)
    same_buttons = (shown.buttons, shown.keyboard) == (asked.buttons, asked.keyboard)
    repeated = shown.paragraphs[len(shown.paragraphs) - len(asked.paragraphs) :] == asked.paragraphs
    return same_buttons and repeated and answer.draft is not None and is_where_it_was(stop, answer.draft)


def is_where_it_was(stop: Stop, draft: Draft | None) -> bool:
    """Whether the dialog has not moved and has every answer it had."""
    return draft is not None and (draft.step, draft.answers) == (stop.draft.step, stop.draft.answers)


def press(stop: Stop, action: str, arg: str = "") -> Pressed:
    """A press of a present button."""
    return Pressed(stop.flow.name, person("guest").revision, action, arg, 1, "query")


def questions(flow: Flow) -> list[Stop]:
    """Where the dialog asks a question, and does not show the review."""
    return [stop for stop in stops_of(flow) if stop.step]


def everything(stop: Stop) -> list[Answer]:
    """Whatever can be done at a moment: good and bad answers, each button, other kinds of message, commands."""
    asked = stop.screens[-1]
    found: list[Answer] = [press(stop, button.action, button.arg) for button in buttons(asked)]
    found += [Sent(kind, 7) for kind in Other]
    found += [Said(f"/{name}", 7) for name in (*COMMANDS, "nonsense")]
    found += [Shared(PHONE, own=True), Shared(PHONE, own=False), Shared("", own=True)]
    if stop.step:
        found += wrong_answers(stop.step)
        found += [way[0] for way in ways(stop) if not isinstance(way[0], Pressed)]
    return found
