"""The HTTP face as a process: its socket, its server, its signals."""

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Iterator

import structlog
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.heads import BoundedHead
from core import collector, logs
from core.clock import utc_now
from core.core import Core
from core.exits import Exit, Failure
from core.settings import Api, Settings, load_secrets, load_settings
from core.stopping import DRAIN_SECONDS, end_in_time
from ops.server import database_troubles, operations
from storage.opening import opened_for_api

MAX_CONNECTIONS = 1000

_log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """uvicorn, but for signals: those are the process's own, so that exit codes are those of every command."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def run_api() -> signal.Signals:
    """Serves until SIGTERM or SIGINT and returns which. Raises SettingsError, StorageError, or Failure (the port)."""
    settings = load_settings()
    logs.set_up(settings.logging)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(serve(settings))


async def serve(settings: Settings) -> signal.Signals:
    """Serves until a signal and returns it; a second one cuts the draining short. STOP_SECONDS after the first the
    process ends in any case. Raises as run_api does.
    """
    secrets = load_secrets(settings)
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(listen(settings.api))
        database = await stack.enter_async_context(opened_for_api(settings.storage.database_url))
        await stack.enter_async_context(
            operations(
                settings.ops.host,
                settings.ops.api_port,
                lambda: database_troubles(database),
                setting="CLINIC_BOT__OPS__API_PORT",
            )
        )
        core = Core(settings, secrets)
        stack.callback(core.close)
        server = server_of(create_app(core, database, utc_now), settings.api)
        received = _signals_of(server)
        host, port = listening.getsockname()[:2]
        collector.settle()
        _log.info("The HTTP routes run", host=host, port=port, database=database.name)
        await server.serve(sockets=[listening])
    return received[0]


def server_of(app: FastAPI, settings: Api) -> Server:
    """A server of the app; behind trusted proxies the client's address is the one that they tell."""
    return Server(
        uvicorn.Config(
            app,
            http=BoundedHead,
            log_config=None,  # what uvicorn logs goes the way of all that is logged
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
            ws="none",
            lifespan="off",
            limit_concurrency=MAX_CONNECTIONS,  # above it uvicorn itself answers: 503, without a body's shape
            timeout_graceful_shutdown=int(DRAIN_SECONDS),
        )
    )


def listen(settings: Api) -> socket.socket:
    """The listening socket. Raises Failure with one sentence where there can be none."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Failure(
                f"Port {settings.port} is taken: end what uses it, or choose another with CLINIC_BOT__API__PORT."
            ) from None
        raise Failure(
            f"The HTTP routes cannot be served on {settings.host} port {settings.port}: {error.strerror}; "
            "see [api] host and port in config.toml."
        ) from None
    # asyncio does this only for sockets it made itself; without it an answer's body waits 40 ms for the head's ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def new_loop() -> asyncio.AbstractEventLoop:
    """The fastest loop there is."""
    try:
        import uvloop  # noqa: PLC0415 - it has no Windows build
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _signals_of(server: Server) -> list[signal.Signals]:
    """From now on signals stop the server; they are in the list that is returned."""
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if not received:
            end_in_time(Exit.INTERRUPTED if number is signal.SIGINT else Exit.OK)
        server.force_exit = bool(received)
        server.should_exit = True
        received.append(number)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return received
