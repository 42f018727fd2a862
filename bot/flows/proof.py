"""The question for the present password that opens a dialog: the first step of what is the owner's alone."""

from datetime import timedelta
from typing import Final

from bot.dialog.flow import Answers, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import as_typed
from bot.person import Case, Done, Refused
from core.core import Core
from core.login import LoginAttempt

LIFE: Final = timedelta(minutes=10)
"""So long a proof holds (DIALOGS.md)."""


class Prove(Acts):
    """Checks the present password of who is signed in; tries count as a login's."""

    async def begin(self, case: Case, answers: Answers, secret: str) -> LoginAttempt:
        """Counts the try as a login's, before it is looked at (SECURITY.md Login)."""
        assert case.person.signed is not None  # a draft is closed with the login it belongs to
        return await case.core.login.begin_proof(case.uow, case.person.signed, secret)

    async def work(self, core: Core, begun: LoginAttempt) -> LoginAttempt:
        await begun.verify()
        return begun

    async def give_up(self, case: Case, begun: LoginAttempt) -> None:
        """Nobody looked at the password: the try does not count."""
        await case.core.login.give_up(case.uow, begun)

    async def finish(self, case: Case, answers: Answers, worked: LoginAttempt) -> Done | Refused:
        assert case.person.signed is not None
        if not await case.core.login.finish_proof(case.uow, case.person.signed, worked):
            return Refused(Text("proof.wrong"))
        return Done((), proved_until=case.uow.now + LIFE)


def proof_step() -> Step:
    """Asks for the present password; the dialog goes on only when it is right."""
    return Step("proof", as_typed, secret=True, proves=Prove())
