"""The webhook: one route to which Telegram delivers updates, behind the operator's HTTPS proxy."""

import errno
import hmac
import re
from socket import AF_INET, AF_INET6, create_server, socket
from types import TracebackType
from typing import Final, Self

import orjson
import structlog
from aiohttp import web
from telegram.error import BadRequest, EndPointNotFound, InvalidToken, TelegramError

from bot.intake import ALLOWED_UPDATES, STORAGE_FAULTS, Intake, has_id
from bot.outage import Outage
from bot.telegram import RawBot, TokenRefused
from core.settings import SettingsError, Telegram
from core.stopping import DRAIN_SECONDS
from core.uncut import uncut

PATH: Final = "/telegram"
BODY_LIMIT: Final = 1024 * 1024
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name, not its value
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")

_log = structlog.get_logger(__name__)


class ListenError(Exception):
    """The webhook's address cannot be listened on. The message is one sentence with the mend."""


class Webhook:
    """Listens while entered; `register` then tells Telegram where. Stopping leaves the webhook set: Telegram keeps
    updates for 24 hours and delivers them when we listen again.
    """

    def __init__(
        self,
        *,
        bot: RawBot,
        intake: Intake,
        settings: Telegram,
        first_pause: float = 1.0,
        shared: socket | None = None,
    ) -> None:
        """`shared`: what `listening` gave, when several processes listen at one address.

        Raises SettingsError when telegram.webhook_url or telegram.webhook_secret cannot be used.
        """
        check_webhook_settings(settings)
        self._shared = shared
        self._bot = bot
        self._intake = intake
        self._settings = settings
        self._secret = settings.webhook_secret.get_secret_value().encode()
        self._server = Outage(first=first_pause)
        self._storage_failed = False
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_post(PATH, self._receive)
        # No access log: a flood of strangers would fill the disk, and deliveries are seen in the inbox.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=DRAIN_SECONDS / 2)

    @property
    def port(self) -> int:
        """The port that is listened on (telegram.listen_port, or the free one chosen for 0)."""
        return int(self._runner.addresses[0][1])

    async def __aenter__(self) -> Self:
        """Starts listening. Raises ListenError."""
        await self._runner.setup()
        try:
            await web.SockSite(self._runner, self._shared or listening(self._settings)).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops listening; deliveries that were begun are finished."""
        await self._runner.cleanup()

    async def register(self) -> None:
        """Tells Telegram the address, waiting for a server that is away. Raises TokenRefused or SettingsError."""
        while True:
            try:
                await self._bot.call(
                    "setWebhook",
                    {
                        "url": self._settings.webhook_url,
                        "allowed_updates": list(ALLOWED_UPDATES),
                        "secret_token": self._settings.webhook_secret.get_secret_value(),
                    },
                )
            except (InvalidToken, EndPointNotFound):
                raise TokenRefused from None
            except BadRequest as error:  # trying again would not make the address a better one
                raise SettingsError(f"Telegram does not take CLINIC_BOT__TELEGRAM__WEBHOOK_URL: {error}.") from None
            except TelegramError as error:
                await self._server.pause("The webhook cannot be set; trying again", error=str(error))
            else:
                self._server.over("The webhook is set")
                return

    async def _receive(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            return web.Response(status=403)
        try:
            update = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            update = None
        if not has_id(update):
            return web.Response(status=400)
        try:
            await uncut(self._intake.take([update]))
        except STORAGE_FAULTS as error:
            if not self._storage_failed:
                _log.warning("Updates cannot be stored; Telegram will deliver them again", error=str(error))
            self._storage_failed = True
            return web.Response(status=503)
        if self._storage_failed:
            _log.info("Updates are stored again")
        self._storage_failed = False
        return web.Response()


def listening(settings: Telegram) -> socket:
    """A socket at the webhook's address. Raises ListenError."""
    host, port = settings.listen_host, settings.listen_port
    family = AF_INET6 if ":" in host else AF_INET
    try:
        return create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reason = "is taken by another program" if error.errno == errno.EADDRINUSE else "cannot be listened on"
        raise ListenError(
            f"The webhook's address {host}:{port} {reason}: set CLINIC_BOT__TELEGRAM__LISTEN_HOST "
            "or CLINIC_BOT__TELEGRAM__LISTEN_PORT to a free one."
        ) from None


def check_webhook_settings(settings: Telegram) -> None:
    """Raises SettingsError when the webhook cannot work with these settings."""
    if not re.fullmatch(r"https?://\S+", settings.webhook_url):
        raise SettingsError(
            "CLINIC_BOT__TELEGRAM__WEBHOOK_URL is needed when telegram.mode is webhook: "
            f"the public https address that your proxy forwards to {PATH}."
        )
    if settings.api_url.startswith("https://") and not settings.webhook_url.startswith("https://"):
        raise SettingsError(
            "CLINIC_BOT__TELEGRAM__WEBHOOK_URL must start with https://: Telegram delivers to nothing else. Put a "
            f"proxy that ends TLS before {settings.listen_host}:{settings.listen_port}."
        )
    if not _SECRET.fullmatch(settings.webhook_secret.get_secret_value()):
        raise SettingsError(
            "CLINIC_BOT__TELEGRAM__WEBHOOK_SECRET needs 16 to 256 characters of A-Z a-z 0-9 _ -: "
            'make one with `python -c "import secrets; print(secrets.token_urlsafe(32))"`.'
        )
