"""The connection to Telegram: python-telegram-bot's Bot over one aiohttp session.

The bot's token is part of every URL, so nothing here logs a URL or lets one into an error's text
(SECURITY.md Secrets).
"""

import os
import re
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlsplit

import aiohttp
import orjson
from telegram import InputFile, InputMediaPhoto
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import ExtBot
from telegram.request import BaseRequest, RequestData

from bot.pace import Pace
from core.settings import SettingsError, Telegram

# The library's own opt-in (22.2): RetryAfter.retry_after is a timedelta, and reading it warns of nothing.
os.environ.setdefault("PTB_TIMEDELTA", "true")

CONNECTIONS: Final = 256
ANSWER_LIMIT: Final = 21 * 1024 * 1024  # bots download at most 20 MB (SECURITY.md Photos)
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}")
_DOWNLOAD_SECONDS: Final = 60.0
_Timeout = float | None
# What people write is shown to others: Telegram must not fetch an address in it and show what lies there beside it.
_PREVIEWING: Final = frozenset({"sendMessage", "editMessageText"})
_NO_PREVIEW: Final = {"link_preview_options": {"is_disabled": True}}


before_sending: Final[ContextVar[Callable[[], Awaitable[None]] | None]] = ContextVar("before_sending", default=None)
"""What the present task does before each call, when it has waited for its share of the limit.

Afterwards the call may still wait for one of the connections, ten seconds at most, and five to connect.
What that raises is raised instead of the call's result; only a TelegramError comes out as it is.
"""


class NotOurs(TelegramError):  # noqa: N818 - the name says what happened
    """What was to be sent is another worker's by now; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("Another worker sends this")


class TokenRefused(Exception):  # noqa: N818 - the name says what happened
    """Telegram does not know the bot's token (any more). The message is one sentence with the mend."""

    def __init__(self) -> None:
        super().__init__(
            "Telegram refused the bot's token: copy the present one from @BotFather into CLINIC_BOT__TELEGRAM__TOKEN."
        )


class AiohttpRequest(BaseRequest):
    """python-telegram-bot's HTTP over aiohttp, for a third of the stock client's CPU.

    Errors: TimedOut when a time ran out, BadRequest for what cannot be written as JSON, NetworkError for all else
    that is not an answer of a Bot API server. Timeouts are seconds; None means none.
    """

    def __init__(
        self,
        *,
        connections: int = CONNECTIONS,
        connect_timeout: _Timeout = 5.0,
        pool_timeout: _Timeout = 10.0,
        read_timeout: _Timeout = 20.0,
        write_timeout: _Timeout = 10.0,
        media_write_timeout: _Timeout = 300.0,  # 45 MB over a slow line
        proxy: str | None = None,
    ) -> None:
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._pool_timeout = pool_timeout
        self._read_timeout = read_timeout
        self._write_timeout = write_timeout
        self._media_write_timeout = media_write_timeout
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> _Timeout:
        """The default time to wait for an answer, in seconds."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Opens the session; a second call changes nothing, as a Bot calls this for polling and for the rest."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30),
                headers={"User-Agent": self.USER_AGENT},
                cookie_jar=aiohttp.DummyCookieJar(),
                proxy=self._proxy,
            )

    async def shutdown(self) -> None:
        """Closes the session and its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(  # noqa: PLR0917 - the library's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Sends one request and returns the status and the body. Raises TimedOut, BadRequest, NetworkError."""
        if self._session is None:
            raise RuntimeError("This request is not initialized.")
        if check := before_sending.get():
            await check()
        files = request_data is not None and request_data.contains_files
        default_write = self._media_write_timeout if files else self._write_timeout
        timeout = _timeout(
            connect=_given(connect_timeout, self._connect_timeout),
            pool=_given(pool_timeout, self._pool_timeout),
            read=_given(read_timeout, self._read_timeout),
            write=_given(write_timeout, default_write),
        )
        body = _body(request_data) if request_data is not None else {}
        # `from None` throughout: aiohttp's errors carry the URL, and a trace would print them.
        try:
            async with self._session.request(method, url, timeout=timeout, allow_redirects=False, **body) as response:
                status, payload = response.status, await _read(response)
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, aiohttp.InvalidURL, OSError) as error:
            raise NetworkError(_reason(error)) from None
        if not 200 <= status < 300 and not payload.lstrip().startswith(b"{"):
            raise NetworkError(f"The server answered {status} and is no Bot API server.")
        return status, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Parses an answer of the Bot API. NetworkError when it is none; what came is never logged."""
        try:
            parsed = orjson.loads(payload)
        except orjson.JSONDecodeError:
            parsed = None
        if not isinstance(parsed, dict) or "ok" not in parsed:
            raise NetworkError("The server's answer is not a Bot API answer.")
        return parsed


@dataclass(frozen=True, slots=True)
class SentPhoto:
    """A photo to be sent; under a spoiler, one taps it to see it."""

    content: bytes
    spoiler: bool = False


class RawBot:
    """Calls of the Bot API whose parameters and results stay JSON: no object is built that nobody reads."""

    def __init__(self, bot: ExtBot[int]) -> None:
        """`bot` brings the address, the rate limit and the errors."""
        self._bot = bot

    async def call(
        self, method: str, params: Mapping[str, Any], *, read_timeout: Any = BaseRequest.DEFAULT_NONE
    ) -> Any:
        """The result's JSON. No address in a text is previewed. Raises telegram.error.TelegramError."""
        given = {**params, **_NO_PREVIEW} if method in _PREVIEWING else dict(params)
        # Lower case, because the library warns when one of its own methods is called by name; Telegram's names are
        # case-insensitive.
        return await self._bot.do_api_request(method.lower(), api_kwargs=given, read_timeout=read_timeout)

    async def send_photos(self, params: Mapping[str, Any], photos: Sequence[SentPhoto]) -> Any:
        """Sends one photo, or several as an album; the results' JSON, a list. Raises TelegramError."""
        files = [InputFile(photo.content, filename="photo.jpg", attach=len(photos) > 1) for photo in photos]
        if len(photos) == 1:
            return [await self.call("sendPhoto", {**params, "photo": files[0], "has_spoiler": photos[0].spoiler})]
        media = [InputMediaPhoto(file, has_spoiler=photo.spoiler) for file, photo in zip(files, photos, strict=True)]
        return await self.call("sendMediaGroup", {**params, "media": media})

    async def download(self, file_path: str) -> bytes:
        """The file at the path that getFile told. Raises TelegramError."""
        address = f"{self._bot.base_file_url}/{quote(file_path)}"
        return await self._bot.request.retrieve(address, read_timeout=_DOWNLOAD_SECONDS)


