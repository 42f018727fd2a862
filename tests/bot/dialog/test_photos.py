"""Questions that photos answer, by the engine alone: one, several, albums in any order (DIALOGS.md certificate)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.dialog.draft import Draft
from bot.dialog.events import Answer, File, Other, Pressed, Said, Sent
from bot.dialog.flow import REVIEW, Flow, FlowError, Step
from bot.dialog.outcome import Outcome
from bot.dialog.view import Text
from tests.bot.dialog.test_engine import ENGINE, NOW, short_word

TAKES: Any = object()
SEVERAL = Flow("certificate", 1, (Step("pages", takes=TAKES, most=3), Step("name", short_word)), submit=None)
ONE = Flow("avatar", 1, (Step("face", takes=TAKES, optional=True),), submit=None, home=("profile", ""))
BLURRED = Text.of("error.photo.busy", wait=Text.of("wait.seconds", count=3))


class Story:
    """A dialog that photos are sent to; each is fetched and kept at once, or refused for `problem`."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.now = flow, NOW
        self.outcome: Outcome = ENGINE.begin(flow, NOW)
        self.taken = 0

    @property
    def draft(self) -> Draft:
        assert self.outcome.draft
        return self.outcome.draft

    def do(self, event: Answer, problem: Text | None = None) -> "Story":
        # What waits in between is kept as JSON.
        before = Draft.from_json(self.draft.to_json())
        self.outcome = ENGINE.advance(self.flow, before, event, self.now)
        if taking := self.outcome.taking:
            self.taken += 1
            photo = {"path": taking.file.file_id}
            self.outcome = (
                ENGINE.took_not(self.flow, self.draft, taking, problem)
                if problem
                else ENGINE.took(self.flow, self.draft, taking, photo)
            )
        return self

    def send(self, number: int, album: str = "", problem: Text | None = None) -> "Story":
        return self.do(Sent(Other.PHOTO, number, File(f"photo {number}", 1000, album)), problem)

    def press(self, action: str, arg: str = "") -> "Story":
        return self.do(Pressed(self.flow.name, 1, action, arg, 1, "query"))

    @property
    def keys(self) -> list[str]:
        shown = self.outcome.screens[-1].paragraphs
        return [line.key for each in shown for line in (each if isinstance(each, tuple) else (each,))]

    @property
    def paths(self) -> list[str]:
        """The photos of the answer."""
        return [photo["path"] for photo in self.draft.answers[self.flow.steps[0].key]]

    @property
    def count(self) -> object:
        line = next(
            each for each in self.outcome.screens[-1].paragraphs if isinstance(each, Text) and "so_far" in each.key
        )
        return line.params["count"]


def test_one_after_the_other_until_it_is_said_that_it_is_all() -> None:
    story = Story(SEVERAL).send(5).send(6)
    assert story.count == 2
    assert not story.outcome.edit
    story.press("done")
    assert (story.draft.step, story.paths) == ("name", ["photo 5", "photo 6"])


def test_without_a_photo_it_is_not_done() -> None:
    assert Story(SEVERAL).press("done").outcome.stale


def test_an_album_is_answered_in_one_message_and_kept_in_the_order_it_was_sent() -> None:
    story = Story(SEVERAL).send(8, "a")
    assert not story.outcome.edit
    assert story.send(7, "a").outcome.edit
    assert story.send(9, "a").outcome.edit
    assert story.press("done").paths == ["photo 7", "photo 8", "photo 9"]


def test_what_comes_after_an_album_is_answered_by_itself() -> None:
    assert not Story(SEVERAL).send(7, "a").send(8).outcome.edit


def test_more_than_there_is_room_for_is_not_even_fetched() -> None:
    story = Story(SEVERAL)
    for number in range(5):
        story.send(number, "a")
    assert story.taken == 3
    assert "photos.full" in story.keys
    assert "photos.so_far" not in story.keys  # which asks for more
    assert story.keys.count("photos.problem") == 1
    assert story.press("done").paths == ["photo 0", "photo 1", "photo 2"]


