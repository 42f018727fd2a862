"""Every dialog there is. A new one is a file in this folder and a line here."""

from itertools import product
from typing import Final

from bot.dialog.flow import Flow, FlowError
from bot.dialog.screens import TEXTS
from bot.flows import profile, review
from bot.flows.certificate import APPEAL, SEND
from bot.flows.consent import CONSENT
from bot.flows.erase import ERASE
from bot.flows.export import EXPORT
from bot.flows.forgot import FORGOT, NEW_PASSWORD
from bot.flows.login import LOGIN
from bot.flows.password import PASSWORD
from bot.flows.phone import PHONE
from bot.flows.register import REGISTER
from bot.flows.reset import RESET
from bot.flows.second_factor import SECOND_FACTOR
from bot.flows.suspend import RESTORE, SUSPEND
from bot.texts import missing


def registry(*flows: Flow) -> dict[str, Flow]:
    """The flows by name, checked.

    Raises:
        FlowError: two flows of one name, a text that a language does not have, a step that no choice leads to.
    """
    by_name = {flow.name: flow for flow in flows}
    if len(by_name) != len(flows):
        raise FlowError("two flows have the same name")
    for flow in flows:
        if lacking := missing(flow.texts() | TEXTS):
            raise FlowError(f"flow {flow.name!r} lacks texts: {', '.join(lacking)}")
        if unreached := _unreached(flow):
            raise FlowError(f"flow {flow.name!r} has steps nobody reaches: {', '.join(sorted(unreached))}")
    return by_name


def _unreached(flow: Flow) -> set[str]:
    """Steps that no combination of choices leads to."""
    choosing = [step for step in flow.steps if step.choices]
    options = [
        [*([choice.value] if step.several else choice.value for choice in step.choices), None] for step in choosing
    ]
    ways = (dict(zip((step.key for step in choosing), way, strict=True)) for way in product(*options))
    return {step.key for step in flow.steps if not step.given}.difference(*(flow.path(answers) for answers in ways))


FLOWS: Final = registry(
    REGISTER,
    LOGIN,
    SECOND_FACTOR,
    CONSENT,
    PASSWORD,
    EXPORT,
    ERASE,
    FORGOT,
    NEW_PASSWORD,
    PHONE,
    SUSPEND,
    RESTORE,
    RESET,
    SEND,
    APPEAL,
    *profile.FLOWS,
    *review.FLOWS,
)
