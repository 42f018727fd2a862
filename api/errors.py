"""Every refusal as an answer in the family of its path: S0's under /api/, else the envelope (CONTRACT.md 3.2, 3.12)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api import texts
from api.edge import Edge
from core.errors import Busy, Conflict, CoreError, Forbidden, NotFound, Throttled, Unauthenticated

_MAX_FIELDS: Final = 50
_MAX_NAME: Final = 64
# What is neither 422 nor told by its class (CONTRACT.md 2); other things taken are 422, their operations list no 409.
_STATUS: Final[Mapping[str, int]] = {
    "phone.taken": 409,
    "internal_id.taken": 409,
    "photo.too_big": 413,
    "photo.not_a_picture": 415,
    "photo.heic": 415,
    "photo.pdf": 415,
    "photo.polyglot": 415,
}

Faults = Mapping[str, Sequence[str]]
"""What is wrong, by the wire's name of the field."""


class LoginFailed(Exception):  # noqa: N818 - the name says what happened
    """A login that was refused, for whatever cause (CONTRACT.md 3.4)."""


def refuse(
    path: str, status: int, text: str, *, faults: Faults | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a request for `path`; with `faults` that of 422 (CONTRACT.md 3.10)."""
    if path.startswith("/api/"):
        body: dict[str, Any] = {"message": texts.INVALID, "errors": faults} if faults else {"message": text}
    else:
        body = {"code": status, "data": {"errors": faults} if faults else None, "msg": text}
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    return JSONResponse(body, status, headers)


def handle_errors(app: FastAPI) -> None:
    """Gives the app an answer to everything that routes raise; what is left is a fault (api.middleware)."""
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(CoreError)(_refused)
    app.exception_handler(LoginFailed)(_login_failed)
    app.exception_handler(HTTPException)(_http)


async def _refused(request: Request, error: CoreError) -> Response:
    path, text = request.scope["path"], texts.sentence(error.code, error.params)
    match error:
        case Unauthenticated():
            return refuse(path, 401, text)
        case Forbidden():
            edge: Edge = request.app.state.edge
            async with edge.write() as uow:  # the refused one is rolled back by now
                await edge.core.permissions.record(uow, error)
            return refuse(path, 403, text)
        case NotFound():
            return refuse(path, 404, text)
        case Throttled() | Busy():
            return refuse(path, 429, text, headers={"Retry-After": str(error.wait_seconds)})
        case Conflict():
            return refuse(path, 409, text)
        case _ if status := _STATUS.get(error.code):
            return refuse(path, status, text)
    return refuse(path, 422, text, faults={error.field or "body": [text]})


async def _login_failed(request: Request, _error: LoginFailed) -> Response:
    return refuse(request.scope["path"], 401, texts.LOGIN_FAILED)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    faults: dict[str, list[str]] = {}
    for fault in error.errors():
        name = _wire_name(fault["loc"])
        if name in faults or len(faults) < _MAX_FIELDS:
            text = texts.sentence(fault["type"], fault.get("ctx", {}), wire_name=name)
            faults.setdefault(name, []).append(text)
    return refuse(request.scope["path"], 422, next(iter(faults.values()))[0], faults=faults)


async def _http(request: Request, error: HTTPException) -> Response:
    path = request.scope["path"]
    if error.status_code == 400:  # how FastAPI says that a body is no JSON: bad UTF-8, too deep, too long a number
        text = texts.sentence("json_invalid", {}, wire_name="body")
        return refuse(path, 422, text, faults={"body": [text]})
    return refuse(path, error.status_code, texts.OF_STATUS[error.status_code], headers=error.headers)


def _wire_name(where: Sequence[Any]) -> str:
    """The field's name as it was sent; an unknown one may be anything, and long."""
    return where[1][:_MAX_NAME] if len(where) > 1 and isinstance(where[1], str) else "body"
