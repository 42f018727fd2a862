"""``python -m sandbox up``: the sandbox, the bot and the HTTP routes, and nothing left behind when it ends."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from sandbox.home import Home, State
from sandbox.server import HOST

PREFIX = "CLINIC_BOT__"
# All else of the bot's settings is the sandbox's to say: an operator's own database must never be touched from here.
KEPT = frozenset({f"{PREFIX}SANDBOX__PORT"})
HOSPITALS = Path(__file__).with_name("hospitals.csv")
KEY_RINGS = ("signing", "pepper", "photo", "health", "inbox", "audit")
GRACE = 12.0
LONGEST_PAUSE = 30.0
STEADY = 20.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class PortTakenError(Exception):
    """A port is in use."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.port = port


class StepFailedError(Exception):
    """A command that prepares the bot did not succeed. The message is its last line."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Ports:
    """Where people's browsers find what runs: the page (the Bot API too), and the HTTP routes."""

    page: int
    api: int

    def check(self) -> None:
        """Whether both are free.

        Raises:
            PortTakenError: one is not.
        """
        for port in (self.page, self.api):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError:
                    raise PortTakenError(port) from None
        if self.page == self.api:
            raise PortTakenError(self.api)


@dataclass(frozen=True, slots=True)
class Child:
    """A process that is kept running."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)


def server(home: Home, state: State, port: int) -> Child:
    """The Bot API server and the page."""
    looks = ("--people", str(home.people), "--database", str(home.database))
    return Child(
        "sandbox", ("-m", "sandbox", "--port", str(port), *looks), {**_inherited(), "SANDBOX_TOKEN": state.token}
    )


def faces(home: Home, state: State, ports: Ports) -> tuple[Child, ...]:
    """What runs against the server, in the order of starting."""
    environment = settings(home, state, ports)
    return (
        Child("bot", ("-m", "bot", "run"), environment),
        Child("api", ("-m", "api", "run"), environment),
    )


def settings(home: Home, state: State, ports: Ports) -> dict[str, str]:
    """The environment of everything that runs the product: this folder's own, and nothing of the operator's."""
    values = {
        "TELEGRAM__TOKEN": state.token,
        "TELEGRAM__API_URL": f"http://{HOST}:{ports.page}",
        "TELEGRAM__MESSAGES_PER_SECOND": "0",
        "STORAGE__DATABASE_URL": f"sqlite+aiosqlite:///{home.database.absolute()}",
        "STORAGE__PHOTOS_URL": str(home.photos.absolute()),
        "PASSWORDS__REJECT_COMMON": "false",
        "CLINIC__NAME": "示例诊所 · Sample Clinic",
        "CLINIC__CONTACT": "010-5555 0100",
        "API__HOST": HOST,
        "API__PORT": str(ports.api),
        "OPS__BOT_PORT": "0",
        "OPS__API_PORT": "0",
        "CLINIC__PRIVACY_URL": f"http://{HOST}:{ports.page}/page/privacy.html",
        **{f"SECRETS__{ring.upper()}_KEYS_FILE": str(home.secrets.absolute() / f"{ring}_keys") for ring in KEY_RINGS},
    }
    return {**_inherited(), **{f"{PREFIX}{key}": value for key, value in values.items()}}


def _inherited() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(PREFIX) or key in KEPT}


class Supervisor:
    """Starts the children, restarts those that die, and ends them in order: faces first, the server last."""

    def __init__(self, home: Home, ports: Ports, console: Console) -> None:
        self.home = home
        self.ports = ports
        self.console = console
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP (the terminal was closed). The folder must be locked and the ports free."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        state = self.home.state()
        self.home.write_people(state)
        self.home.drop_logs()
        try:
            self._keep(server(self.home, state, self.ports.page))
            self._begin(self._start_faces(state))
            self._begin(self._announce())
            await self._stop.wait()
        finally:
            await self._end()

    async def _announce(self) -> None:
        await self._until_page_answers()
        self.console.print(f"\n  The page: [bold cyan]http://{HOST}:{self.ports.page}/[/]   Ctrl-C ends everything.")
        self.console.print(f"  The HTTP routes: [bold cyan]http://{HOST}:{self.ports.api}/docs[/]")
        self.console.print(f"  All it keeps is in {self.home.folder}/, its logs too.\n", style="dim")

    async def _start_faces(self, state: State) -> None:
        new = state.admin != "made"
        if new:
            await self._until_done(lambda: self._make_tables(state))
        for child in faces(self.home, state, self.ports):
            self._keep(child)
        if new:  # beside the bot's own start: each takes more than a second
            await self._until_done(lambda: self._command(state, "import", "hospitals", str(HOSPITALS)))
            await self._until_done(lambda: self._make_admin(state))

    def _keep(self, child: Child) -> None:
        self._begin(self._keep_running(child))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._stop_on_failure)
        self._tasks.append(task)

    def _stop_on_failure(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            self._stop.set()

    async def _end(self) -> None:
        """Ends what was begun, the newest first; a task's own failure comes out in the end."""
        for task in reversed(self._tasks):
            task.cancel()
            await asyncio.wait([task])
        for task in self._tasks:
            if not task.cancelled():
                task.result()

    async def _until_page_answers(self) -> None:
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, self.ports.page)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    async def _keep_running(self, child: Child) -> None:
        pause, said = 1.0, False
        while True:
            started = time.monotonic()
            code = await self._run(child)
            if time.monotonic() - started > STEADY:
                pause, said = 1.0, False
            if not said:
                self._complain(
                    f"The {child.name} ended with code {code}; it is started again, with growing pauses.", child.name
                )
                said = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run(self, child: Child) -> int:
        log = self.home.log(child.name)
        try:
            # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which ends the others in order.
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *child.arguments,
                env=dict(child.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        finally:
            os.close(log)
        try:
            return await process.wait()
        finally:
            await _end_process(process)

    async def _until_done(self, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Prepares something on the first run. Tries again, with growing pauses, where it cannot be made."""
        pause, said = 1.0, False
        while True:
            try:
                await act()
            except StepFailedError as error:
                if not said:
                    self._complain(f"The sandbox is not ready yet: {error} Trying again, with growing pauses.")
                    said = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return

    async def _make_tables(self, state: State) -> None:
        if not all((self.home.secrets / f"{ring}_keys").exists() for ring in KEY_RINGS):
            await self._command(state, "secrets", "new", "--dir", str(self.home.secrets))
        await self._command(state, "db", "upgrade")

    async def _make_admin(self, state: State) -> None:
        self.home.save(replace(state, admin="begun"))
        arguments = ("admin", "create", "--phone", state.admin_phone, "--name", "Admin", "--password-stdin")
        try:
            await self._command(state, *arguments, given=state.admin_password + "\n")
        except StepFailedError as error:
            # An earlier run was killed between making the admin and noting so: the phone is taken, by that admin.
            if not (state.admin == "begun" and error.code == 1):
                self.home.save(replace(state, admin="none"))
                raise
        self.home.save(replace(state, admin="made"))

    async def _command(self, state: State, *arguments: str, given: str = "") -> None:
        environment = settings(self.home, state, self.ports)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = await process.communicate(given.encode())
        finally:
            await _end_process(process)
        if process.returncode:
            lines = output.decode(errors="replace").strip().splitlines()
            raise StepFailedError(process.returncode, lines[-1] if lines else f"`bot {arguments[0]}` failed.")

    def _complain(self, sentence: str, name: str = "") -> None:
        self.console.print(sentence, style="yellow", highlight=False, soft_wrap=True)
        if name:
            lines = self.home.log_path(name).read_text(errors="replace").strip().splitlines()
            self.console.print(f"  {lines[-1] if lines else '(it said nothing)'}", style="dim", markup=False)


def _end_with_parent() -> None:
    """Runs in a new child: where the supervisor is killed outright, Linux ends the child instead of leaving it behind.

    A bot left behind would hold the folder's database against the next start.
    """
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _end_process(process: asyncio.subprocess.Process) -> None:
    """Asks a process to end, waits, and insists in the end."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), GRACE)
    except TimeoutError:
        process.kill()
        await process.wait()
