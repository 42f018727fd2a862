"""Between a dialog's questions: leaving it, going on, logging in again in the middle (DIALOGS rules 13, 16, 18, 25)."""

from dataclasses import replace

import pytest

from bot.commands import COMMANDS, Command
from bot.dialog.events import Other, Pressed, Said, Sent
from bot.dialog.flow import Flow
from bot.flows import FLOWS
from bot.person import GUEST, Ask, Done, Person, Reply
from bot.preview.people import AUDIENCES, person, whose
from bot.preview.samples import NOW
from bot.preview.walk import Stop
from core.sessions import Signed
from tests.bot.rules.walked import DESK, actions, asks_as_before, at, decide, in_every_dialog, keys, reply, stops_of

STICKER = Sent(Other.STICKER, 7)
of_others = pytest.mark.parametrize("name", [name for name, each in COMMANDS.items() if GUEST not in each.audience])
signed_in_every_dialog = pytest.mark.parametrize(
    "flow", [flow for flow in FLOWS.values() if whose(flow) != GUEST], ids=lambda flow: flow.name
)


def expired(who: Person) -> Person:
    """The same person, whose login has expired meanwhile."""
    assert who.signed is not None
    return replace(who, signed=replace(who.signed, lapsed=True))


def logged_in(who: Person, signed: Signed | None, asked: Reply) -> Reply:
    """What follows when the login that this answer has opened succeeds."""
    assert asked.draft is not None
    assert asked.draft.flow == "login"
    kept = type(asked.draft).from_json(asked.draft.to_json())
    following = DESK.after(replace(who, signed=signed, draft=None, draft_of=None), kept, Done(()), NOW)
    assert isinstance(following, Reply), following
    return following


@in_every_dialog
@pytest.mark.parametrize("kind", list(Other))
def test_rule_13_and_16_hold_where_it_is_asked_whether_to_leave(flow: Flow, kind: Other) -> None:
    for stop in stops_of(flow):
        if not stop.draft.answers:
            continue
        for asked in (in_between(stop), offered(stop)):
            help_ = "help.leave" if "leave" in actions(asked.screens[0]) else "help.offer"
            answer = asked
            for told in ([], [help_], [help_, "help.person"]):
                answer = reply(replace(at(stop), draft=answer.draft), Sent(kind, 7))
                assert keys(answer.screens[0])[: 1 + len(told)] == [f"wrong.{kind}", *told], stop.name
                assert actions(answer.screens[0]) == actions(asked.screens[0])
            on = reply(replace(at(stop), draft=answer.draft), Pressed(flow.name, 3, "go", "", 1, "q"))
            assert asks_as_before(stop, on), stop.name
            assert on.draft is not None
            assert on.draft.tries == 0


def in_between(stop: Stop) -> Reply:
    """Asked whether to leave the dialog."""
    other = "login" if stop.flow.name != "login" else "register"
    return reply(at(stop), Said(f"/{other}", 7))


def offered(stop: Stop) -> Reply:
    """Offered to go on or start over: by the command that opens it, or by what comes late and does not fit."""
    outcome = DESK.engine.offer(stop.flow, stop.draft)
    return Reply(outcome.screens, outcome.draft)


def test_rule_13_the_review_helps_more_each_time() -> None:
    stop = next(stop for stop in stops_of(FLOWS["register"]) if stop.step is None)
    first = reply(at(stop), Said("什么？", 7))
    second = reply(replace(at(stop), draft=first.draft), Said("什么？", 7))
    third = reply(replace(at(stop), draft=second.draft), Said("什么？", 7))
    assert keys(first.screens[0])[:2] == ["wrong.review", "progress"]
    assert keys(second.screens[0])[:3] == ["wrong.review", "help.review", "progress"]
    assert keys(third.screens[0])[:3] == ["wrong.review", "help.review", "help.person"]


