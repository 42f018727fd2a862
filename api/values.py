"""Fields of requests: the core's own values, so that both faces have one rule (CONTRACT.md 1)."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from core.errors import InvalidValue
from core.profile_values import Address, AvatarUrl, InternalId, MedicalHistory, PositionRank, Speciality
from core.values import Age, BirthDate, Email, Password, PersonName, Phone, Sex, Username

_NOT: Final = {(str,): "not_text", (int,): "not_whole", (str, int): "not_text_or_whole"}


class Body(BaseModel):
    """A request's JSON object: a key it does not know is refused by name (CONTRACT.md 3.6)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def shown_as(example: dict[str, Any]) -> ConfigDict:
    """The `model_config` of a body that the documents show so."""
    return ConfigDict(json_schema_extra={"examples": [example]})


def _parsed(parse: Callable[[Any], Any], *kinds: type) -> PlainValidator:
    """Takes only JSON values of these types, then only what `parse` takes; its refusal keeps its code and params."""

    def validate(given: object) -> object:
        if type(given) not in kinds:  # a bool is an int to isinstance, but no number to JSON
            raise PydanticCustomError(_NOT[kinds], "refused")
        try:
            return parse(given)
        except InvalidValue as refused:
            raise PydanticCustomError(refused.code, "refused", {**refused.params}) from None

    return PlainValidator(validate)


def _shown(kind: str, description: str, *examples: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "description": description, "examples": list(examples)})


def _any_password(given: str) -> str:
    """A login judges no password's form: a wrong one is just wrong."""
    if not given:
        raise InvalidValue("password.empty", field="password")
    return given


PhoneText = Annotated[
    Phone, _parsed(Phone.parse, str), _shown("string", "A mainland mobile number, 11 digits.", "13812345678")
]
EmailText = Annotated[Email, _parsed(Email.parse, str), _shown("string", "An e-mail address.", "me@example.com")]
UsernameText = Annotated[Username, _parsed(Username.parse, str), _shown("string", "3-16 characters.", "demo")]
PasswordText = Annotated[Password, _parsed(Password.parse, str), _shown("string", "8-64 characters.", "12345678")]
GivenPassword = Annotated[
    str,
    _parsed(_any_password, str),
    WithJsonSchema({"type": "string", "minLength": 1, "examples": ["12345678"]}),
]
NameText = Annotated[PersonName, _parsed(PersonName.parse, str), _shown("string", "1-50 letters.", "张三")]
AgeNumber = Annotated[
    Age,
    _parsed(Age.parse, int),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": Age.MAX, "examples": [24]}),
]
SexWord = Annotated[
    Sex,
    _parsed(Sex.parse, str, int),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer", "enum": [0, 1, 2]}, {"type": "string"}],
            "description": "0 or male or 男, 1 or female or 女, 2 or 保密.",
            "examples": ["male", "男", 0],
        }
    ),
]
BirthDateText = Annotated[
    BirthDate, _parsed(BirthDate.parse, str), _shown("string", "A day, YYYY-MM-DD.", "1990-01-01")
]
AddressText = Annotated[
    Address, _parsed(Address.parse, str), _shown("string", "At most 255 characters.", "北京市朝阳区")
]
HistoryText = Annotated[
    MedicalHistory,
    _parsed(MedicalHistory.parse, str),
    _shown("string", "At most 5,000 characters. Sending it is consent to keep it; null erases it.", "无"),
]
AvatarText = Annotated[
    AvatarUrl,
    _parsed(AvatarUrl.parse, str),
    _shown("string", "An https address, at most 255 characters.", "https://example.com/avatars/doc001.jpg"),
]
PlaceNumber = Annotated[int, _parsed(int, int), WithJsonSchema({"type": "integer", "examples": [3]})]
InternalIdText = Annotated[
    InternalId, _parsed(InternalId.parse, str), _shown("string", "1-32 of A-Z a-z 0-9 _ -.", "DOC2023001")
]
RankWord = Annotated[
    PositionRank,
    _parsed(PositionRank.parse, str),
    _shown("string", "住院医师, 主治医师, 副主任医师 or 主任医师.", "主任医师"),
]
SpecialityText = Annotated[
    Speciality, _parsed(Speciality.parse, str), _shown("string", "At most 255 characters.", "冠心病介入治疗")
]
