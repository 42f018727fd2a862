"""`/export`: the present password, then all that is kept about oneself as a file (DIALOGS.md, SECURITY.md Privacy)."""

from typing import Final

from bot.dialog.engine import Engine
from bot.dialog.flow import Answers, Flow, Step
from bot.dialog.view import Text
from bot.flows.inputs import as_typed
from bot.flows.proof import Prove
from bot.people import signed_in
from bot.person import Case, Done, Refused, Reply
from core.login import LoginAttempt


async def export(case: Case) -> Reply:
    """Opens the dialog; while an earlier export is under way it says so."""
    await case.core.exports.check_may_ask(case.uow, signed_in(case))
    begun = Engine.begin(EXPORT, case.uow.now)
    return Reply(begun.screens, begun.draft)


class _Export(Prove):
    """The password is the last message of this dialog, too, and submits it."""

    async def finish(self, case: Case, answers: Answers, worked: LoginAttempt) -> Done | Refused:
        proved = await super().finish(case, answers, worked)
        if isinstance(proved, Refused):
            return proved
        await case.core.exports.ask(case.uow, signed_in(case))
        return Done((Text("export.begun"),))


EXPORT: Final = Flow("export", 1, (Step("proof", as_typed, secret=True),), _Export(), review=False)
