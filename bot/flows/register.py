"""Registration: patients and doctors by phone, doctors also by e-mail (DIALOGS.md, CONTRACT.md 2)."""

from typing import Any, Final

from bot.dialog.events import Said, Shared
from bot.dialog.flow import Answers, Choice, Flow, Kind, Step, Value
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.consent import consent_step
from bot.flows.inputs import birth_date_step, email_step, parse_phone, refusal, sex_step, show_phone, typed
from bot.person import Case, Done
from core.core import Core
from core.errors import InvalidValue
from core.values import Age, BirthDate, Email, Password, PersonName, Phone, Role, Sex, Username

_BY_EMAIL: Final = "doctor_by_email"
_ROLES: Final = (
    Choice("patient", "role.patient", ("病人", "patient")),
    Choice("doctor", "role.doctor", ("醫生", "医师", "醫師", "doctor")),
    Choice(_BY_EMAIL, "role.doctor_by_email"),
)


def _by_email(answers: Answers) -> bool:
    return answers.get("role") == _BY_EMAIL


def _by_phone(answers: Answers) -> bool:
    return not _by_email(answers)


async def _phone_is_free(case: Case, value: Value, answers: Answers) -> None:
    await case.core.accounts.check_phone_free(
        case.uow, Role(answers["role"]), Phone.parse(value["number"]), verified_by_contact=value["verified"]
    )


async def _email_is_free(case: Case, value: Value, _answers: Answers) -> None:
    await case.core.accounts.check_email_free(case.uow, Email.parse(value))


async def _username_is_free(case: Case, value: Value, _answers: Answers) -> None:
    await case.core.accounts.check_username_free(case.uow, Username.parse(value))


def _parse_password(event: Said | Shared, answers: Answers) -> Password:
    assert isinstance(event, Said)
    own = [answers.get("name"), answers.get("username"), (answers.get("phone") or {}).get("number")]
    own += [(answers.get(key) or "").partition("@")[0] for key in ("email", "login_email")]
    try:
        return Password.parse(event.text, own=[word for word in own if word])
    except InvalidValue as problem:
        raise refusal(problem) from None


class _Register(Acts):
    async def begin(self, case: Case, answers: Answers, secret: Password) -> Password:
        """Refuses the sixth registration of a day before any hash is made (SECURITY.md Login)."""
        await case.core.accounts.check_may_register(case.uow, case.person.id)
        return secret

    async def work(self, core: Core, begun: Password) -> Any:
        return await core.passwords.hash(begun)

    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        accounts = case.core.accounts
        if _by_email(answers):
            account = await accounts.register_by_email(
                case.uow,
                username=Username.parse(answers["username"]),
                email=Email.parse(answers["login_email"]),
                sex=Sex.parse(answers["sex_required"]),
                age=Age.parse(answers["age"]),
                password_hash=worked,
                telegram_user_id=case.person.id,
            )
        else:
            phone = answers["phone"]
            account = await accounts.register_by_phone(
                case.uow,
                role=Role(answers["role"]),
                phone=Phone.parse(phone["number"]),
                phone_verified=phone["verified"],
                name=PersonName.parse(answers["name"]),
                email=_optional(Email, answers["email"]),
                sex=_optional(Sex, answers["sex"]),
                birth_date=_optional(BirthDate, answers["birth_date"]),
                password_hash=worked,
                telegram_user_id=case.person.id,
            )
        await case.core.sessions.open_in_bot(case.uow, account, case.person.id)
        return Done((Text.of("register.done", number=account.number),))


def _optional(kind: Any, value: str | None) -> Any:
    return None if value is None else kind.parse(value)


REGISTER: Final = Flow(
    "register",
    1,
    (
        Step("role", choices=_ROLES),
        consent_step(),
        Step("phone", parse_phone, kind=Kind.CONTACT, when=_by_phone, check=_phone_is_free, shown=show_phone),
        Step("name", typed(PersonName.parse), when=_by_phone),
        email_step("email", when=_by_phone, optional=True, check=_email_is_free),
        sex_step("sex", when=_by_phone, optional=True),
        birth_date_step("birth_date", when=_by_phone, optional=True),
        Step("username", typed(Username.parse), when=_by_email, check=_username_is_free),
        email_step("login_email", when=_by_email, field="email", check=_email_is_free),
        sex_step("sex_required", when=_by_email, field="sex"),
        Step("age", typed(Age.parse), when=_by_email),
        Step("password", _parse_password, secret=True),
    ),
    _Register(),
)
