"""A machine of an operator's: a folder with a configuration, keys and a database, and `python -m bot` run in it."""

import asyncio
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import structlog

from bot.cli import main
from core.keys import make_secrets
from tests.bot.edges.telegram_stub import TOKEN

ROOT = Path(__file__).parents[3]
PREFIX = "CLINIC_BOT__"


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line on stderr; fails when it said more, or nothing."""
        [line] = self.err.splitlines()
        return line


@dataclass
class Machine:
    """Everything is set as it should be; a test takes away or spoils what it is about."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def ready(cls, folder: Path, *, api_url: str = "http://127.0.0.1:9", database_url: str | None = None) -> "Machine":
        machine = cls(folder)
        machine.set(
            TELEGRAM__TOKEN=TOKEN,
            TELEGRAM__API_URL=api_url,
            TELEGRAM__MESSAGES_PER_SECOND="0",
            STORAGE__DATABASE_URL=database_url or f"sqlite+aiosqlite:///{folder}/data/clinic.db",
            PASSWORDS__BCRYPT_COST="4",
            OPS__BOT_PORT="0",
            CLINIC__NAME="仁和诊所",
            CLINIC__CONTACT="010-12345678",
            CLINIC__PRIVACY_URL="https://clinic.example/privacy",
        )
        for file in make_secrets(folder / "secrets"):
            machine.set(**{f"SECRETS__{file.name.upper()}_FILE": str(file)})
        return machine

    def set(self, **values: str) -> None:
        self.environment |= {f"{PREFIX}{key}": value for key, value in values.items()}

    def unset(self, *keys: str) -> None:
        for key in keys:
            del self.environment[f"{PREFIX}{key}"]

    def run(self, *arguments: str, given: str = "") -> Ended:
        """One command, with `given` on its stdin: in this process, because starting one takes a second."""
        out, err = io.StringIO(), io.StringIO()
        root = logging.getLogger()
        handlers, level = root.handlers, root.level
        try:
            with (
                patch.dict(os.environ, self.whole_environment(), clear=True),
                patch.object(sys, "argv", ["bot", *arguments]),
                patch.object(sys, "stdin", io.StringIO(given)),
                redirect_stdout(out),
                redirect_stderr(err),
                chdir(self.folder),
            ):
                code = main()
        finally:  # a command sets up the logging of its whole process
            root.handlers, root.level = handlers, level
            structlog.reset_defaults()
        return Ended(code, out.getvalue(), err.getvalue())

    def process(self, *arguments: str) -> Ended:
        """One command as a process of its own, which nobody answers."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.folder,
            env=self.whole_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    @asynccontextmanager
    async def bot(self) -> AsyncIterator["RunningBot"]:
        """`python -m bot run`; killed at the end if it still runs."""
        log = self.folder / "bot.log"
        with log.open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                "run",
                cwd=self.folder,
                env=self.whole_environment(),
                stdout=said,
                stderr=said,
            )
        try:
            yield RunningBot(process, log)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def whole_environment(self) -> dict[str, str]:
        """What a process here is given: nothing of the settings of who runs the tests."""
        own = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        return own | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200"} | self.environment


@dataclass
class RunningBot:
    """A bot process."""

    process: asyncio.subprocess.Process
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    async def says(self, words: str, seconds: float = 30.0) -> None:
        """Waits until the log holds these words."""
        async with asyncio.timeout(seconds):
            while words not in self.said:
                assert self.process.returncode is None, self.said
                await asyncio.sleep(0.02)

    async def ended(self, by: signal.Signals | None = None) -> int:
        """Its exit code, after it got the signal, if one is given."""
        if by is not None:
            self.process.send_signal(by)
        return await asyncio.wait_for(self.process.wait(), 30)
