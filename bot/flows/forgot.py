"""A forgotten password: whose it is, then a new one, at once or when an admin has confirmed (SECURITY.md)."""

from typing import Any, Final

from bot import menu
from bot.acts import sentence
from bot.dialog.engine import Engine
from bot.dialog.events import Said, Shared
from bot.dialog.flow import Answers, Flow, InvalidInput, Kind, Step, Value
from bot.dialog.view import Button, Screen, Text
from bot.flows.acts import Acts
from bot.flows.inputs import parse_identifier, parse_new_password, parse_phone, typed
from bot.flows.login import ROLES
from bot.person import Case, Done, Reply
from core.consents import ConsentKind
from core.core import Core
from core.errors import AccountError
from core.password_resets import PasswordReset
from core.passwords import PasswordHash
from core.recovery import LIFE, AccountNumber, Purpose
from core.values import Email, Password, Phone, Role, Username

_AGAIN: Final = "again"


async def forgot(case: Case) -> Reply:
    """The dialog; or, where it was gone through, what has become of the request (DIALOGS rule 24)."""
    waiting = await case.core.recovery.waiting(case.uow, case.person.id)
    if waiting is None or waiting.purpose is not Purpose.PASSWORD:
        return _begun(case, FORGOT)
    if waiting.granted:
        return _begun(case, NEW_PASSWORD)
    anew = Button(Text("button.ask_anew"), "forgot", _AGAIN)
    return Reply((Screen((Text.of("forgot.waiting", until=waiting.until),), buttons=((anew,), (menu.MENU,))),))


async def pressed(case: Case, arg: str) -> Reply:
    """Asks anew; the request before stays until that is done."""
    return _begun(case, FORGOT) if arg == _AGAIN else await forgot(case)


def _begun(case: Case, flow: Flow) -> Reply:
    outcome = Engine.begin(flow, case.uow.now)
    return Reply(outcome.screens, outcome.draft)


def _parse_who(event: Said | Shared, answers: Answers) -> Value:
    """A shared contact, or a phone, e-mail, account number or, by doctors, username typed: `{"by", "value", "own"}`."""
    if isinstance(event, Shared):
        return {"by": "phone", "value": parse_phone(event, answers)["number"], "own": True}
    by, value = _typed(event, answers)
    return {"by": by, "value": value, "own": False}


def _typed(event: Said, answers: Answers) -> tuple[str, str]:
    try:
        named = parse_identifier(event, answers)
    except InvalidInput as problem:
        if problem.text.key != "error.identifier.wrong_format":
            raise
        if _is_number(event.text):
            return "number", event.text
        if answers.get("role") != "doctor":  # others have no username
            raise InvalidInput("error.who.wrong_format") from None
        return "username", typed(Username.parse)(event, answers)
    return ("email" if "@" in named else "phone"), named


def _is_number(text: str) -> bool:
    try:
        AccountNumber.parse(text)
    except AccountError:
        return False
    return True


_NAMED: Final[dict[str, Any]] = {
    "phone": Phone.parse,
    "email": Email.parse,
    "number": AccountNumber.parse,
    "username": Username.parse,
}


async def _role_can_be(case: Case, value: Value, _answers: Answers) -> None:
    case.core.recovery.check_role(Role(value))


class _Ask(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        """The same words whether there is such an account or not (CONTRACT.md 3.4)."""
        who = answers["who"]
        number = await case.core.recovery.ask(
            case.uow,
            case.person.id,
            Role(answers["role"]),
            _NAMED[who["by"]](who["value"]),
            own_contact=who["own"],
        )
        if number is None:
            return Done((Text("forgot.proved"),), then=NEW_PASSWORD.name)
        minutes = Text.of("wait.minutes", count=int(LIFE.total_seconds()) // 60)
        return Done((), apart=Text.of("forgot.number", number=number, life=minutes))


class _SetPassword(Acts):
    async def begin(self, case: Case, answers: Answers, secret: Password) -> PasswordReset | AccountError:
        try:
            return await case.core.password_resets.begin(case.uow, case.person.id, secret)
        except AccountError as problem:  # nothing in the dialog would mend it: it ends
            return problem

    async def work(self, core: Core, begun: PasswordReset | AccountError) -> tuple[PasswordReset, PasswordHash] | Any:
        return begun if isinstance(begun, AccountError) else (begun, await begun.hash())

    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        try:
            if isinstance(worked, AccountError):
                raise worked
            signed = await case.core.password_resets.finish(case.uow, *worked)
        except AccountError as problem:
            return Done((sentence(problem),))
        agreed = await case.core.consents.has(case.uow, signed.account_id, ConsentKind.PRIVACY)
        return Done((Text("new_password.done"),), then="" if agreed else "consent")


FORGOT: Final = Flow(
    "forgot",
    1,
    (
        Step("role", choices=ROLES, ask="ask.forgot_role", help="help.login_role", check=_role_can_be),
        Step("who", _parse_who, kind=Kind.CONTACT, shown=lambda value: str(value["value"])),
    ),
    _Ask(),
    review=False,
)
NEW_PASSWORD: Final = Flow(
    "new_password",
    1,
    (Step("password", parse_new_password, secret=True, ask="ask.new_password"),),
    _SetPassword(),
    review=False,
)
