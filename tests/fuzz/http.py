"""Bodies of the HTTP face: taken, or refused in its own words; none is a fault of ours (CONTRACT.md 3.12)."""

import asyncio
import json
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.exceptions import HTTPException

from api.auth import Credentials, Registration
from api.by_phone import PhoneCredentials, PhoneRegistration
from api.certificate import _received
from api.doctor import DoctorChanges
from api.edge import bearer, client_address
from api.errors import handle_errors
from api.json_body import JsonRoute
from api.patient import PatientChanges
from core.errors import InvalidValue
from tests.fuzz.material import Material

BODIES: Final[Mapping[str, Any]] = {
    "/api/login": Credentials,
    "/api/register": Registration,
    "/patient/login": PhoneCredentials,
    "/patient/register": PhoneRegistration,
    "/patient/manage": PatientChanges,
    "/doctor/manage": DoctorChanges,
}
"""A route each that does nothing, in the family of its path, for all that the real ones take."""


def _app() -> FastAPI:
    router = APIRouter(route_class=JsonRoute)
    for path, model in BODIES.items():

        async def take(body: Any) -> str:
            return type(body).__name__

        take.__annotations__["body"] = model
        router.post(path)(take)
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    handle_errors(app)
    return app


_APP: Final = _app()
_LOOP: Final = asyncio.new_event_loop()


def json_body(data: bytes) -> None:
    """Taken (200), or refused with a sentence for each field (422)."""
    material = Material(data)
    path = material.one_of(list(BODIES))
    sent = _LOOP.run_until_complete(_asked(path, "application/json", material.rest()))
    assert sent[0]["status"] in {200, 422}, sent[0]["status"]
    answer = json.loads(sent[1]["body"])
    if sent[0]["status"] == 422:
        faults = answer["errors"] if path.startswith("/api/") else answer["data"]["errors"]
        assert all(isinstance(text, str) and text for texts in faults.values() for text in texts)


def headers(data: bytes) -> None:
    """A token is printable ASCII or none; an address counts for one subscriber, or for all who have none."""
    found = bearer({"headers": [(b"authorization", data)]})
    assert found is None or (found.isascii() and found.isprintable())
    counted = client_address({"client": (data.decode("latin-1"), 1)})
    assert not counted or ip_network(counted)


def form(data: bytes) -> None:
    """One file of a multipart body, or no form of ours."""

    async def take() -> None:
        async with _received(Request(_scope("/", "multipart/form-data; boundary=b"), _once(data))) as file:
            file.read()

    try:
        _LOOP.run_until_complete(take())
    except (InvalidValue, HTTPException):
        return


async def _asked(path: str, content_type: str, body: bytes) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await _APP(_scope(path, content_type), _once(body), send)
    return sent


def _once(body: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _scope(path: str, content_type: str) -> dict[str, Any]:
    return {
        "type": "http",
        "app": _APP,
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", content_type.encode())],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 1),
    }
