"""Changing the password: the present one, the new one (DIALOGS.md, TOKENS T25)."""

from typing import Final

from bot.dialog.flow import Answers, Flow, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import parse_new_password
from bot.flows.proof import proof_step
from bot.person import Case, Done
from core.core import Core
from core.password_changes import PasswordChange
from core.passwords import PasswordHash
from core.values import Password


class _ChangePassword(Acts):
    async def begin(self, case: Case, answers: Answers, secret: Password) -> PasswordChange:
        assert case.person.signed is not None  # a draft is closed with the login it belongs to
        return await case.core.password_changes.begin(case.uow, case.person.signed, secret)

    async def work(self, core: Core, begun: PasswordChange) -> PasswordHash:
        return await begun.hash()

    async def finish(self, case: Case, answers: Answers, worked: PasswordHash) -> Done:
        assert case.person.signed is not None
        await case.core.password_changes.finish(case.uow, case.person.signed, worked)
        return Done((Text("password.changed"),))


PASSWORD: Final = Flow(
    "password",
    1,
    (proof_step(), Step("password", parse_new_password, secret=True, ask="ask.new_password")),
    _ChangePassword(),
    review=False,
)