@signed_in_every_dialog
def test_rule_25_an_expired_login_leads_through_log_in_and_back_to_the_question(flow: Flow) -> None:
    for stop in stops_of(flow):
        who = at(stop)
        press = Pressed(flow.name, who.revision, "back", "", 1, "q")
        for event in (Said("王小明", 7), STICKER, press, replace(press, revision=2, message_id=9), Said("/login", 7)):
            asked = reply(expired(who), event)
            assert keys(asked.screens[0])[0] == "login.lapsed", f"{stop.name}: {event}"
            assert asks_as_before(stop, logged_in(who, who.signed, asked)), f"{stop.name}: {event}"


@signed_in_every_dialog
def test_rule_25_another_account_does_not_go_on_with_it(flow: Flow) -> None:
    stop = stops_of(flow)[0]
    who = at(stop)
    other = replace(who.signed, account_id=99) if who.signed else None
    following = logged_in(who, other, reply(expired(who), STICKER))
    assert following.draft is None
    assert keys(following.screens[0])[0] == "draft.other_account"


@signed_in_every_dialog
def test_rule_25_what_can_be_asked_without_a_login_is_answered_and_the_dialog_waits(flow: Flow) -> None:
    for stop in stops_of(flow)[:3]:
        who = at(stop)
        for command in ("start", "help", "privacy", "language"):
            decision = decide(expired(who), Said(f"/{command}", 7))
            if isinstance(decision, Reply):
                assert asks_as_before(stop, logged_in(who, who.signed, decision)), f"{stop.name}: {command}"


def test_rule_25_a_password_that_came_too_late_is_deleted() -> None:
    for flow in FLOWS.values():
        for stop in stops_of(flow):
            if whose(flow) != GUEST and flow.is_secret(stop.draft.step):
                assert reply(expired(at(stop)), Said("correct horse", 7)).forget == (7,)


def test_rule_5_cancel_needs_no_login() -> None:
    stop = stops_of(FLOWS["profile.name"])[0]
    answer = decide(expired(at(stop)), Said("/cancel", 7))
    assert isinstance(answer, Reply)
    assert answer.draft is None


@of_others
@pytest.mark.parametrize("typed", ["", " P12 多次冒用"])
def test_rule_25_a_command_leads_through_log_in_and_to_itself_with_what_was_typed(name: str, typed: str) -> None:
    command = COMMANDS[name]
    who = person(next(audience for audience in AUDIENCES if audience in command.audience))
    if name == "logout":
        return  # who is not logged in need not log in to log out
    asked = reply(expired(who), Said(f"/{name}{typed}", 7))
    assert keys(asked.screens[0])[0] == "login.lapsed"
    assert asked.draft is not None
    following = DESK.after(who, type(asked.draft).from_json(asked.draft.to_json()), Done(()), NOW)
    assert came_to(command, name, following)


def came_to(command: Command, name: str, following: object) -> bool:
    """Whether that is what the command leads to."""
    if command.act:
        return isinstance(following, Ask)
    return isinstance(following, Reply) and following.draft is not None and following.draft.flow.startswith(name)


def test_rule_25_what_was_typed_behind_a_command_is_not_lost_when_a_dialog_is_left_for_it() -> None:
    stop = next(stop for stop in stops_of(FLOWS["suspend"]) if stop.step is None)
    asked = reply(at(stop), Said("/suspend P12 多次冒用", 7))
    assert asked.draft is not None
    assert asked.draft.asking == "leave:suspend P12 多次冒用"


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.pressed])
def test_rule_19_an_old_button_of_a_commands_screen_shows_that_screen(name: str) -> None:
    command = COMMANDS[name]
    who = person(next(audience for audience in AUDIENCES if audience in command.audience))
    old = Pressed("menu", who.revision - 1, name, "x", 99, "q")
    decision = decide(who, old)
    assert isinstance(decision, Ask)
    assert decision.alert is not None
    assert decision.alert.key == "alert.stale"
