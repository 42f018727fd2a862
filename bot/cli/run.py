"""`run`: the bot until it is told to stop."""

import asyncio
import signal

import typer

from bot import logs
from bot.app import App
from bot.cli.exits import Exit
from core.settings import Settings, SettingsError, load_settings

_HINT = "(To try the bot without any settings, `make run` with no CLINIC_BOT__TELEGRAM__TOKEN set starts a sandbox.)"


def run() -> None:
    """Run the bot against the Bot API server of telegram.api_url until SIGTERM or Ctrl-C.

    On SQLite the tables are upgraded first; on PostgreSQL `db upgrade` does that when you say so. Without a bot token
    it does not start: `make run` gives a sandbox to try it in. Each fault ends with one sentence that says the mend.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        raise SettingsError(f"{error} {_HINT}") from None
    logs.set_up(settings.logging)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        received = runner.run(serve(settings))
    if received == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


async def serve(settings: Settings) -> signal.Signals:
    """Runs the bot until SIGTERM or SIGINT and returns which; a second one cuts the draining short.

    Raises what entering App and App.wait raise.
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
        async with App(settings) as app:
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
