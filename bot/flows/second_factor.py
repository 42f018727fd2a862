"""The code after an admin's password (SECURITY.md Second factor); the login dialog leads here."""

from datetime import datetime
from typing import Final

from bot.acts import sentence
from bot.dialog.events import Said, Shared
from bot.dialog.flow import Answers, Flow, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import refusal
from bot.flows.login import logged_in
from bot.person import Case, Done, Refused
from core.errors import InvalidValue, LoginError
from core.login import CodeNeeded, LoggedIn
from core.login_codes import LAPSED
from core.second_factors import SecondFactorCode


def _parse(event: Said | Shared, _answers: Answers) -> SecondFactorCode:
    assert isinstance(event, Said)
    try:
        return SecondFactorCode.parse(event.text)
    except InvalidValue as problem:
        raise refusal(problem) from None


class _Check(Acts):
    async def finish(self, case: Case, answers: Answers, worked: SecondFactorCode) -> Done | Refused:
        proved = answers["proved"]
        needed = CodeNeeded(**{**proved, "until": datetime.fromisoformat(proved["until"])})
        try:
            outcome = await case.core.login_codes.finish(case.uow, needed, worked, case.person.id)
        except LoginError as problem:
            if problem.code != LAPSED:
                raise
            return Done((sentence(problem),), then="login")
        if not isinstance(outcome, LoggedIn):
            return Refused(Text("login.code_wrong"))
        return await logged_in(case, outcome)


SECOND_FACTOR: Final = Flow(
    "second_factor",
    1,
    (Step("proved", given=True), Step("code", _parse, secret=True)),
    _Check(),
    review=False,
)
