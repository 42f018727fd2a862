"""Logging in: as patient, doctor or staff; phone or e-mail; password (DIALOGS.md, CONTRACT.md 3.4)."""

from typing import Final

from bot.dialog.events import Said, Shared
from bot.dialog.flow import Answers, Choice, Flow, InvalidInput, Step, Value
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import as_typed, refusal
from bot.news import line
from bot.person import Case, Done, Refused
from core.consents import ConsentKind
from core.core import Core
from core.errors import InvalidValue
from core.login import LoggedIn, LoginAttempt, Source
from core.values import Email, Phone, Role

_ROLES: Final = (
    Choice("patient", "role.patient", ("病人", "patient")),
    Choice("doctor", "role.doctor", ("醫生", "医师", "醫師", "doctor")),
    Choice("admin", "role.admin", ("管理员", "管理員", "admin", "staff")),
)


def _parse_identifier(event: Said | Shared, _answers: Answers) -> Value:
    """A phone or an e-mail, by whether there is an @ in it; kept normalised."""
    assert isinstance(event, Said)  # the engine takes contacts only where one is asked for
    text = event.text.replace("＠", "@")
    if "@" not in text and any(char.isalpha() for char in text):
        raise InvalidInput("error.identifier.wrong_format")
    if "@" not in text:
        return _phone(text)
    try:
        return str(Email.parse(text))
    except InvalidValue as problem:
        raise refusal(problem) from None


def _phone(text: str) -> str:
    try:
        return str(Phone.parse(text))
    except InvalidValue as problem:
        raise refusal(problem) from None


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
        if not isinstance(outcome, LoggedIn):
            return Refused(Text("login.suspended" if outcome.suspended else "login.failed"))
        agreed = await case.core.consents.has(case.uow, outcome.account_id, ConsentKind.PRIVACY)
        news = await case.core.notices.unread(case.uow, outcome.account_id, case.person.id)
        told = (Text("login.news"), *map(line, news)) if news else ()
        return Done((Text("login.done"), *told), then="" if agreed else "consent")


LOGIN: Final = Flow(
    "login",
    1,
    (
        Step("role", choices=_ROLES, ask="ask.login_role", help="help.login_role"),
        Step("identifier", _parse_identifier),
        Step("password", as_typed, secret=True, ask="ask.login_password", help="help.login_password"),
    ),
    _LogIn(),
    review=False,
)
