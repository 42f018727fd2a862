"""Goes through every dialog, question by question, down every branch, with the sample answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.dialog.draft import Draft
from bot.dialog.engine import Engine
from bot.dialog.events import Answer
from bot.dialog.flow import REVIEW, Flow, Step
from bot.dialog.outcome import Outcome
from bot.dialog.view import Screen
from bot.preview.samples import FOUND, KEPT, NOW, given, pressed, stands, ways_on

PROOF_HOLDS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Stop:
    """A moment in a dialog: the draft as it is kept, and what the person was shown when they came here."""

    flow: Flow
    draft: Draft
    screens: tuple[Screen, ...]

    @property
    def step(self) -> Step | None:
        """The pending question; None at the review."""
        return None if self.draft.step == REVIEW else self.flow.step(self.draft.step)

    @property
    def name(self) -> str:
        """Where that is, for whoever reads a failed test or the preview."""
        path = self.flow.path(self.draft.answers)
        changing = ", what stands" if any(self.draft.present.values()) else ""
        return f"{self.flow.name} {path.index(self.draft.step) + 1}/{len(path)} {self.draft.step}{changing}"


def stops(engine: Engine, flow: Flow) -> list[Stop]:
    """Every question of a dialog once for each path that leads through it; raises NoSampleError for an unknown one.

    Where the dialog changes something, it is walked with and without something standing.
    """
    starts = [dict.fromkeys(step.key for step in flow.steps)] if flow.home else [{}]
    if flow.home:
        starts.append({step.key: stands(step) for step in flow.steps if not (step.secret or step.given)})
    found: list[Stop] = []
    for present in starts:
        begun = engine.begin(flow, NOW, present, given(flow))
        found += _onward(engine, flow, begun, set())
    return found


def after(engine: Engine, flow: Flow, draft: Draft, event: Answer, now: datetime = NOW) -> Outcome:
    """What follows an event when core agrees to every answer and finds what is searched for."""
    outcome = engine.advance(flow, draft, event, now)
    if outcome.searching and outcome.draft:
        options = FOUND[outcome.searching.step.key]
        return engine.found(flow, outcome.draft, outcome.searching, options, more=True)
    if outcome.taking and outcome.draft:
        return engine.took(flow, outcome.draft, outcome.taking, KEPT)
    if outcome.submission and outcome.draft and flow.proof and outcome.draft.step == flow.proof.key:
        return engine.proved(flow, outcome.draft, now + PROOF_HOLDS)
    return outcome


def ways(stop: Stop) -> Iterator[tuple[Answer, ...]]:
    """What leads on from here."""
    if stop.step is None:
        yield (pressed(stop.flow, "next"),)
    else:
        yield from ways_on(stop.flow, stop.step)


def _onward(engine: Engine, flow: Flow, outcome: Outcome, seen: set[tuple[str, ...]]) -> Iterator[Stop]:
    draft = outcome.draft
    if draft is None or outcome.submission or outcome.home:
        return
    here = (draft.step, *flow.path(draft.answers))
    if here in seen:
        return
    seen.add(here)
    stop = Stop(flow, draft, outcome.screens)
    yield stop
    for way in ways(stop):
        following = outcome
        for event in way:
            assert following.draft is not None
            following = after(engine, flow, following.draft, event)
        yield from _onward(engine, flow, following, seen)
