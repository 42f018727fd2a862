"""The bot as a process: its loop, its signals, and what its ends mean."""

import asyncio
import signal

from bot.app import App
from bot.telegram import TokenRefused
from bot.webhook import ListenError
from core import logs
from core.exits import Exit, Failure
from core.settings import Settings, SettingsError, load_settings
from ops.server import operations

_HINT = "(To try the bot without any settings, `make run` with no CLINIC_BOT__TELEGRAM__TOKEN set starts a sandbox.)"


def run_bot() -> signal.Signals:
    """Runs the bot until SIGTERM or SIGINT and returns which. Raises SettingsError, StorageError or Failure."""
    try:
        settings = load_settings()
    except SettingsError as error:
        raise SettingsError(f"{error} {_HINT}") from None
    logs.set_up(settings.logging)
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            return runner.run(serve(settings))
    except TokenRefused as error:
        raise Failure(str(error), Exit.TOKEN) from None
    except ListenError as error:
        raise Failure(str(error)) from None


async def serve(settings: Settings) -> signal.Signals:
    """Runs the bot until SIGTERM or SIGINT and returns which; a second one cuts the draining short.

    The operations port answers from the start on, and until all is drained. Raises what it, entering App and App.wait
    raise.
    """
    task = asyncio.current_task()
    assert task is not None
    received: list[signal.Signals] = []

    def interrupt(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, interrupt, number)
    try:
        app, ops = App(settings), settings.ops
        watched = operations(ops.host, ops.bot_port, app.troubles, app.measure, setting="CLINIC_BOT__OPS__BOT_PORT")
        async with watched, app:
            await app.wait()
    except asyncio.CancelledError:
        if not received:
            raise
    return received[0]


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - it has no Windows build
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