def test_of_an_album_one_is_refused_and_that_stays_said_while_the_others_come() -> None:
    story = Story(SEVERAL).send(7, "a").send(8, "a", BLURRED).send(9, "a")
    assert story.count == 2
    problem = next(
        each for each in story.outcome.screens[-1].paragraphs if isinstance(each, Text) and "problem" in each.key
    )
    assert problem.params["problem"] == BLURRED
    assert "photos.problem" not in story.send(10).keys
    assert story.press("done").paths == ["photo 7", "photo 9", "photo 10"]


def test_a_single_one_that_is_refused_is_explained_and_the_help_grows() -> None:
    story = Story(SEVERAL).send(7)
    assert story.send(8, problem=BLURRED).keys[0] == "error.photo.busy"
    assert "help.pages" in story.send(9, problem=BLURRED).keys
    assert story.count == 1
    assert story.send(10).draft.tries == 0


def test_the_slow_last_one_of_an_album_is_taken_at_the_review_too() -> None:
    flow = Flow("certificate", 1, (Step("pages", takes=TAKES, most=3),), submit=None)
    story = Story(flow).send(7, "a").send(9, "a").press("done")
    assert [picture.path for picture in story.outcome.screens[-1].pictures] == ["photo 7", "photo 9"]
    story.send(8, "a")
    assert (story.draft.step, story.paths) == (REVIEW, ["photo 7", "photo 8", "photo 9"])
    assert [picture.path for picture in story.outcome.screens[-1].pictures] == story.paths
    assert story.send(10, "b").keys[0] == "wrong.review"
    assert len(story.send(11, "a", BLURRED).paths) == 3


def test_sent_anew_is_from_none_on() -> None:
    story = Story(SEVERAL).send(7).press("anew")
    assert "photos.so_far" not in story.keys
    assert story.send(8).press("done").paths == ["photo 8"]


def test_a_change_from_the_review_adds_to_what_there_is_and_shows_all_of_it() -> None:
    flow = Flow("certificate", 1, (Step("pages", takes=TAKES, most=3),), submit=None)
    story = Story(flow).send(7).press("done").press("change", "pages")
    assert story.count == 1
    story.send(8).press("done")
    assert [picture.path for picture in story.outcome.screens[-1].pictures] == ["photo 7", "photo 8"]


def test_where_one_is_all_the_next_takes_its_place_and_an_albums_others_are_left() -> None:
    story = Story(ONE).send(7, "a").send(8, "a")
    assert (story.draft.step, story.paths) == (REVIEW, ["photo 7"])
    assert story.outcome.edit
    assert story.press("back").send(9).paths == ["photo 9"]
    assert story.draft.step == REVIEW


@pytest.mark.parametrize("event", [Said("words", 7), Sent(Other.VOICE, 7)])
def test_what_is_no_photo_gets_its_own_sentence(event: Answer) -> None:
    story = Story(SEVERAL).do(event)
    assert story.keys[0].startswith("at_photo.")
    assert story.draft.tries == 1


def test_after_a_long_pause_it_is_taken_and_said() -> None:
    story = Story(ONE)
    story.now += timedelta(minutes=20)
    assert story.send(7).keys[0] == "late.taken"


def test_photos_that_core_will_not_have_are_asked_for_anew() -> None:
    flow = Flow("certificate", 1, (Step("pages", takes=TAKES, most=3),), submit=None)
    story = Story(flow).send(7).press("done")
    refused = ENGINE.refuse(flow, story.draft, Text("error.certificate.refused_before"), step="pages")
    assert refused.draft
    assert (refused.draft.step, refused.draft.received) == ("pages", [])


def test_with_photos_a_dialog_is_not_empty() -> None:
    story = Story(SEVERAL)
    assert story.draft.is_empty
    assert not story.send(7).draft.is_empty
    assert replace(story.draft, received=[]).is_empty


def test_photos_need_a_review_that_shows_them() -> None:
    with pytest.raises(FlowError):
        Flow("certificate", 1, (Step("pages", takes=TAKES),), submit=None, review=False)
