"""Whatever happens in a dialog, in whatever order: it never raises, never sticks, never submits what is not there."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialog.draft import Draft
from bot.dialog.engine import Engine
from bot.dialog.events import Answer, File, Other, Pressed, Said, Sent, Shared
from bot.dialog.flow import REVIEW
from bot.dialog.view import Text
from bot.flows import FLOWS
from bot.preview.samples import FOUND, KEPT
from bot.preview.samples import given as given_of
from bot.preview.samples import stands as what_stands
from bot.texts import Catalogue
from tests.bot.dialog.test_engine import NOW

ENGINE = Engine(
    timedelta(minutes=15),
    Catalogue(ZoneInfo("UTC"), {"clinic": "c", "contact": "c", "privacy_url": "u"}).labels,
)
ACTIONS = (
    "pick",
    "skip",
    "erase",
    "keep",
    "back",
    "change",
    "next",
    "go",
    "over",
    "cancel",
    "page",
    "missing",
    "done",
    "anew",
    "nonsense",
)
KEYS = sorted({step.key for flow in FLOWS.values() for step in flow.steps} | {REVIEW, "9", "0", "1", "2", ""})

presses = st.builds(
    lambda action, arg: Pressed("any", 1, action, arg, 1, "q"), st.sampled_from(ACTIONS), st.sampled_from(KEYS)
)
texts = st.sampled_from(
    [
        "1",
        "2",
        "3",
        "13812345678",
        "王小明",
        "a@example.com",
        "1990-01-31",
        "dr_wang",
        "35",
        "correct horse",
        "",
        "x" * 99,
    ]
)
photos = st.builds(
    lambda number, album: Sent(Other.PHOTO, number, File("file", 1000, album)),
    st.integers(1, 9),
    st.sampled_from(["", "one album", "another"]),
)
events: st.SearchStrategy[Answer] = st.one_of(
    presses,
    presses,
    st.builds(lambda text, formatted: Said(text, 1, formatted), texts, st.booleans()),
    st.builds(Shared, st.just("13812345678"), st.booleans()),
    st.builds(Sent, st.sampled_from(list(Other))),
    photos,
    photos,
)
minutes = st.sampled_from([0, 0, 0, 1, 9, 16])


@settings(max_examples=300)
@given(
    name=st.sampled_from(sorted(FLOWS)), script=st.lists(st.tuples(events, minutes), max_size=40), stands=st.booleans()
)
def test_no_sequence_of_events_breaks_a_dialog(name: str, script: list[tuple[Answer, int]], stands: bool) -> None:
    flow, now = FLOWS[name], NOW
    present = {step.key: what_stands(step) if stands else None for step in flow.steps} if flow.home else None
    settled = given_of(flow)
    draft: Draft | None = ENGINE.begin(flow, now, present, settled).draft
    for event, passed in script:
        assert draft is not None
        now += timedelta(minutes=passed)
        outcome = ENGINE.advance(flow, draft, event, now)
        if (taking := outcome.taking) and (here := outcome.draft):
            damaged = taking.event.message_id % 3 == 0
            problem = Text("error.photo.damaged")
            outcome = ENGINE.took_not(flow, here, taking, problem) if damaged else ENGINE.took(flow, here, taking, KEPT)
        if outcome.searching and outcome.draft:
            found = FOUND[outcome.searching.step.key] if stands else []
            outcome = ENGINE.found(flow, outcome.draft, outcome.searching, found, more=stands)
        if outcome.submission:
            assert settled.items() <= outcome.submission.answers.items()
            path = flow.path(outcome.submission.answers)
            assert outcome.draft is not None
            proving = flow.proof is not None and outcome.draft.step == flow.proof.key
            asked = [key for key in path if key != REVIEW and not flow.step(key).secret]
            assert proving or all(key in outcome.submission.answers for key in asked)
            assert (outcome.submission.secret is not None) == flow.is_secret(outcome.draft.step)
            if flow.proof and outcome.draft.step != flow.proof.key:
                assert datetime.fromisoformat(outcome.submission.answers[flow.proof.key]) > now
            elif flow.proof:
                outcome = ENGINE.proved(flow, outcome.draft, now + timedelta(minutes=10))
        elif outcome.home:
            assert flow.home
            return
        else:
            assert 1 <= len(outcome.screens) <= 2
        if outcome.draft is None:
            return
        draft = outcome.draft
        assert draft.step in flow.path(draft.answers)
        assert Draft.from_json(draft.to_json()) == draft
