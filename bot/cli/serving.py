"""The bot as a process: its loop, its signals, and what its ends mean."""

import asyncio
import signal
from dataclasses import dataclass
from socket import socket

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.app import App
from bot.cli.workers import Workers
from bot.telegram import TokenRefused
from bot.webhook import ListenError, check_webhook_settings, listening
from core import collector, logs
from core.exits import Exit, Failure
from core.settings import Settings, SettingsError, load_settings
from core.stopping import end_in_time
from ops.server import operations

_HINT = "(To try the bot without any settings, `make run` with no CLINIC_BOT__TELEGRAM__TOKEN set starts a sandbox.)"
_PORTS_APART = 2
"""Between the operations ports of two workers: those between are for as many `api run`, as by default."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a worker has of its own among others.

    Args:
        number: from 0.
        name: in claims; whoever takes a dead worker's place has its name.
        webhook_socket: where all of them listen, in webhook mode.
        orphaned: becomes readable when the parent is gone.
    """

    number: int
    name: str
    webhook_socket: socket | None
    orphaned: int


def run_bot(workers: int) -> signal.Signals:
    """Runs the bot until SIGTERM or SIGINT and returns which. Raises SettingsError, StorageError or Failure."""
    try:
        settings = load_settings()
    except SettingsError as error:
        raise SettingsError(f"{error} {_HINT}") from None
    logs.set_up(settings.logging)
    if workers == 1:
        return _run(settings)
    return _run_workers(settings, workers)


def _run_workers(settings: Settings, count: int) -> signal.Signals:
    _check_shareable(settings, count)
    shared = None
    if settings.telegram.mode == "webhook":
        check_webhook_settings(settings.telegram)
        try:
            shared = listening(settings.telegram)
        except ListenError as error:
            raise Failure(str(error)) from None

    def work(number: int, name: str, orphaned: int) -> None:
        structlog.contextvars.bind_contextvars(worker=number)
        _run(settings, Place(number, name, shared, orphaned))

    return Workers(count, work).run()


def _check_shareable(settings: Settings, count: int) -> None:
    url = settings.storage.database_url
    try:
        sqlite = make_url(url).get_backend_name() == "sqlite"
    except ArgumentError:  # each worker would say the same
        sqlite = False
    if sqlite:
        raise SettingsError(
            "SQLite is for one bot process: run without --workers, or set CLINIC_BOT__STORAGE__DATABASE_URL to a "
            "PostgreSQL database."
        )
    if settings.ops.bot_port + _PORTS_APART * (count - 1) > 65535:
        raise SettingsError("CLINIC_BOT__OPS__BOT_PORT leaves no room for a port a worker: set it to 65000 or less.")


def _run(settings: Settings, place: Place | None = None) -> signal.Signals:
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            return runner.run(serve(settings, place))
    except TokenRefused as error:
        raise Failure(str(error), Exit.TOKEN) from None
    except ListenError as error:
        raise Failure(str(error)) from None


async def serve(settings: Settings, place: Place | None = None) -> signal.Signals:
    """Runs the bot until SIGTERM or SIGINT and returns which; a second one cuts the draining short. In a worker only
    SIGINT does: a service manager may send SIGTERM to every process, and so does the parent.

    The operations port answers from the start on, and until all is drained; STOP_SECONDS after the first signal the
    process ends in any case. Raises what it, entering App and App.wait raise. A worker whose parent is gone ends as by
    SIGTERM.
    """
    task = asyncio.current_task()
    assert task is not None
    received: list[signal.Signals] = []

    def interrupt(number: signal.Signals) -> None:
        if place and received and number is signal.SIGTERM:
            return
        if not received:
            end_in_time(Exit.INTERRUPTED if number is signal.SIGINT else Exit.OK)
        received.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, interrupt, number)
    if place:

        def orphan() -> None:
            loop.remove_reader(place.orphaned)
            interrupt(signal.SIGTERM)

        loop.add_reader(place.orphaned, orphan)
    try:
        app, ops = _app(settings, place), settings.ops
        port = ops.bot_port + _PORTS_APART * place.number if place and ops.bot_port else ops.bot_port
        watched = operations(ops.host, port, app.troubles, app.measure, setting="CLINIC_BOT__OPS__BOT_PORT")
        async with watched, app:
            collector.settle()
            await app.wait()
    except asyncio.CancelledError:
        if not received:
            raise
    return received[0]


def _app(settings: Settings, place: Place | None) -> App:
    if place is None:
        return App(settings)
    return App(settings, worker=place.name, webhook_socket=place.webhook_socket)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - it has no Windows build
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