def build_bot(settings: Telegram, *, connections: int = CONNECTIONS) -> ExtBot[int]:
    """The bot for these settings, not yet initialized. Raises SettingsError when the token is missing or malformed.

    Its Pace begins with all of `messages_per_second` (0: no limit); Shares divides it.
    """
    token = settings.token.get_secret_value()
    if not token:
        raise SettingsError(
            "The bot's token is missing: set CLINIC_BOT__TELEGRAM__TOKEN to the one @BotFather gave you, "
            "or try the bot without one by `make run`, which starts a sandbox."
        )
    if not _TOKEN.fullmatch(token):
        raise SettingsError(
            "CLINIC_BOT__TELEGRAM__TOKEN is not a bot token: copy it whole from @BotFather (like 123456:ABC-DEF...)."
        )
    root = settings.api_url.rstrip("/")
    request = AiohttpRequest(connections=connections, proxy=environment_proxy(root))
    rate = settings.messages_per_second
    return ExtBot(
        token,
        base_url=f"{root}/bot",
        base_file_url=f"{root}/file/bot",
        request=request,
        get_updates_request=request,
        rate_limiter=Pace(rate) if rate else None,
    )


def environment_proxy(root: str) -> str | None:
    """The HTTP proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for this address; none for this machine itself."""
    parts = urlsplit(root)
    host = parts.hostname or ""
    if host in {"localhost", "::1"} or host.startswith("127.") or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def wait_of(error: RetryAfter) -> timedelta:
    """How long Telegram asks to wait after a 429."""
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)


def _given(value: Any, default: _Timeout) -> _Timeout:
    return default if value is BaseRequest.DEFAULT_NONE else value


@lru_cache  # there are few, and each step makes two calls
def _timeout(*, connect: _Timeout, pool: _Timeout, read: _Timeout, write: _Timeout) -> aiohttp.ClientTimeout:
    # aiohttp knows no write timeout: the sum bounds the whole. Its `connect` spans the wait for a free connection.
    to_connect = None if connect is None or pool is None else connect + pool
    whole = None if to_connect is None or read is None or write is None else to_connect + read + write
    return aiohttp.ClientTimeout(total=whole, connect=to_connect, sock_connect=connect, sock_read=read)


def _body(request_data: RequestData) -> dict[str, Any]:
    if not request_data.contains_files:
        if not request_data.parameters:
            return {}
        try:
            encoded = orjson.dumps(request_data.parameters)
        except TypeError:  # a lone surrogate: Telegram would refuse it too, and trying again cannot help
            raise BadRequest("The parameters cannot be written as JSON") from None
        return {"data": encoded, "headers": {"Content-Type": "application/json"}}
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime_type) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime_type)
    return {"data": form}


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, refused as soon as it passes the limit: nothing decides about our memory but we."""
    if response.content_length is not None and response.content_length <= ANSWER_LIMIT:
        return await response.read()
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > ANSWER_LIMIT:
            raise NetworkError("The server's answer is too large.")
    return b"".join(chunks)


def _reason(error: Exception) -> str:
    """What happened, without an address: `ClientConnectorError (Connection refused)`."""
    detail = os.strerror(error.errno) if isinstance(error, OSError) and error.errno and error.errno > 0 else ""
    return f"{type(error).__name__} ({detail})" if detail else type(error).__name__
