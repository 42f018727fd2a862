"""Consent to the privacy summary: a step of registration; a dialog for accounts made over HTTP (CONTRACT.md 3.13)."""

from typing import Final

from bot.dialog.events import Said, Shared
from bot.dialog.flow import Answers, Choice, Flow, InvalidInput, Step, Value
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.person import Case, Done
from core.consents import ConsentKind

AGREED: Final = "agreed"


def _only_agreed(event: Said | Shared, answers: Answers) -> Value:
    raise InvalidInput("error.consent.needed")


def consent_step(key: str = "consent") -> Step:
    """Shows what is consented to and goes on only with a yes; who does not agree cancels."""
    return Step(key, _only_agreed, choices=(Choice(AGREED, "consent.agree", ("yes", "好", "同意")),))


class _Record(Acts):
    async def finish(self, case: Case, answers: Answers, worked: None) -> Done:
        assert case.person.account_id is not None
        await case.core.consents.give(case.uow, case.person.account_id, ConsentKind.PRIVACY)
        return Done((Text("consent.done"),))


CONSENT: Final = Flow("consent", 1, (consent_step(),), _Record(), review=False)
