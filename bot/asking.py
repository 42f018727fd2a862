"""What a dialog asks of core before its last act: whether an answer can be, and what there is to pick from."""

from bot import acts
from bot.dialog.draft import Draft
from bot.dialog.engine import Engine
from bot.dialog.flow import Flow
from bot.dialog.outcome import Checking, Outcome
from bot.dialog.search import Searching
from bot.person import Ask, Case, Reply
from core.errors import CoreError


def reply(outcome: Outcome) -> Reply:
    """What an outcome of the engine shows."""
    return Reply(outcome.screens, outcome.draft, forget=outcome.forget, edit=outcome.edit)


def checks_of(flow: Flow, draft: Draft) -> tuple[Checking, ...]:
    """Every answer that core must agree to."""
    steps = (flow.step(key) for key in flow.path(draft.answers) if draft.answers.get(key) is not None)
    return tuple(Checking(step, draft.answers[step.key]) for step in steps if step.check)


def checked(engine: Engine, flow: Flow, checks: tuple[Checking, ...], outcome: Outcome, draft: Draft) -> Ask:
    """The outcome, if core agrees to the answers; else what it refuses, at that answer's question.

    `draft` is the dialog as it was before.
    """

    async def act(case: Case) -> Reply:
        for checking in checks:
            assert checking.step.check is not None
            try:
                await checking.step.check(case, checking.value, draft.answers)
            except CoreError as problem:
                return reply(engine.refuse(flow, draft, acts.sentence(problem), step=checking.step.key))
        return reply(outcome)

    return Ask(act, writes=False)


def searched(engine: Engine, flow: Flow, draft: Draft, searching: Searching) -> Ask:
    """The question again, with a page of what was found for it."""

    async def act(case: Case) -> Reply:
        assert searching.step.search is not None
        options, more = await searching.step.search(case, searching.typed, searching.page)
        return reply(engine.found(flow, draft, searching, options, more=more))

    return Ask(act, writes=False)
