"""What routes answer: the two families' shapes, and what OpenAPI says of each status (CONTRACT.md 3.1, 3.2, 3.10)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel

from api import texts
from core.values import Password

_Data = TypeVar("_Data")
Responses = dict[int | str, dict[str, Any]]
"""FastAPI's `responses`: by status, what OpenAPI says."""
Codes = Mapping[int, str]
"""By status, what the core says in the example of a refusal: `phone.taken`. 404, 409 and 422 need one."""
_Shape = Callable[[int, str, str], tuple[type[BaseModel], dict[str, Any]]]


class Message(BaseModel):
    """S0's answer in one sentence."""

    message: str


class InvalidMessage(BaseModel):
    """S0's answer to data that cannot be taken: texts by field."""

    message: str
    errors: dict[str, list[str]]


class Envelope(BaseModel, Generic[_Data]):
    """The answer of S1 and S2. `code` is 0."""

    code: Literal[0] = 0
    data: _Data
    msg: str


class Failure(BaseModel):
    """The refusal of S1 and S2. `code` is the HTTP status."""

    code: int
    data: None
    msg: str


class Errors(BaseModel):
    """Texts by field."""

    errors: dict[str, list[str]]


class InvalidData(BaseModel):
    """The answer of S1 and S2 to data that cannot be taken; `msg` is the first text."""

    code: Literal[422]
    data: Errors
    msg: str


_REASONS: Final[Mapping[int, str]] = {
    401: "No living token came with the request.",
    403: "The account may not do this.",
    404: "What the request names is not there.",
    409: "It is taken by another account, or the present state does not allow it.",
    413: "The body is too large.",
    415: "The file is of a type that is not taken.",
    422: "Data that cannot be taken: texts by field.",
    429: "Too many requests; Retry-After says how many seconds to wait.",
    500: "A fault of ours; the log has the number.",
}
_EXAMPLES: Final[Mapping[int, str]] = {
    401: texts.UNAUTHENTICATED,
    403: texts.sentence("permission.denied", {}),
    413: texts.OF_STATUS[413],
    415: texts.sentence("photo.not_a_picture", {}),
    429: texts.OF_STATUS[429].format(wait_seconds=60),
    500: texts.OF_STATUS[500].format(number="3F9A01"),
}
_ALWAYS: Final = (413, 429, 500)


def s0(*statuses: int, codes: Codes = MappingProxyType({}), login: bool = False) -> Responses:
    """What an S0 route can answer beside success, for FastAPI's `responses`; `login` where 401 is a failed login."""

    def of(status: int, field: str, text: str) -> tuple[type[BaseModel], dict[str, Any]]:
        if status == 422:
            return InvalidMessage, {"message": texts.INVALID, "errors": {field: [text]}}
        return Message, {"message": text}

    return _declared(of, statuses, codes, login)


def envelope(*statuses: int, codes: Codes = MappingProxyType({}), login: bool = False) -> Responses:
    """What a route of S1 or S2 can answer beside success; `login` where 401 is a failed login."""

    def of(status: int, field: str, text: str) -> tuple[type[BaseModel], dict[str, Any]]:
        if status == 422:
            return InvalidData, {"code": 422, "data": {"errors": {field: [text]}}, "msg": text}
        return Failure, {"code": status, "data": None, "msg": text}

    return _declared(of, statuses, codes, login)


def _declared(of: _Shape, statuses: tuple[int, ...], codes: Codes, login: bool) -> Responses:
    reasons = {**_REASONS, **({401: "The account or the password is not right."} if login else {})}
    examples = {**_EXAMPLES, **({401: texts.LOGIN_FAILED} if login else {})}
    examples |= {status: texts.sentence(code, {"min": Password.MIN}) for status, code in codes.items()}
    declared: Responses = {}
    for status in sorted({*statuses, *codes, *_ALWAYS}):
        model, example = of(status, codes.get(status, "").partition(".")[0], examples[status])
        content = {"application/json": {"example": example}}
        declared[status] = {"model": model, "description": reasons[status], "content": content}
    declared[429]["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return declared


def success(example: Any) -> Responses:
    """The document's example of a success."""
    return {200: {"description": "Done.", "content": {"application/json": {"example": example}}}}
