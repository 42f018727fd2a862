"""The sandbox's command line."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn

import orjson
import typer
from rich.console import Console

from sandbox.described import VERSION
from sandbox.home import AlreadyRunningError, Home
from sandbox.model import TOKEN, Person
from sandbox.server import DEFAULT_PORT, serve
from sandbox.supervisor import Ports, PortTakenError, Supervisor
from sandbox.world import DEFAULT_PEOPLE

app = typer.Typer(add_completion=False, help="A small Telegram of one's own: a local Bot API server and a chat page.")
_console = Console()
_errors = Console(stderr=True)

Port = Annotated[
    int,
    typer.Option(envvar="CLINIC_BOT__SANDBOX__PORT", min=1, max=65535, help="Port of the page and of the Bot API."),
]
ApiPort = Annotated[
    int, typer.Option(envvar="CLINIC_BOT__API__PORT", min=1, max=65535, help="Port of the HTTP routes.")
]
DEFAULT_API_PORT = 8000


@app.callback(invoke_without_command=True)
def serve_command(
    context: typer.Context,
    port: Port = DEFAULT_PORT,
    token: Annotated[
        str | None,
        typer.Option(envvar="SANDBOX_TOKEN", help="The only token that is a bot; without it every token is one."),
    ] = None,
    people: Annotated[
        Path | None,
        typer.Option(help="JSON list of the people on the page: id, first_name, language_code, phone, note."),
    ] = None,
    database: Annotated[
        Path | None,
        typer.Option(help="An SQLite file of the bot's, of made-up people: the page shows its rows, and only reads."),
    ] = None,
) -> None:
    """Serve the Bot API at /bot<token>/METHOD, files at /file/bot<token>/PATH and the page at /."""
    if command := context.invoked_subcommand:
        for name in context.params:
            if _is_typed(context, name):
                fail(
                    f"--{name} stands before {command}, where nothing reads it: see python -m sandbox {command} --help."
                )
        return
    if token is not None and not TOKEN.fullmatch(token):
        fail("The token must look like 123456:letters-and-digits.")
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            runner.run(_serve(port, token, _read_people(people), database))
    except KeyboardInterrupt:
        return
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        fail(_port_taken(port))


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - it has no Windows build
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _serve(port: int, token: str | None, people: Iterable[Person], database: Path | None) -> None:
    async with serve(port=port, token=token, people=people, database=database) as served:
        _console.print(f"Bot API {VERSION}, as far as docs/sandbox.md says.")
        _console.print(f"The page is at {served.url}/ and the Bot API's root is {served.url}", soft_wrap=True)
        _console.print("Ctrl-C ends it.")
        await asyncio.Event().wait()


@app.command("up")
def up_command(port: Port = DEFAULT_PORT, api_port: ApiPort = DEFAULT_API_PORT) -> None:
    """Serve, run the bot and the HTTP routes: what `make run` does with no bot token. Keeps all in data/sandbox/."""
    home, ports = Home(), Ports(port, api_port)
    try:
        with home.locked():
            ports.check()
            asyncio.run(Supervisor(home, ports, _console).run())
    except AlreadyRunningError:
        fail(f"A sandbox of {home.folder}/ is running already: use that one, or end it first.")
    except PortTakenError as taken:
        fail(_port_taken(port) if taken.port == port != api_port else _api_port_taken(taken.port))


def _port_taken(port: int) -> str:
    return f"Port {port} is taken: end what uses it, or choose another with --port or CLINIC_BOT__SANDBOX__PORT."


def _api_port_taken(port: int) -> str:
    return f"Port {port} is taken: end what uses it, or choose another with --api-port or CLINIC_BOT__API__PORT."


def fail(sentence: str) -> NoReturn:
    """Ends with one sentence and exit code 1."""
    _errors.print(sentence, style="red", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def _read_people(path: Path | None) -> tuple[Person, ...]:
    if path is None:
        return DEFAULT_PEOPLE
    try:
        return tuple(Person(**entry) for entry in orjson.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        fail(f"{path} is no list of people with id, first_name, language_code, phone and note: {error}")
