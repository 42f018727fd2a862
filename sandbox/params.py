"""A call's parameters, whichever way they came: query, JSON, form or multipart with files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from sandbox.errors import bad_request, too_large

MAX_BODY = 64 * 2**20


@dataclass(slots=True)
class Upload:
    """A file that came with the request."""

    name: str
    content: bytes
    mime: str


@dataclass(slots=True)
class Params:
    """Values as they came, read by the type the method wants."""

    values: dict[str, Any] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers are taken as their digits."""
        value = self.values.get(name)
        return default if value is None else value if isinstance(value, str) else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; what is none counts as the default, as the official server has it."""
        value = self.values.get(name)
        try:
            return default if value is None else int(value)
        except (TypeError, ValueError, OverflowError):
            return default

    def number(self, name: str, default: float = 0.0) -> float:
        """A number of seconds and the like."""
        value = self.values.get(name)
        try:
            return default if value is None else float(value)
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        """True for true, 1, yes and their spellings."""
        value = self.values.get(name)
        return value.strip().lower() in {"true", "1", "yes"} if isinstance(value, str) else bool(value)

    def json(self, name: str, what: str) -> Any:
        """An object or list, given as such or as JSON text; None when absent.

        Raises:
            ApiError: 400 ``can't parse <what> JSON object``.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad_request(f"can't parse {what} JSON object") from None

    def mapping(self, name: str, what: str) -> dict[str, Any]:
        """An object; empty when absent.

        Raises:
            ApiError: 400 for anything else.
        """
        value = self.json(name, what)
        if value is not None and not isinstance(value, dict):
            raise bad_request(f"can't parse {what} JSON object")
        return value or {}

    def items(self, name: str, what: str) -> list[Any]:
        """A list; empty when absent.

        Raises:
            ApiError: 400 for anything else.
        """
        value = self.json(name, what)
        if value is not None and not isinstance(value, list):
            raise bad_request(f"can't parse {what} JSON object")
        return value or []

    def objects(self, name: str, what: str) -> list[dict[str, Any]]:
        """A list of objects; empty when absent.

        Raises:
            ApiError: 400 for anything else.
        """
        values = self.items(name, what)
        if not all(isinstance(value, dict) for value in values):
            raise bad_request(f"can't parse {what} JSON object")
        return values


async def read_params(request: web.Request) -> Params:
    """All parameters of a request; the body's win over the query's.

    Raises:
        ApiError: 400 when a JSON body is none, 413 when the body is too large.
    """
    params = Params(dict(request.query))
    if request.method != "GET" and request.can_read_body:
        try:
            await _read_body(request, params)
        except web.HTTPRequestEntityTooLarge:
            raise too_large() from None
    return params


async def _read_body(request: web.Request, params: Params) -> None:
    if request.content_type == "application/json":
        try:
            body = orjson.loads(await request.read() or b"{}")
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise bad_request("can't parse request body: object expected")
        params.values.update(body)
        return
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            params.uploads[name] = Upload(value.filename, value.file.read(), value.content_type)
        else:
            params.values[name] = value if isinstance(value, str) else bytes(value).decode(errors="replace")
