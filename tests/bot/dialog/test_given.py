"""A dialog about something that is settled when it is opened: it stands in the review, and nothing changes it."""

from bot.dialog.flow import REVIEW, Flow, Step
from tests.bot.dialog.test_engine import ENGINE, NAME, Story

ABOUT = Step("about", given=True)
NAMING = Flow("naming", 1, (ABOUT, NAME), submit="does it")
ONLY_SURE = Flow("sure", 1, (ABOUT,), submit="does it")


class Given(Story):
    """The dialog about Tom's cat, opened with what came with the command."""

    def __init__(self, flow: Flow = NAMING, **answers: str) -> None:
        super().__init__(flow)
        self.outcome = ENGINE.begin(flow, self.now, answers={"about": "cat", **answers})
        self.draft = self._draft()


def test_it_is_never_asked_and_goes_with_what_is_submitted() -> None:
    story = Given()
    assert (story.draft.step, story.progress) == ("name", (1, 2))
    submission = story.say("Tom").press("next").outcome.submission
    assert submission is not None
    assert submission.answers == {"about": "cat", "name": "Tom"}


def test_what_came_with_the_command_is_not_asked_again_and_can_be_changed() -> None:
    story = Given(name="Tom")
    assert story.draft.step == REVIEW
    assert [line.params["value"] for line in story.lines if line.key == "review.line"] == ["cat", "Tom"]
    assert story.press("change", "name").say("Tim").draft.answers["name"] == "Tim"


def test_no_forged_button_opens_it() -> None:
    story = Given(name="Tom").press("change", "about")
    assert story.outcome.stale
    assert story.draft.step == REVIEW


def test_starting_over_is_about_the_same() -> None:
    story = Given(name="Tom").press("over")
    assert (story.draft.step, story.draft.answers) == ("name", {"about": "cat"})


def test_with_nothing_else_to_ask_there_is_no_way_back() -> None:
    story = Given(ONLY_SURE)
    assert (story.draft.step, story.progress, story.actions) == (REVIEW, (1, 1), {"next", "cancel"})
    assert story.press("back").outcome.stale
