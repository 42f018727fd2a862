"""Erasing one's own account: the password, then what goes and what stays (DIALOGS.md erase, SECURITY.md Privacy)."""

from typing import Any, Final

from bot.acts import sentence
from bot.dialog.engine import Engine
from bot.dialog.events import Said, Shared
from bot.dialog.flow import Answers, Choice, Flow, InvalidInput, Step, Value
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.proof import proof_step
from bot.people import signed_in
from bot.person import Case, Done, Reply
from core.errors import AccountError


async def erase(case: Case) -> Reply:
    """Opens the dialog; the last active admin reads at once why that cannot be."""
    await case.core.erasing.check_may(case.uow, signed_in(case))
    begun = Engine.begin(ERASE, case.uow.now)
    return Reply(begun.screens, begun.draft)


def _only_sure(event: Said | Shared, answers: Answers) -> Value:
    raise InvalidInput("error.erase.not_sure")


class _Erase(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        try:
            await case.core.erasing.erase(case.uow, signed_in(case))
        except AccountError as problem:  # the last admin, since the dialog was opened: nothing in it would mend that
            return Done((sentence(problem),))
        return Done((Text("erase.done"),))


ERASE: Final = Flow(
    "erase",
    1,
    (proof_step(), Step("erase", _only_sure, choices=(Choice("sure", "erase.sure"),))),
    _Erase(),
    review=False,
)
