"""Logging in: as patient, doctor or staff; phone or e-mail; password (DIALOGS.md, CONTRACT.md 3.4)."""

from dataclasses import asdict
from typing import Final

from bot.dialog.flow import Answers, Choice, Flow, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import as_typed, parse_identifier
from bot.news import unread
from bot.person import Case, Done, Refused
from core.consents import ConsentKind
from core.core import Core
from core.login import CodeNeeded, LoggedIn, LoginAttempt, LoginRefused, Source
from core.values import Email, Phone, Role

ROLES: Final = (
    Choice("patient", "role.patient", ("病人", "patient")),
    Choice("doctor", "role.doctor", ("醫生", "医师", "醫師", "doctor")),
    Choice("admin", "role.admin", ("管理员", "管理員", "admin", "staff")),
)


class _LogIn(Acts):
    async def begin(self, case: Case, answers: Answers, secret: str) -> LoginAttempt:
        """Counts the try before it is looked at, so that many at once get no more looks (SECURITY.md Login)."""
        identifier = answers["identifier"]
        return await case.core.login.begin(
            case.uow,
            role=Role(answers["role"]),
            identifier=Email.parse(identifier) if "@" in identifier else Phone.parse(identifier),
            password=secret,
            source=Source.telegram(case.person.id),
        )

    async def work(self, core: Core, begun: LoginAttempt) -> LoginAttempt:
        await begun.verify()
        return begun

    async def give_up(self, case: Case, begun: LoginAttempt) -> None:
        """Nobody looked at the password: the try does not count."""
        await case.core.login.give_up(case.uow, begun)

    async def finish(self, case: Case, answers: Answers, worked: LoginAttempt) -> Done | Refused:
        outcome = await case.core.login.finish(case.uow, worked)
        if isinstance(outcome, CodeNeeded):
            proved = {**asdict(outcome), "until": outcome.until.isoformat()}
            return Done((), then="second_factor", given={"proved": proved})
        if isinstance(outcome, LoginRefused):
            return Refused(_why(outcome))
        return await logged_in(case, outcome)


async def logged_in(case: Case, outcome: LoggedIn) -> Done:
    """Says so, with what there is to read; who has not agreed to the privacy summary is asked to next."""
    agreed = await case.core.consents.has(case.uow, outcome.account_id, ConsentKind.PRIVACY)
    told = await unread(case.core, case.uow, outcome.account_id, case.person.id)
    return Done((Text("login.done"), *told), then="" if agreed else "consent")


def _why(refused: LoginRefused) -> Text:
    if refused.suspended:
        return Text("login.suspended")
    return Text("login.second_factor_missing" if refused.second_factor_missing else "login.failed")


LOGIN: Final = Flow(
    "login",
    1,
    (
        Step("role", choices=ROLES, ask="ask.login_role", help="help.login_role"),
        Step("identifier", parse_identifier),
        Step("password", as_typed, secret=True, ask="ask.login_password", help="help.login_password"),
    ),
    _LogIn(),
    review=False,
)
