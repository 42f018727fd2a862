"""The rules of DIALOGS.md about what may come in between, at every moment of every dialog. Core is not asked here."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapter import Edited
from bot.commands import COMMANDS
from bot.dialog import screens
from bot.dialog.events import Other, Said, Sent, Shared
from bot.dialog.flow import Flow, Kind
from bot.person import Ask, Reply, Submit
from bot.preview.people import whose
from bot.preview.samples import NOW, PHONE, SECRET, ways_on
from bot.preview.walk import Stop, after
from bot.texts import LANGUAGES
from tests.bot.rules.walked import (
    ENGINE,
    actions,
    asks_as_before,
    at,
    buttons,
    columns,
    decide,
    everything,
    in_every_dialog,
    is_where_it_was,
    keys,
    press,
    questions,
    reply,
    stops_of,
    text,
)

LATE = NOW + timedelta(minutes=15)
STICKER = Sent(Other.STICKER, 7)


@in_every_dialog
def test_rule_11_only_the_end_of_a_dialog_submits_it(flow: Flow) -> None:
    for stop in stops_of(flow):
        path = flow.path(stop.draft.answers)
        last, proof = stop.draft.step == path[-1], flow.proof is not None and stop.draft.step == flow.proof.key
        for event in everything(stop):
            decision = decide(at(stop), event)
            if isinstance(decision, Submit) and not decision.taking:  # a photo is only put aside
                assert last or proof, f"{stop.name}: {event}"


@in_every_dialog
@pytest.mark.parametrize("command", [name for name, command in COMMANDS.items() if command.aside])
def test_rule_15_a_global_command_answers_and_the_question_follows(flow: Flow, command: str) -> None:
    for stop in stops_of(flow):
        who = at(stop)
        if who.audience not in COMMANDS[command].audience:
            continue
        decision = decide(who, Said(f"/{command}", 7))
        if isinstance(decision, Ask):
            continue  # the same with what core says in it: tests/bot/rules/test_commands.py
        assert isinstance(decision, Reply)
        assert len(decision.screens) == 2
        assert asks_as_before(stop, decision), stop.name
        assert decision.forget == (), stop.name


@in_every_dialog
@pytest.mark.parametrize("kind", list(Other))
def test_rule_16_each_other_kind_of_message_gets_its_own_sentence(flow: Flow, kind: Other) -> None:
    for stop in questions(flow):
        answer = reply(at(stop), Sent(kind, 7))
        assert keys(answer.screens[0])[0] == f"{_wrong(stop)}.{kind}", stop.name
        assert asks_as_before(stop, answer), stop.name


@in_every_dialog
def test_rule_16_a_contact_where_none_is_asked_for_gets_its_own_sentence(flow: Flow) -> None:
    for stop in questions(flow):
        assert stop.step is not None
        if stop.step.kind is not Kind.CONTACT:
            answer = reply(at(stop), Shared(PHONE, own=True))
            assert keys(answer.screens[0])[0] == f"{_wrong(stop)}.contact", stop.name
            assert asks_as_before(stop, answer), stop.name


@in_every_dialog
def test_rule_17_a_password_is_deleted_whatever_becomes_of_it_and_never_kept(flow: Flow) -> None:
    for stop in questions(flow):
        assert stop.step is not None
        if not stop.step.secret:
            continue
        for event in (Said(SECRET, 7), Said(SECRET, 7, formatted=True), STICKER, Sent(Other.PHOTO, 7)):
            decision = decide(at(stop), event)
            assert isinstance(decision, Submit | Reply)
            assert decision.forget == (7,), f"{stop.name}: {event}"
            assert SECRET not in str(decision.draft and decision.draft.to_json())
        late = reply(at(stop), Said(SECRET, 7), LATE)
        assert (late.forget, keys(late.screens[0])[0]) == ((7,), "password.lapsed"), stop.name


@in_every_dialog
def test_rule_18_a_late_answer_that_fits_is_taken_and_what_does_not_is_offered(flow: Flow) -> None:
    for stop in questions(flow):
        step = stop.step
        assert step is not None
        at_once = not (step.secret or step.long or step.most > 1 or step.several or step.search)
        if not at_once or flow.path(stop.draft.answers)[-1] == step.key:
            continue  # a password lapses; what comes piece by piece is never taken at once; what ends a dialog says so
        way = next(ways_on(flow, step))
        taken = after(ENGINE, flow, stop.draft, way[0], LATE)
        assert "late.taken" in keys(taken.screens[-1]), stop.name
        offered = reply(at(stop), STICKER, LATE)
        assert actions(offered.screens[0]) == {"go", "over", "cancel"}, stop.name
        assert is_where_it_was(stop, offered.draft), stop.name


@in_every_dialog
def test_rule_19_an_old_or_forged_button_changes_nothing_and_shows_the_present_screen(flow: Flow) -> None:
    for stop in stops_of(flow):
        offered = [press(stop, button.action, button.arg) for button in buttons(stop.screens[-1])]
        for old in (replace(each, revision=each.revision - 1, message_id=99) for each in offered):
            answer = reply(at(stop), old)
            assert answer.alert is not None
            assert answer.alert.key == "alert.stale"
            assert asks_as_before(stop, answer), stop.name
        for forged in (press(stop, "pick", "99"), press(stop, "change", "nonsense"), press(stop, "nonsense")):
            assert is_where_it_was(stop, reply(at(stop), forged).draft), stop.name


@in_every_dialog
def test_rule_19_a_double_tap_has_one_effect(flow: Flow) -> None:
    for stop in stops_of(flow):
        for button in buttons(stop.screens[-1]):
            tap = press(stop, button.action, button.arg)
            first = decide(at(stop), tap)
            if not isinstance(first, Reply) or first.draft is None:
                continue
            again = reply(replace(at(stop), draft=first.draft, revision=tap.revision + 1), tap)
            assert again.alert is not None, f"{stop.name}: {button.action}"
            assert again.draft == first.draft
            assert again.screens == ()


@in_every_dialog
def test_rule_21_at_most_two_messages_answer_whatever_is_done(flow: Flow) -> None:
    for stop in stops_of(flow):
        for event in everything(stop):
            decision = decide(at(stop), event)
            if isinstance(decision, Reply) and not decision.alert:
                assert 1 <= len(decision.screens) <= 2, f"{stop.name}: {event}"


@in_every_dialog
def test_rule_22_questions_are_short_and_buttons_fit_their_columns(flow: Flow) -> None:
    for stop in stops_of(flow):
        asked = screens.present(flow, stop.draft)
        for language in LANGUAGES:
            for button in buttons(stop.screens[-1]):
                assert columns(button.label, language) <= 24, f"{stop.name}: {button.label}"
            if stop.step and not (stop.step.search or stop.step.several):  # what is to be picked from is a list
                shown = [line for line in text(asked, language).splitlines() if line]
                assert len(shown) <= 6, f"{stop.name} in {language}"
            assert columns(text(asked, language), language) <= 600, f"{stop.name} in {language}"


@in_every_dialog
def test_the_language_can_be_switched_at_every_moment(flow: Flow) -> None:
    for stop in stops_of(flow):
        answer = reply(at(stop), press(stop, "lang", "en"))
        assert answer.language == "en"
        assert asks_as_before(stop, answer), stop.name


@in_every_dialog
def test_a_restart_at_any_moment_costs_nothing(flow: Flow) -> None:
    for stop in stops_of(flow):
        assert at(stop).draft == stop.draft, stop.name
        assert asks_as_before(stop, reply(at(stop), Said("/help", 7))), stop.name


@in_every_dialog
def test_another_dialogs_command_asks_whether_to_leave_this_one(flow: Flow) -> None:
    other = "login" if whose(flow) == "guest" and flow.name != "login" else "register"
    for stop in stops_of(flow):
        if not stop.draft.answers:
            continue  # there is nothing to lose
        asked = reply(at(stop), Said(f"/{other}", 7))
        assert actions(asked.screens[0]) == {"go", "leave"}, stop.name
        assert is_where_it_was(stop, asked.draft), stop.name
        asking = replace(at(stop), draft=asked.draft)
        assert asks_as_before(stop, reply(asking, press(stop, "go"))), stop.name
        left = reply(asking, press(stop, "leave", other))
        assert keys(left.screens[0])[0] in {"cancelled", "cancelled.kept"}, stop.name


@in_every_dialog
def test_what_was_edited_changes_nothing_and_an_edited_password_is_deleted(flow: Flow) -> None:
    for stop in stops_of(flow):
        answer = reply(at(stop), Edited(7))
        assert asks_as_before(stop, answer), stop.name
        assert (answer.forget == (7,)) is flow.is_secret(stop.draft.step), stop.name


def _wrong(stop: Stop) -> str:
    return "at_photo" if stop.step and stop.step.takes else "wrong"
