"""Telling one's medical history: health data, behind a consent of its own (DIALOGS.md edit profile, CONTRACT.md 1)."""

from typing import Any, Final

from bot.dialog.flow import TIDY, Answers, Choice, Flow, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.consent import consent_step
from bot.flows.inputs import free_text
from bot.person import Case, Done
from core.consents import ConsentKind
from core.profile_values import MedicalHistory
from core.profiles import Field

_CONSENT: Final = "health_consent"
_HISTORY: Final = Field.MEDICAL_HISTORY.value


class _Save(Acts):
    """Records the consent, if it was asked for, and writes the history."""

    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        signed = case.person.signed
        assert signed is not None  # the draft is closed when its account is logged out
        await case.core.sessions.check_living(case.uow, signed)
        if _CONSENT in answers:
            await case.core.consents.give(case.uow, signed.account_id, ConsentKind.HEALTH)
        history = MedicalHistory.parse(answers[_HISTORY])
        await case.core.profiles.change(case.uow, signed, signed.role, {Field.MEDICAL_HISTORY: history})
        return Done((Text("profile.saved"),))


_STEPS: Final = (
    Step(_HISTORY, free_text(MedicalHistory.parse), long=True),
    Step(TIDY, choices=(Choice(True, "tidy.delete"), Choice(False, "tidy.leave"))),
)
_HOME: Final = ("profile", f"at.{_HISTORY}")

WRITE: Final = Flow("profile.history", 1, _STEPS, _Save(), review=False, home=_HOME)
CONSENT_AND_WRITE: Final = Flow(
    "profile.history_first", 1, (consent_step(_CONSENT), *_STEPS), _Save(), review=False, home=_HOME
)
FLOWS: Final = (WRITE, CONSENT_AND_WRITE)
