"""The rules of DIALOGS.md at every moment of every dialog. What is pure of them: nothing is asked of core here."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapter import Edited
from bot.commands import COMMANDS
from bot.dialog import screens
from bot.dialog.draft import Draft
from bot.dialog.events import Answer, Other, Pressed, Said, Sent, Shared
from bot.dialog.flow import Flow, Kind
from bot.person import Ask, Reply, Submit
from bot.preview.people import person, whose
from bot.preview.samples import NOW, PHONE, SECRET, ways_on, wrong_answers
from bot.preview.walk import Stop, after, ways
from bot.texts import LANGUAGES, Language
from tests.bot.rules.walked import (
    ENGINE,
    actions,
    asks_as_before,
    at,
    buttons,
    columns,
    decide,
    in_every_dialog,
    is_where_it_was,
    keys,
    reply,
    stops_of,
    text,
)

LATE = NOW + timedelta(minutes=15)
EXAMPLE: dict[Language, str] = {"zh": "例如", "en": r"(?i)for example|such as"}
STICKER = Sent(Other.STICKER, 7)


def press(stop: Stop, action: str, arg: str = "") -> Pressed:
    """A press of a present button."""
    return Pressed(stop.flow.name, person("guest").revision, action, arg, 1, "query")


def questions(flow: Flow) -> list[Stop]:
    """Where the dialog asks a question, and does not show the review."""
    return [stop for stop in stops_of(flow) if stop.step]


@in_every_dialog
def test_rule_1_it_begins_with_what_it_does_and_how_many_steps(flow: Flow) -> None:
    first = stops_of(flow)[0]
    assert keys(first.screens[0])[0] == f"intro.{flow.name.partition('.')[0]}"
    assert re.search(r"（1/\d", text(first.screens[0]))


@in_every_dialog
def test_rule_2_and_4_one_question_a_message_with_its_progress(flow: Flow) -> None:
    for stop in stops_of(flow):
        path = flow.path(stop.draft.answers)
        progress = f"（{path.index(stop.draft.step) + 1}/{len(path)}"
        assert text(stop.screens[-1]).count(progress) == 1, stop.name
        assert len([key for key in keys(stop.screens[-1]) if key.startswith("progress")]) == 1, stop.name


@in_every_dialog
def test_rule_3_what_is_typed_has_an_example(flow: Flow) -> None:
    for stop in questions(flow):
        step = stop.step
        if step is None or step.choices or step.secret:
            continue
        for language in LANGUAGES:
            assert re.search(EXAMPLE[language], text(stop.screens[-1], language)), stop.name
        for year_first in re.findall(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})", text(stop.screens[-1])):
            assert int(year_first[2]) > 12, "a day that could be a month"


@in_every_dialog
def test_rule_5_cancel_works_anywhere_and_says_what_was_kept_and_dropped(flow: Flow) -> None:
    for stop in stops_of(flow):
        for event in (Said("/cancel", 7), press(stop, "cancel")):
            answer = reply(at(stop), event)
            assert answer.draft is None
            assert keys(answer.screens[0])[0] == ("cancelled.kept" if flow.home else "cancelled"), stop.name
            assert len(answer.screens) == 1


@in_every_dialog
def test_rule_6_back_leads_to_the_question_before_and_shows_its_answer(flow: Flow) -> None:
    for stop in stops_of(flow):
        path = flow.path(stop.draft.answers)
        if path[0] == stop.draft.step:
            assert ("back" in actions(stop.screens[-1])) is (flow.home is not None), stop.name
            continue
        assert "back" in actions(stop.screens[-1]), stop.name
        answer = reply(at(stop), press(stop, "back"))
        assert answer.draft is not None
        before = path[path.index(stop.draft.step) - 1]
        assert answer.draft.step == before, stop.name
        step = None if before == "review" else flow.step(before)
        if step and step.several:
            assert "option.line.picked" in keys(answer.screens[-1]), stop.name
        elif step and not (step.secret or step.long or step.most > 1 or stop.draft.answers.get(before) is None):
            assert "earlier" in keys(answer.screens[-1]), stop.name
            assert "keep" in actions(answer.screens[-1]), stop.name


@in_every_dialog
def test_rule_7_optional_is_marked_and_can_be_skipped_and_required_cannot(flow: Flow) -> None:
    for stop in questions(flow):
        assert stop.step is not None
        marked = "progress.optional" in keys(stop.screens[-1])
        assert marked is stop.step.optional, stop.name
        assert bool({"skip", "erase"} & actions(stop.screens[-1])) is stop.step.optional, stop.name
        if not stop.step.optional:
            for forged in ("skip", "erase"):
                assert is_where_it_was(stop, reply(at(stop), press(stop, forged)).draft), stop.name


@in_every_dialog
def test_rule_8_what_stands_is_shown_with_keep_and_erase_apart_from_skip(flow: Flow) -> None:
    for stop in questions(flow):
        step = stop.step
        if step is None or step.long or step.most > 1 or step.secret or stop.draft.present.get(step.key) is None:
            continue
        assert "present" in keys(stop.screens[-1]), stop.name
        assert "keep" in actions(stop.screens[-1]), stop.name
        assert "skip" not in actions(stop.screens[-1]), stop.name
        assert ("erase" in actions(stop.screens[-1])) is step.optional, stop.name


@in_every_dialog
def test_rule_9_the_review_lists_all_answers_and_a_change_returns_to_it(flow: Flow) -> None:
    for stop in stops_of(flow):
        if stop.step:
            continue
        lines = [key for key in keys(stop.screens[-1]) if key == "review.line"]
        changes = [button.arg for button in buttons(stop.screens[-1]) if button.action == "change"]
        to_change = [key for key in stop.draft.answers if len(flow.step(key).choices) != 1 and not flow.step(key).given]
        assert changes == to_change, stop.name
        assert len(lines) == len(changes) + len(flow.given(stop.draft.answers)), stop.name
        for key in changes:
            asked = reply(at(stop), press(stop, "change", key))
            assert asked.draft is not None
            assert asked.draft.step == key
            changing = Stop(flow, asked.draft, asked.screens)
            assert reply(at(changing), press(stop, "back")).draft == replace(asked.draft, step="review", editing=False)
            assert same_answer(changing).step == "review", f"{stop.name}: change of {key}"


@in_every_dialog
def test_rule_10_the_button_that_submits_names_the_act(flow: Flow) -> None:
    for stop in stops_of(flow):
        if not stop.step:
            submitting = [button.label.key for button in buttons(stop.screens[-1]) if button.action == "next"]
            assert submitting == [f"submit.{flow.name.partition('.')[0]}"]


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
def test_rule_12_each_wrong_answer_is_told_and_the_question_asked_again(flow: Flow) -> None:
    for stop in questions(flow):
        step = stop.step
        assert step is not None
        for said in wrong_answers(step):
            decision = decide(at(stop), said)
            if not isinstance(decision, Reply) or decision.draft is None or decision.draft.tries == 0:
                continue  # taken, or asked of core
            told = keys(decision.screens[0])[0]
            assert told.startswith(("error.", "wrong.", "at_photo.")), f"{stop.name}: {said.text[:20]!r}"
            assert asks_as_before(stop, decision), f"{stop.name}: {said.text[:20]!r}"
            for language in LANGUAGES:
                assert text(decision.screens[0], language)


@in_every_dialog
def test_rule_13_the_second_wrong_answer_gets_more_help_and_the_third_names_a_person(flow: Flow) -> None:
    for stop in questions(flow):
        step = stop.step
        assert step is not None
        wrong = Said("underlined", 7, formatted=True) if step.secret else STICKER
        first = reply(at(stop), wrong)
        assert step.help not in keys(first.screens[0]), stop.name
        second = reply(replace(at(stop), draft=first.draft), wrong)
        assert keys(second.screens[0])[1] == step.help, stop.name
        third = reply(replace(at(stop), draft=second.draft), wrong)
        person_to_ask = "help.person.optional" if step.optional else "help.person"
        assert keys(third.screens[0])[1:3] == [step.help, person_to_ask], stop.name
        assert asks_as_before(stop, third), stop.name


@in_every_dialog
def test_rule_14_a_choice_is_taken_by_its_number_and_its_label_in_any_language(flow: Flow) -> None:
    for stop in questions(flow):
        assert stop.step is not None
        for number, choice in enumerate(stop.step.choices, start=1):
            by_button = decide(at(stop), press(stop, "pick", str(number - 1)))
            labels = ENGINE.labels(choice.label)
            wide = str(number).translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
            for typed in (str(number), wide, *labels, *choice.aliases):
                assert same(decide(at(stop), Said(typed, 7)), by_button), f"{stop.name}: {typed}"


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


def _wrong(stop: Stop) -> str:
    return "at_photo" if stop.step and stop.step.takes else "wrong"


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


def same_answer(stop: Stop) -> Draft:
    """The dialog after a question was answered again as before; another branch's questions come before the review."""
    as_before = [(press(stop, "done"),)] if stop.step and stop.step.several else []
    for way in (*as_before, *ways(stop)):
        draft: Draft | None = stop.draft
        for event in way:
            assert draft is not None
            draft = after(ENGINE, stop.flow, draft, event).draft
        if draft and draft.answers == stop.draft.answers:
            return draft
    raise AssertionError(f"no way leads on from {stop.name} with the same answer")


@in_every_dialog
def test_a_dialog_is_walked_to_its_end_and_every_question_is_met(flow: Flow) -> None:
    met = {stop.draft.step for stop in stops_of(flow)}
    assert {step.key for step in flow.steps if not step.given} <= met
    assert any(submits(stop, way) for stop in stops_of(flow) for way in ways(stop))


def submits(stop: Stop, way: tuple[Answer, ...]) -> bool:
    """Whether this way on ends the dialog."""
    draft: Draft | None = stop.draft
    for event in way:
        assert draft is not None
        outcome = after(ENGINE, stop.flow, draft, event)
        draft = outcome.draft
    return outcome.submission is not None


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


def same(one: object, other: object) -> bool:
    """Whether two decisions come to the same."""
    if isinstance(one, Ask) and isinstance(other, Ask):
        return True  # functions are not compared
    if isinstance(one, Reply) and isinstance(other, Reply):
        return (one.draft, one.screens) == (other.draft, other.screens)
    if isinstance(one, Submit) and isinstance(other, Submit):
        return one.submission == other.submission
    return False
