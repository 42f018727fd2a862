"""Changing one's phone: the password, then one's own contact, or a number that an admin confirms (DIALOGS.md)."""

from typing import Any, Final

from bot.dialog.flow import Answers, Flow, Kind, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import parse_phone, show_phone
from bot.flows.proof import proof_step
from bot.person import Case, Done
from core.recovery import LIFE
from core.values import Phone


class _ChangePhone(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        signed, phone = case.person.signed, Phone.parse(answers["phone"]["number"])
        assert signed is not None  # a draft is closed with the login it belongs to
        if answers["phone"]["verified"]:
            anew = await case.core.phone_changes.by_contact(case.uow, signed, phone)
            return Done((Text.of("phone.changed" if anew else "phone.is_verified", number=phone.value),))
        number = await case.core.recovery.ask_for_phone(case.uow, signed, phone)
        life = Text.of("wait.minutes", count=int(LIFE.total_seconds()) // 60)
        return Done((), apart=Text.of("phone.number", number=number, life=life, phone=phone.value))


PHONE: Final = Flow(
    "phone",
    1,
    (
        proof_step(),
        Step("phone", parse_phone, kind=Kind.CONTACT, shown=show_phone, ask="ask.new_phone"),
    ),
    _ChangePhone(),
    review=False,
)
