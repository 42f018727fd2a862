"""The rules of DIALOGS.md that a dialog keeps by what it asks and shows, at every moment of every dialog."""

import re
from dataclasses import replace

from bot.dialog.draft import Draft
from bot.dialog.events import Answer, Other, Said, Sent
from bot.dialog.flow import REVIEW, Flow, flow_text
from bot.person import Ask, Reply, Submit
from bot.preview.samples import wrong_answers
from bot.preview.walk import Stop, after, ways
from bot.texts import LANGUAGES, Language
from tests.bot.rules.walked import (
    ENGINE,
    actions,
    asks_as_before,
    at,
    buttons,
    decide,
    in_every_dialog,
    is_where_it_was,
    keys,
    press,
    questions,
    reply,
    stops_of,
    text,
)

EXAMPLE: dict[Language, str] = {"zh": "例如", "en": r"(?i)for example|such as"}
STICKER = Sent(Other.STICKER, 7)


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
def test_rule_14_what_ends_the_review_is_taken_by_its_label_in_any_language(flow: Flow) -> None:
    for stop in stops_of(flow):
        if stop.draft.step != REVIEW:
            continue
        by_button = decide(at(stop), press(stop, "next"))
        for typed in ENGINE.labels(flow_text("submit", flow.name).key):
            assert same(decide(at(stop), Said(typed, 7)), by_button), f"{stop.name}: {typed}"


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


def same(one: object, other: object) -> bool:
    """Whether two decisions come to the same."""
    if isinstance(one, Ask) and isinstance(other, Ask):
        return True  # functions are not compared
    if isinstance(one, Reply) and isinstance(other, Reply):
        return (one.draft, one.screens) == (other.draft, other.screens)
    if isinstance(one, Submit) and isinstance(other, Submit):
        return one.submission == other.submission
    return False
