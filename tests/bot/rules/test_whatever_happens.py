"""Whatever happens, in whatever order: nothing raises, nobody is stuck, and nothing is written before a submit."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.commands import COMMANDS
from bot.dialog.events import Answer, Pressed, Said, Shared
from bot.dialog.flow import REVIEW
from bot.flows import FLOWS
from bot.preview.clinic import sample_clinic
from bot.preview.people import AUDIENCES
from bot.preview.samples import BEHIND, PHONE, pressed, ways_on
from tests.bot.rules.room import Room

ACTIONS = (
    *("pick", "skip", "erase", "keep", "back", "change", "next", "go", "over", "cancel", "done", "anew", "page"),
    *("missing", "cmd", "leave", "lang", "switch", "nonsense", *COMMANDS),
)
ARGS = (
    *("", "0", "1", "99", "zh", "name", "proof", "start", "login", "erase", "end.x", "sure", "all", "at.name"),
    *("history.ask", "history.erase", "page.0", "王" * 15, "²", "-1"),
)
WORDS = (
    *(
        "1",
        "２",
        "男",
        "取消",
        "返回",
        "继续",
        "放弃",
        "跳过",
        "13812345678",
        "王小明",
        "anna@example.com",
        "1990-01-31",
    ),
    *("correct horse battery", "<b>*_`&", "王\u202e小明", "\u2800", "😀" * 800, "字" * 4096, "/", "//", "/nonsense"),
)
DAY = 24 * 60

good = st.tuples(st.just("answer"), st.integers(0, 3))
press = st.tuples(st.just("press"), st.integers(0, 11))
happening = st.one_of(
    *(good,) * 8,
    *(press,) * 4,
    st.tuples(st.just("old"), st.integers(0, 40)),
    st.tuples(st.just("forged"), st.sampled_from(ACTIONS), st.sampled_from(ARGS), st.integers(-1, 1)),
    st.tuples(st.just("say"), st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=50)),
    st.tuples(st.just("command"), st.sampled_from(sorted(COMMANDS)), st.sampled_from(["", *BEHIND.values()])),
    st.tuples(st.just("other"), st.sampled_from(["sticker", "voice", "photo", "document", "location", "dice"])),
    st.tuples(st.just("contact"), st.booleans()),
    st.tuples(st.just("edit"), st.sampled_from(WORDS)),
    st.tuples(st.just("wait"), st.sampled_from([1, 16, DAY, 15 * DAY])),
)
more = st.lists(happening, min_size=8, max_size=20)


def stories_of(audience: str) -> st.SearchStrategy[tuple[str, list[tuple[Any, ...]]]]:
    """Somebody of that audience, and what happens: first a command of theirs."""
    theirs = sorted(name for name, command in COMMANDS.items() if audience in command.audience)
    opening = st.sampled_from(theirs).map(lambda name: ("command", name, BEHIND.get(name, "")))
    return st.tuples(st.just(audience), st.builds(lambda first, rest: [first, *rest], opening, more))


lives = st.sampled_from(AUDIENCES).flatmap(stories_of)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    loop = asyncio.new_event_loop()
    clinic = sample_clinic(tmp_path_factory.mktemp("room"))
    room = Room(loop.run_until_complete(clinic.__aenter__()), loop)
    yield room
    room.close()
    loop.run_until_complete(clinic.__aexit__(None, None, None))
    loop.close()


def live_through(room: Room, audience: str, story: list[tuple[Any, ...]]) -> None:
    """Lets it all happen to somebody new, and looks at the rules after each."""
    person = room.somebody(audience)
    room.written()
    for what, *details in story:
        if what == "wait":
            room.clock.advance(minutes=details[0])
            continue
        update = UPDATES[what](room, person, *details)
        if update is None:
            continue
        answered = room.happens(person, *update)
        written = room.written()
        assert room.faults() == []
        assert answered, "nothing was said"
        if room.only_moved(person):
            assert not written, "something was written before a submit"
    room.happens(person, "message", said(room, "/cancel"))
    room.happens(person, "message", said(room, "/start"))
    assert room.draft(person) is None
    assert len(room.telegram.buttons(person)) >= 4, "no menu at the end"
    assert room.faults() == []


BOUNDED = settings(
    deadline=None,
    max_examples=5,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@BOUNDED
@given(life=lives)
def test_whatever_happens_nothing_breaks_or_is_written_too_early(
    room: Room, life: tuple[str, list[tuple[Any, ...]]]
) -> None:
    live_through(room, *life)


@pytest.mark.slow
@settings(BOUNDED, max_examples=int(os.environ.get("EXAMPLES", "200")), derandomize="EXAMPLES" not in os.environ)
@given(life=lives)
def test_whatever_happens_for_long(room: Room, life: tuple[str, list[tuple[Any, ...]]]) -> None:
    live_through(room, *life)


def said(room: Room, text: str) -> dict[str, Any]:
    """A text message."""
    return {"message_id": room.telegram.new_id(), "text": text}


def answered_well(room: Room, person: int, choice: int) -> tuple[str, dict[str, Any]] | None:
    """One of the good answers to what is asked now; where nothing is, a button of the menu."""
    draft = room.draft(person)
    if draft is None or draft.asking or draft.flow not in FLOWS:
        return a_press(room, person, choice)
    flow = FLOWS[draft.flow]
    if draft.step == REVIEW:
        return update_of(room, person, pressed(flow, "next"))
    ways = list(ways_on(flow, flow.step(draft.step)))
    way = ways[choice % len(ways)]
    done = bool(draft.found or draft.parts or draft.received) and len(way) > 1
    return update_of(room, person, way[1] if done else way[0])


def update_of(room: Room, person: int, event: Answer) -> tuple[str, dict[str, Any]]:
    """The update by which that reaches a bot."""
    if isinstance(event, Said):
        return "message", said(room, event.text)
    if isinstance(event, Shared):
        contact = {"phone_number": event.phone, "user_id": person if event.own else 1, "first_name": "x"}
        return "message", {"message_id": room.telegram.new_id(), "contact": contact}
    if isinstance(event, Pressed):
        for number, data in room.telegram.buttons(person):
            if data.split(":", 2)[2:] == [":".join(filter(None, (event.action, event.arg)))]:
                return callback(person, number, data)
        return "message", said(room, "1")
    return another(room, person, "photo")


def callback(person: int, number: int, data: str) -> tuple[str, dict[str, Any]]:
    """A press of the button with that data."""
    return "callback_query", {"id": str(person), "message": {"message_id": number}, "data": data}


def a_press(room: Room, person: int, choice: int) -> tuple[str, dict[str, Any]] | None:
    """A button of the present screen, if it has one."""
    buttons = room.telegram.buttons(person)
    if not buttons:
        return "message", said(room, "/start")
    return callback(person, *buttons[choice % len(buttons)])


def an_old_press(room: Room, person: int, choice: int) -> tuple[str, dict[str, Any]] | None:
    """A button of any screen, as it was once: with an earlier revision."""
    buttons = room.telegram.buttons(person, newest=False)
    if not buttons:
        return None
    number, data = buttons[choice % len(buttons)]
    dialog, revision, rest = data.split(":", 2)
    return callback(person, number, f"{dialog}:{max(int(revision) - choice, 0)}:{rest}")


def forged(room: Room, person: int, action: str, arg: str, off: int) -> tuple[str, dict[str, Any]] | None:
    """A button that nobody made, of the present revision or one beside it."""
    buttons = room.telegram.buttons(person)
    dialog, revision, _ = buttons[-1][1].split(":", 2) if buttons else ("menu", "1", "")
    data = f"{dialog}:{int(revision) + off}:{action}:{arg}".encode()[:64].decode(errors="ignore")
    return callback(person, buttons[-1][0] if buttons else 1, data)


def another(room: Room, person: int, kind: str) -> tuple[str, dict[str, Any]]:
    """A message of another kind."""
    file = {"file_id": "f", "file_unique_id": "u", "file_size": 100, "width": 9, "height": 9}
    content: dict[str, Any] = {"photo": [file], "document": file}
    return "message", {"message_id": room.telegram.new_id(), kind: content.get(kind, {})}


UPDATES: dict[str, Any] = {
    "answer": answered_well,
    "press": a_press,
    "old": an_old_press,
    "forged": forged,
    "say": lambda room, _person, text: ("message", said(room, text)),
    "command": lambda room, _person, name, typed: ("message", said(room, f"/{name} {typed}".strip())),
    "other": another,
    "contact": lambda room, person, own: update_of(room, person, Shared(PHONE, own=own)),
    "edit": lambda room, _person, text: ("edited_message", said(room, text)),
}
