"""The questions that several dialogs ask. Values are core's: what they forgive and refuse is decided there."""

from collections.abc import Callable
from typing import Any, Final

from bot.dialog.engine import fold
from bot.dialog.events import Said, Shared
from bot.dialog.flow import Answers, Choice, InvalidInput, Parse, Step, Value
from bot.dialog.view import Text
from bot.person import Case
from core.errors import InvalidValue
from core.values import BirthDate, Email, Password, Phone, Sex

SEXES: Final = (
    Choice("male", "sex.male"),
    Choice("female", "sex.female"),
    Choice("undisclosed", "sex.undisclosed"),
)


def typed(parse: Callable[[str], Any]) -> Parse:
    """A step's parser from a core value's: keeps the value as text, says core's refusal in the person's words."""

    def step_parse(event: Said | Shared, _answers: Answers) -> Value:
        assert isinstance(event, Said)  # the engine takes contacts only where one is asked for
        try:
            return str(parse(event.text))
        except InvalidValue as problem:
            raise refusal(problem) from None

    return step_parse


def as_typed(event: Said | Shared, _answers: Answers) -> str:
    """A password to be checked has no rules: whoever set it may have had others."""
    assert isinstance(event, Said)
    return event.text


def free_text(parse: Callable[[str], Any]) -> Parse:
    """As `typed`, for words of one's own: all such questions say what is wrong in the same way."""

    def step_parse(event: Said | Shared, answers: Answers) -> Value:
        try:
            return typed(parse)(event, answers)
        except InvalidInput as problem:
            fault = problem.text.key.rpartition(".")[2]
            raise InvalidInput(f"error.free_text.{fault}", **problem.text.params) from None

    return step_parse


def parse_identifier(event: Said | Shared, _answers: Answers) -> Value:
    """A phone or an e-mail, by whether there is an @ in it; kept normalised."""
    assert isinstance(event, Said)
    text = event.text.replace("＠", "@")
    if "@" not in text and any(char.isalpha() for char in text):
        raise InvalidInput("error.identifier.wrong_format")
    try:
        return str(Email.parse(text) if "@" in text else Phone.parse(text))
    except InvalidValue as problem:
        raise refusal(problem) from None


def parse_new_password(event: Said | Shared, _answers: Answers) -> Password:
    """The form alone: what the owner's own data is and which password they have now, core knows."""
    assert isinstance(event, Said)
    try:
        return Password.parse(event.text)
    except InvalidValue as problem:
        raise refusal(problem) from None


def refusal(problem: InvalidValue) -> InvalidInput:
    """Core's refusal of a value as the dialog's."""
    return InvalidInput(f"error.{problem.code}", **problem.params)


def parse_phone(event: Said | Shared, _answers: Answers) -> Value:
    """A number typed, or one's own contact shared; only the latter is verified (DIALOGS.md).

    The answer is `{"number": …, "verified": bool}`.
    """
    if isinstance(event, Shared) and not event.own:
        raise InvalidInput("error.phone.not_own_contact")
    if isinstance(event, Shared) and event.forwarded:
        raise InvalidInput("error.phone.forwarded_contact")
    try:
        phone = Phone.parse(event.phone if isinstance(event, Shared) else event.text)
    except InvalidValue as problem:
        raise refusal(problem) from None
    return {"number": str(phone), "verified": isinstance(event, Shared)}


def show_phone(value: Value) -> Text:
    """The number, and whether it is verified."""
    return Text.of("phone.verified" if value["verified"] else "phone.unverified", number=value["number"])


def parse_sex(event: Said | Shared, answers: Answers) -> Value:
    """One of three, by the words that core knows (DIALOGS rule 14); a number is the option's, not the wire's."""
    if isinstance(event, Said) and fold(event.text).isdigit():
        raise InvalidInput("error.sex.wrong_format")
    return typed(lambda text: Sex.parse(text).value)(event, answers)


async def _birth_date_can_be(case: Case, value: Value, _answers: Answers) -> None:
    await case.core.accounts.check_birth_date(case.uow, BirthDate.parse(value))


def birth_date_step(key: str, **more: Any) -> Step:
    """Asks for the birth date."""
    return Step(key, typed(BirthDate.parse), check=_birth_date_can_be, **more)


def email_step(key: str, **more: Any) -> Step:
    """Asks for an e-mail address."""
    return Step(key, typed(Email.parse), **more)


def sex_step(key: str, **more: Any) -> Step:
    """Asks for the sex."""
    return Step(key, parse_sex, choices=SEXES, **more)
