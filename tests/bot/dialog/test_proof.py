"""A dialog that opens only to who knows the present password: the proof, how long it holds, what brings none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.dialog.draft import Draft
from bot.dialog.flow import Flow, FlowError, Step
from bot.dialog.view import Text
from bot.flows.inputs import as_typed
from tests.bot.dialog.test_engine import ENGINE, NAME, NOTE, NOW, SECRET, Story

PROOF = Step("proof", as_typed, secret=True, proves="asks core")
GUARDED = Flow("guarded", 1, (PROOF, NAME, NOTE, SECRET), submit="does it")


def proved(story: Story, **holds: int) -> Story:
    """The password that was asked for was right."""
    story.outcome = ENGINE.proved(story.flow, story.draft, story.now + timedelta(**holds or {"minutes": 10}))
    assert story.outcome.draft is not None
    story.draft = story.outcome.draft
    return story


def opened() -> Story:
    return proved(Story(GUARDED).say("old"))


def at_review() -> Story:
    return opened().say("Tom").press("skip")


def test_it_asks_for_the_present_password_first_and_core_is_asked_of_that_alone() -> None:
    story = Story(GUARDED)
    assert (story.draft.step, story.progress) == ("proof", (1, 5))
    submission = story.say("old").outcome.submission
    assert submission is not None
    assert submission.secret == "old"
    assert GUARDED.acts("proof") == "asks core"
    assert GUARDED.acts("secret") == GUARDED.acts("review") == "does it"


def test_with_the_proof_the_dialog_goes_on_and_the_password_is_kept_nowhere() -> None:
    story = opened()
    assert (story.draft.step, story.progress) == ("name", (2, 5))
    assert "old" not in str(story.draft.to_json())
    assert Draft.from_json(story.draft.to_json()) == story.draft


def test_the_proof_is_no_answer_to_be_read_or_changed() -> None:
    story = at_review()
    assert story.draft.step == "review"
    assert story.keys.count("review.line") == 2
    assert story.press("change", "proof").outcome.stale


def test_within_ten_minutes_the_last_act_is_submitted() -> None:
    story = at_review().wait(minutes=9, seconds=59).press("next").say("new")
    assert story.outcome.submission is not None
    assert story.outcome.submission.secret == "new"


def test_a_lapsed_proof_is_asked_for_again_and_nothing_else_is_lost() -> None:
    story = at_review().press("next").wait(minutes=10).say("new")
    assert story.outcome.submission is None
    assert story.outcome.forget == (7,)
    assert story.keys[:2] == ["proof.lapsed", "progress"]
    assert story.draft.step == "proof"
    proved(story.say("old"))
    assert story.draft.step == "review"
    assert story.draft.answers["name"] == "Tom"
    assert story.press("next").say("new").outcome.submission is not None


def test_a_lapsed_proof_is_asked_for_again_where_a_button_submits() -> None:
    story = proved(Story(Flow("guarded", 1, (PROOF, NAME), submit="does it")).say("old")).say("Tom")
    assert story.wait(minutes=10).press("next").keys[0] == "proof.lapsed"
    assert proved(story.say("old")).press("next").outcome.submission is not None


def test_back_to_the_proof_is_to_prove_it_again() -> None:
    story = opened().press("back")
    assert story.draft.step == "proof"
    assert "proof" not in story.draft.answers
    assert {"keep", "back"}.isdisjoint(story.actions)


@pytest.mark.parametrize("action", ["keep", "skip", "erase", "next", "back", "pick", "change"])
def test_no_button_gets_past_the_proof(action: str) -> None:
    for arg in ("", "0", "proof", "name"):
        story = Story(GUARDED).press(action, arg)
        assert story.outcome.stale
        assert story.draft.step == "proof"


def test_starting_over_asks_for_it_again() -> None:
    assert opened().press("over").draft.answers == {}


def test_a_draft_without_its_proof_submits_nothing() -> None:
    story = at_review().press("next")
    story.draft = replace(story.draft, answers={"name": "Tom", "note": None})
    assert story.say("new").keys[0] == "proof.lapsed"


def test_a_password_step_that_lapsed_leads_back_and_not_past_the_proof() -> None:
    short = Flow("short", 1, (PROOF, SECRET), submit="does it", review=False)
    story = proved(Story(short).say("old")).wait(minutes=15).say("new")
    assert story.keys[0] == "password.lapsed"
    assert story.draft.step == "proof"
    assert story.outcome.forget == (7,)


def test_a_wrong_password_asks_again() -> None:
    story = Story(GUARDED).say("guess")
    refused = ENGINE.refuse(GUARDED, story.draft, Text("proof.wrong"))
    assert refused.draft is not None
    assert (refused.draft.step, refused.draft.tries, refused.draft.answers) == ("proof", 1, {})


def test_a_new_version_of_the_dialog_keeps_the_proof() -> None:
    before = at_review().draft
    draft, _ = ENGINE.update(replace(GUARDED, version=2), before)
    assert (draft.step, draft.answers) == ("review", before.answers)


@pytest.mark.parametrize("steps", [(NAME, PROOF), (PROOF,), (PROOF, SECRET, NAME)], ids=["later", "alone", "middle"])
def test_a_proof_opens_a_dialog_and_stands_nowhere_else(steps: tuple[Step, ...]) -> None:
    with pytest.raises(FlowError):
        Flow("wrong", 1, steps, submit="does it")


def test_until_when_it_holds_is_in_the_draft() -> None:
    assert opened().draft.answers == {"proof": (NOW + timedelta(minutes=10)).isoformat()}
