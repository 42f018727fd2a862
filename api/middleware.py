"""What stands before every route: last resort, headers, throttle, size of bodies (CONTRACT.md 3.11, 3.12).

Plain ASGI, because Starlette's convenience class buffers and breaks what passes through it.
"""

import asyncio
import secrets
from contextlib import suppress
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import texts
from api.edge import bearer, client_address
from api.errors import refuse
from api.rates import Rates
from core.errors import Unauthenticated
from core.tokens import Claims, Tokens
from core.unit import Clock
from storage.errors import StorageError

MAX_BODY: Final = 64 * 1024
MAX_UPLOAD: Final = 20 * 1024 * 1024 + MAX_BODY  # the picture, and what multipart writes around it
_MAX_DIGITS: Final = 9  # of a size: int() fails over thousands of them, zeros in front too
BODY_SECONDS: Final = 30.0  # for all of it
UPLOAD_SECONDS: Final = 120.0
_UPLOADS: Final = frozenset({"/api/doctor/certificate/upload"})
# The operations of "anyone" (CONTRACT.md 2): what comes as Authorization is ignored there (CONTRACT.md 3.3).
_FOR_ANYONE: Final = frozenset(
    {
        "/api/auth/login",
        "/api/auth/register",
        "/patient/login",
        "/patient/register",
        "/doctor/login",
        "/doctor/register",
    }
)
_DOCS: Final = frozenset({"/docs", "/openapi.json"})
_DOCS_FILES: Final = "/static-offline-docs/"
# Swagger's page has a script and styles in line; it loads nothing, and sends no request or form, anywhere else.
_DOCS_POLICY: Final = (
    "default-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_log = structlog.get_logger(__name__)


class _AroundHttp:
    """Passes what is no request, a server's start and stop, through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One message exchange."""
        await (self._http if scope["type"] == "http" else self._app)(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


class LastResort(_AroundHttp):
    """A fault nobody foresaw: the client reads a number, the log has that number and the trace (SECURITY.md Errors).

    500 while nothing was answered yet; otherwise the connection is closed.
    """

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            number = secrets.token_hex(3).upper()
            about: dict[str, Any] = {"number": number, "method": scope["method"], "path": scope["path"]}
            if isinstance(error, StorageError):
                _log.error("A request failed", **about, error=str(error))
            else:
                _log.exception("A request failed", **about)
            if started:
                raise
            answer = refuse(scope["path"], 500, texts.OF_STATUS[500].format(number=number))
            await answer(scope, receive, send)


class Guarded(_AroundHttp):
    """Headers that cost nothing: types are not guessed, answers are not kept, the docs load nothing from outside.

    A client that was answered before it was told to send its body may send it, or not: that connection cannot go on.
    """

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        docs = _is_docs(scope)
        withheld = Headers(scope=scope).get("expect", "").lower() == "100-continue"

        async def receiving() -> Message:
            nonlocal withheld
            withheld = False
            return await receive()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                if docs:
                    headers["Content-Security-Policy"] = _DOCS_POLICY
                else:
                    headers["Cache-Control"] = "no-store"
                if withheld:
                    headers["Connection"] = "close"
            await send(message)

        await self._app(scope, receiving, sending)


class Throttled(_AroundHttp):
    """429 for who asks too often, before more is read than the head; the docs, which touch no data, are free.

    A token that was refused counts for the address: who found one that is over uses up nothing of its owner's.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, clock: Clock, rate_per_minute: int) -> None:
        """`rate_per_minute` 0: never."""
        super().__init__(app)
        self._tokens = tokens
        self._clock = clock
        self._rates = Rates(rate_per_minute, clock)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._rates.limit or _is_docs(scope):
            await self._app(scope, receive, send)
            return
        claims = self._claims(scope)
        refused = f"refused {claims.jti}" if claims else ""
        address = f"address {client_address(scope)}"
        key = f"account {claims.account_id}" if claims and not self._rates.knows(refused) else address
        left, wait = self._rates.take(key)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                if claims and message["status"] == 401:
                    self._rates.take(refused)
                    if key != address:
                        self._rates.give_back(key)
                        self._rates.take(address)
                headers = MutableHeaders(scope=message)
                headers["X-RateLimit-Limit"] = str(self._rates.limit)
                headers["X-RateLimit-Remaining"] = str(left)
            await send(message)

        if not wait:
            await self._app(scope, receive, sending)
            return
        text = texts.OF_STATUS[429].format(wait_seconds=wait)
        await refuse(scope["path"], 429, text, headers={"Retry-After": str(wait)})(scope, receive, sending)

    def _claims(self, scope: Scope) -> Claims | None:
        token = None if scope["path"] in _FOR_ANYONE else bearer(scope)
        if token is not None:
            with suppress(Unauthenticated):
                return self._tokens.read(token, self._clock())
        return None


class Sized(_AroundHttp):
    """413 for a body that says it is too large, before anything is done, or turns out so while it is read.

    More than the limit is never held. Who sends it too slowly counts as gone: the answer is that to half a body.
    One that does not say its size is read first, for a route that needs none would never notice. An upload's is not:
    its route reads it once it knows from whom.
    """

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit, seconds = (MAX_UPLOAD, UPLOAD_SECONDS) if scope["path"] in _UPLOADS else (MAX_BODY, BODY_SECONDS)
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        digits = declared.lstrip("0") or "0"
        if not digits.isdecimal() or len(digits) > _MAX_DIGITS or int(digits) > limit:
            await refuse(scope["path"], 413, texts.OF_STATUS[413])(scope, receive, send)
            return
        received, late = 0, False
        deadline = asyncio.get_running_loop().time() + seconds

        async def receiving() -> Message:
            nonlocal received, late
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                late = True
                return {"type": "http.disconnect"}
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413)  # inside the app, whose handler answers it
            return message

        async def sending(message: Message) -> None:
            if late and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        given: Receive = receiving
        if "transfer-encoding" in headers and scope["path"] not in _UPLOADS:
            try:
                given = _giving(await Request(scope, receiving).body(), receiving)
            except HTTPException:
                await refuse(scope["path"], 413, texts.OF_STATUS[413])(scope, receive, send)
                return
            except ClientDisconnect:
                pass  # a route that reads will find it so, too
        await self._app(scope, given, sending)


def _giving(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read already, then what comes after it."""
    read: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def giving() -> Message:
        return read.pop() if read else await receive()

    return giving


def _is_docs(scope: Scope) -> bool:
    path: str = scope["path"]
    return path in _DOCS or path.startswith(_DOCS_FILES)
