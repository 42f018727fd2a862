"""The engine by itself: a small flow, and what follows from each thing a person may do in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.dialog.draft import Draft
from bot.dialog.engine import Engine
from bot.dialog.events import Answer, Other, Pressed, Said, Sent, Shared
from bot.dialog.flow import Answers, Choice, Flow, FlowError, InvalidInput, Kind, Step, Value
from bot.dialog.outcome import Outcome
from bot.dialog.view import Text

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def short_word(event: Said | Shared, _answers: Answers) -> Value:
    if isinstance(event, Shared):
        return {"shared": event.phone}
    if len(event.text) > 5:
        raise InvalidInput("too_long", max=5)
    return event.text


PET = Step("pet", choices=(Choice("cat", "label.cat", ("kitty",)), Choice("dog", "label.dog")))
NAME = Step("name", short_word)
TRICK = Step("trick", short_word, when=lambda answers: answers.get("pet") == "dog")
NUMBER = Step("number", short_word, kind=Kind.CONTACT)
NOTE = Step("note", short_word, optional=True)
SECRET = Step("secret", short_word, secret=True)
FLOW = Flow("pets", 1, (PET, NAME, TRICK, NUMBER, NOTE, SECRET), submit=None)
ENGINE = Engine(timedelta(minutes=15), lambda key: frozenset({key.removeprefix("label.")}))


class Story:
    """A dialog that is walked through."""

    def __init__(self, flow: Flow = FLOW, now: datetime = NOW) -> None:
        self.flow, self.now = flow, now
        self.outcome: Outcome = ENGINE.begin(flow, now)
        self.draft = self._draft()

    def say(self, text: str, *, formatted: bool = False) -> "Story":
        return self.do(Said(text, 7, formatted))

    def press(self, action: str, arg: str = "") -> "Story":
        return self.do(Pressed(self.flow.name, 1, action, arg, 1, "q"))

    def do(self, event: Answer) -> "Story":
        self.outcome = ENGINE.advance(self.flow, self.draft, event, self.now)
        self.draft = self._draft()
        return self

    def wait(self, **time: int) -> "Story":
        self.now += timedelta(**time)
        return self

    def _draft(self) -> Draft:
        if self.outcome.draft is None:
            return self.draft
        return self.outcome.draft

    @property
    def keys(self) -> list[str]:
        return [line.key for line in self.lines]

    @property
    def lines(self) -> list[Text]:
        shown = self.outcome.screens[-1].paragraphs
        return [line for each in shown for line in (each if isinstance(each, tuple) else (each,))]

    @property
    def progress(self) -> tuple[object, object]:
        line = next(line for line in self.lines if "number" in line.params)
        return line.params["number"], line.params["total"]

    @property
    def actions(self) -> set[str]:
        screen = self.outcome.screens[-1]
        rows = screen.keyboard.buttons if screen.keyboard else screen.buttons
        return {button.action for row in rows for button in row}


def at_review() -> Story:
    return Story().press("pick", "0").say("Tom").say("1").press("skip")


def at_secret() -> Story:
    return at_review().press("next")


def test_it_begins_with_what_it_does_and_how_many_steps() -> None:
    story = Story()
    assert story.keys == ["intro.pets", "progress"]
    assert story.lines[0].params["total"] == 6
    assert story.progress == (1, 6)


def test_a_choice_is_taken_by_button_number_label_or_alias() -> None:
    for typed in ("1", "１", " Cat ", "kitty"):
        assert Story().say(typed).draft.answers == {"pet": "cat"}
    assert Story().press("pick", "1").draft.answers == {"pet": "dog"}


def test_steps_that_apply_later_are_counted_anew() -> None:
    assert Story().press("pick", "0").progress == (2, 6)
    assert Story().press("pick", "1").progress == (2, 7)


def test_there_is_no_way_back_from_the_first_step() -> None:
    assert "back" not in Story().actions
    assert Story().press("back").outcome.stale


def test_back_shows_the_earlier_answer_and_can_keep_it() -> None:
    story = Story().press("pick", "0").say("Tom").press("back")
    assert story.draft.step == "name"
    assert "earlier" in story.keys
    assert story.press("keep").draft.step == "number"
    assert story.draft.answers["name"] == "Tom"


def test_only_an_optional_step_can_be_skipped() -> None:
    assert Story().press("pick", "0").press("skip").outcome.stale
    assert at_review().draft.answers["note"] is None


def test_a_button_the_screen_did_not_offer_changes_nothing() -> None:
    story = Story()
    for action, arg in (
        ("next", ""),
        ("change", "name"),
        ("keep", ""),
        ("pick", "0000000009"),
        ("pick", "-1"),
        ("x", ""),
    ):
        assert story.press(action, arg).outcome.stale
        assert story.draft.step == "pet"


def test_help_grows_with_each_wrong_answer_and_nothing_is_lost() -> None:
    story = Story().press("pick", "0")
    assert story.say("too long a name").keys[:2] == ["too_long", "progress"]
    assert story.say("too long a name").keys[:2] == ["too_long", "help.name"]
    assert story.say("too long a name").keys[:3] == ["too_long", "help.name", "help.person"]
    assert story.draft.answers == {"pet": "cat"}
    assert {"back", "cancel"} <= story.actions


@pytest.mark.parametrize("kind", list(Other))
def test_each_other_kind_of_message_gets_its_own_sentence(kind: Other) -> None:
    assert Story().do(Sent(kind)).keys[0] == f"wrong.{kind}"


def test_a_contact_is_taken_only_where_one_is_asked_for() -> None:
    assert Story().do(Shared("1", own=True)).keys[0] == "wrong.contact"
    story = Story().press("pick", "0").say("Tom").do(Shared("1", own=True))
    assert story.draft.answers["number"] == {"shared": "1"}


def test_what_was_taken_of_a_contact_is_said_in_a_message_of_its_own() -> None:
    story = Story().press("pick", "0").say("Tom")
    assert story.outcome.screens[-1].keyboard
    story.say("1")
    first, second = story.outcome.screens
    assert first.paragraphs == (Text.of("keyboard.taken", value="1"),)
    assert second.buttons


def test_the_review_lists_every_answer_with_a_button_to_change_it() -> None:
    story = at_review()
    assert story.keys.count("review.line") == 4
    assert {"change", "next", "back", "cancel"} == story.actions


def test_a_change_returns_to_the_review() -> None:
    story = at_review().press("change", "name")
    assert story.draft.step == "name"
    assert story.say("Kim").draft.step == "review"
    assert story.draft.answers["name"] == "Kim"


def test_a_change_that_asks_for_more_asks_it_before_the_review() -> None:
    story = at_review().press("change", "pet").press("pick", "1")
    assert story.draft.step == "trick"
    assert story.say("sit").draft.step == "review"


def test_an_answer_that_falls_away_is_kept_but_never_submitted() -> None:
    story = Story().press("pick", "1").say("Rex").say("sit").say("1").press("skip").press("change", "pet")
    story.press("pick", "0").press("next").say("s3cr")
    assert story.outcome.submission is not None
    assert "trick" not in story.outcome.submission.answers
    assert story.draft.answers["trick"] == "sit"


def test_questions_that_a_change_has_opened_cannot_be_passed_over() -> None:
    story = at_review().press("change", "pet").press("pick", "1")
    assert story.draft.step == "trick"
    assert story.press("back").draft.step != "review"
    story.draft = replace(story.draft, step="review", editing=False)
    assert story.press("next").draft.step == "trick"
    assert story.say("sit").draft.step == "review"


def test_starting_over_still_leads_to_where_the_person_was_going() -> None:
    story = Story()
    story.draft = replace(story.draft, then="me", then_for=3)
    assert (story.press("over").draft.then, story.draft.then_for) == ("me", 3)


def test_back_from_a_change_is_the_review() -> None:
    assert at_review().press("change", "name").press("back").draft.step == "review"


def test_an_optional_answer_can_be_erased_in_a_change() -> None:
    story = Story().press("pick", "0").say("Tom").say("1").say("fat").press("change", "note")
    assert {"keep", "erase"} <= story.actions
    assert story.press("erase").draft.answers["note"] is None


def test_the_password_submits_and_is_kept_nowhere() -> None:
    story = at_secret().say("s3cr")
    submission = story.outcome.submission
    assert submission is not None
    assert submission.secret == "s3cr"
    assert story.outcome.forget == (7,)
    assert "s3cr" not in str(story.draft.to_json())


def test_a_refused_password_is_deleted_too() -> None:
    story = at_secret().say("far too long")
    assert story.outcome.forget == (7,)
    assert story.keys[0] == "too_long"


def test_a_password_that_telegram_formatted_is_asked_for_again() -> None:
    story = at_secret().say("s3cr", formatted=True)
    assert story.outcome.submission is None
    assert story.outcome.forget == (7,)
    assert story.keys[0] == "password.formatted"


def test_a_password_step_lapses_after_fifteen_minutes() -> None:
    story = at_secret().wait(minutes=15).say("s3cr")
    assert story.outcome.submission is None
    assert story.outcome.forget == (7,)
    assert story.draft.step == "review"


def test_a_late_answer_that_fits_is_taken_and_shown() -> None:
    story = Story().press("pick", "0").wait(minutes=15).say("Tom")
    assert story.draft.answers["name"] == "Tom"
    assert story.keys[0] == "late.taken"


def test_a_late_answer_that_does_not_fit_is_offered_to_go_on_or_start_over() -> None:
    story = Story().press("pick", "0").wait(minutes=15).say("too long a name")
    assert {"go", "over", "cancel"} == story.actions
    assert story.draft.asking == "offer"
    assert story.press("go").draft.step == "name"
    assert not story.draft.asking
    assert story.press("over").draft.answers == {}


def test_just_before_fifteen_minutes_nothing_is_late() -> None:
    story = Story().press("pick", "0").wait(minutes=14, seconds=59).say("Tom")
    assert story.keys[0] != "late.taken"


def test_cancel_closes_the_dialog() -> None:
    story = at_secret().press("cancel")
    assert story.outcome.closed
    assert story.outcome.draft is None


def test_a_draft_survives_being_kept() -> None:
    draft = replace(at_review().draft, then="me", then_for=3)
    assert Draft.from_json(draft.to_json()) == draft


def test_a_new_version_keeps_the_answers_that_still_fit() -> None:
    draft = at_review().draft
    newer = Flow("pets", 2, (PET, replace(NAME, parse=only_digits), NUMBER, NOTE, SECRET), submit=None)
    updated, changed = ENGINE.update(newer, draft)
    assert changed
    assert updated.answers == {"pet": "cat", "number": "1", "note": None}
    assert updated.step == "name"


def test_the_same_version_is_left_alone() -> None:
    draft = at_review().draft
    assert ENGINE.update(FLOW, draft) == (draft, False)


def test_a_refusal_of_core_goes_back_to_the_step_it_is_about() -> None:
    outcome = ENGINE.refuse(FLOW, at_secret().draft, Text("number.taken"), step="number")
    assert outcome.draft is not None
    assert outcome.draft.step == "number"
    after = ENGINE.advance(FLOW, outcome.draft, Said("2", 8), NOW)
    assert after.draft is not None
    assert after.draft.step == "review"


@pytest.mark.parametrize(
    "steps",
    [(), (NAME, NAME), (SECRET, NAME), (replace(NAME, key="review"),)],
    ids=["none", "double", "password not last", "named review"],
)
def test_a_flow_that_is_declared_wrongly_is_refused_at_once(steps: tuple[Step, ...]) -> None:
    with pytest.raises(FlowError):
        Flow("wrong", 1, steps, submit=None)


def test_a_step_without_parser_or_choices_is_refused_at_once() -> None:
    with pytest.raises(FlowError):
        Step("nothing")


def only_digits(event: Said | Shared, _answers: Answers) -> Value:
    if isinstance(event, Said) and event.text.isdigit():
        return event.text
    raise InvalidInput("not_digits")


WORD = Flow("words.one", 1, (NOTE,), submit=None, home=("words", "at.note"))


def edit(present: Value, flow: Flow = WORD) -> Story:
    story = Story(flow)
    story.outcome = ENGINE.begin(flow, NOW, {flow.steps[0].key: present})
    story.draft = story._draft()
    return story


def test_what_stands_is_shown_with_keep_and_erase_apart_from_skip() -> None:
    assert edit("old").actions == {"keep", "erase", "back", "cancel"}
    assert "present" in edit("old").keys
    assert edit(None).actions == {"skip", "back", "cancel"}


@pytest.mark.parametrize(("present", "action"), [("old", "keep"), (None, "skip"), ("old", "back"), ("old", "skip")])
def test_to_leave_what_stands_leads_home_with_nothing_to_submit(present: Value, action: str) -> None:
    outcome = edit(present).press(action).outcome
    assert outcome.home
    assert outcome.draft is None
    assert outcome.submission is None


def test_to_erase_is_confirmed_before_it_is_done() -> None:
    story = edit("old").press("erase")
    assert story.draft.step == "review"
    submission = story.press("next").outcome.submission
    assert submission is not None
    assert submission.answers == {"note": None}


def test_an_answer_that_was_given_anew_is_kept_and_not_what_stood() -> None:
    story = edit("old").say("new").press("back")
    assert "earlier" in story.keys
    submission = story.press("keep").press("next").outcome.submission
    assert submission is not None
    assert submission.answers == {"note": "new"}


def test_start_over_shows_again_what_stands() -> None:
    story = edit("old").say("new").wait(minutes=16).say("later")
    assert story.actions == {"go", "over", "cancel"}
    assert "present" in story.press("over").keys


async def _nothing(_case: object, _typed: str, _page: int) -> tuple[list[Value], bool]:
    return [], False


TOWN = Flow("town", 1, (Step("town", search=_nothing, optional=True),), submit=None)
TOWNS = [f"town {number}" for number in range(1, 9)]


def searched(story: Story, options: list[Value], *, more: bool = False) -> Story:
    """The search that the last event asked for has found this."""
    assert story.outcome.searching is not None
    story.outcome = ENGINE.found(story.flow, story.draft, story.outcome.searching, options, more=more)
    story.draft = story._draft()
    return story


@pytest.mark.parametrize("pick", [Pressed("town", 1, "pick", "1", 1, "q"), Said("２", 7)])
def test_what_was_found_is_picked_by_button_or_number(pick: Answer) -> None:
    story = searched(Story(TOWN).say("tow"), TOWNS).do(pick)
    assert story.draft.answers == {"town": "town 2"}
    assert story.draft.found is None


def test_a_page_is_looked_for_again_and_a_number_that_is_not_there_is_a_search() -> None:
    story = searched(Story(TOWN).say("tow"), TOWNS, more=True)
    assert {"pick", "page", "missing"} <= story.actions
    asked = story.press("page", "1").outcome.searching
    assert asked is not None
    assert (asked.typed, asked.page) == ("tow", 1)
    asked = story.say("9").outcome.searching
    assert asked is not None
    assert asked.typed == "9"


@pytest.mark.parametrize("arg", ["", "8", "-1", "²", "99999999999", "x"])
def test_a_forged_pick_or_page_changes_nothing(arg: str) -> None:
    story = searched(Story(TOWN).say("tow"), TOWNS)
    assert story.press("pick", arg).outcome.stale
    if not arg.isascii() or not arg.isdigit() or len(arg) > 5:
        assert story.press("page", arg).outcome.stale


def test_nothing_found_says_so_and_the_help_grows() -> None:
    story = searched(searched(Story(TOWN).say("x"), []).say("y"), [])
    assert story.keys[:2] == ["search.none", "help.town"]
    assert story.actions == {"missing", "skip", "cancel"}
