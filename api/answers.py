"""What routes answer: the two families' shapes, and what OpenAPI says of each status (CONTRACT.md 3.1, 3.2, 3.10)."""

from collections.abc import Callable
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel

from api import texts

_Data = TypeVar("_Data")
Responses = dict[int | str, dict[str, Any]]
"""FastAPI's `responses`: by status, what OpenAPI says."""
_Shape = Callable[[int, str], tuple[type[BaseModel], dict[str, Any]]]


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


_REASONS: Final[dict[int, tuple[str, str]]] = {
    401: ("No living token came with the request.", texts.UNAUTHENTICATED),
    403: ("The account may not do this.", texts.sentence("permission.denied", {})),
    404: ("What the request names is not there.", texts.sentence("hospital.unknown", {})),
    409: ("It is taken by another account, or the present state does not allow it.", texts.sentence("phone.taken", {})),
    413: ("The body is too large.", texts.OF_STATUS[413]),
    415: ("The file is of a type that is not taken.", "只支持 JPEG 或 PNG 图片。"),
    429: (
        "Too many requests; Retry-After says how many seconds to wait.",
        texts.OF_STATUS[429].format(wait_seconds=60),
    ),
    500: ("A fault of ours; the log has the number.", texts.OF_STATUS[500].format(number="3F9A01")),
}
_ALWAYS: Final = (413, 429, 500)
_FAULT: Final = texts.sentence("password.too_short", {"min": 8})
_FAULTS: Final = {"password": [_FAULT]}


def s0(*statuses: int, unauthenticated: str = texts.UNAUTHENTICATED) -> Responses:
    """What an S0 route can answer beside success, for FastAPI's `responses`."""

    def of(status: int, text: str) -> tuple[type[BaseModel], dict[str, Any]]:
        if status == 422:
            return InvalidMessage, {"message": texts.INVALID, "errors": _FAULTS}
        return Message, {"message": text}

    return _declared(of, statuses, unauthenticated)


def envelope(*statuses: int, unauthenticated: str = texts.UNAUTHENTICATED) -> Responses:
    """What a route of S1 or S2 can answer beside success."""

    def of(status: int, text: str) -> tuple[type[BaseModel], dict[str, Any]]:
        if status == 422:
            return InvalidData, {"code": 422, "data": {"errors": _FAULTS}, "msg": _FAULT}
        return Failure, {"code": status, "data": None, "msg": text}

    return _declared(of, statuses, unauthenticated)


def _declared(of: _Shape, statuses: tuple[int, ...], unauthenticated: str) -> Responses:
    declared: Responses = {}
    for status in sorted({*statuses, *_ALWAYS}):
        about, text = _REASONS.get(status, ("Data that cannot be taken: texts by field.", ""))
        model, example = of(status, unauthenticated if status == 401 else text)
        content = {"application/json": {"example": example}}
        declared[status] = {"model": model, "description": about, "content": content}
    declared[429]["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return declared


def success(example: Any) -> Responses:
    """The document's example of a success."""
    return {200: {"description": "Done.", "content": {"application/json": {"example": example}}}}
