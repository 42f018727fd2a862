"""The real bot, or the HTTP face, as a process of its own, which can be killed at any moment and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from core.keys import make_secrets

TOKEN = "700002:bot-to-be-killed"
BOT_ID = 700002


def environment(folder: Path, api_url: str, database_url: str) -> dict[str, str]:
    """All that a bot process needs, and nothing of this machine's own settings."""
    values = {
        "TELEGRAM__TOKEN": TOKEN,
        "TELEGRAM__API_URL": api_url,
        "TELEGRAM__MESSAGES_PER_SECOND": "0",
        "STORAGE__DATABASE_URL": database_url,
        "PASSWORDS__BCRYPT_COST": "4",
        "OPS__BOT_PORT": "0",
        "OPS__API_PORT": "0",
        "CLINIC__NAME": "仁和诊所",
        "CLINIC__CONTACT": "010-12345678",
        "CLINIC__PRIVACY_URL": "https://example.com/privacy",
    }
    for file in make_secrets(folder / "secrets"):
        values[f"SECRETS__{file.name.upper()}_FILE"] = str(file)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLINIC_BOT__")}
    return {**kept, **{f"CLINIC_BOT__{key}": value for key, value in values.items()}}


class Process:
    """`python -m MODULE run`, again and again."""

    def __init__(
        self, env: Mapping[str, str], log: Path, module: str, ready: str, *, workers: int | None = None
    ) -> None:
        """`ready` is what it says when it runs; with `workers` each of so many says it."""
        self._env = env
        self._log = log
        self._module = module
        self._ready = ready.encode()
        self._workers = workers
        self._process: asyncio.subprocess.Process | None = None
        self._began = 0

    async def start(self) -> None:
        """Starts it; what it says goes to the log file."""
        self._log.touch()
        self._began = self._log.stat().st_size
        with self._log.open("ab") as log:
            more = ("--workers", str(self._workers)) if self._workers else ()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, "run", *more, env=self._env, stdout=log, stderr=log
            )

    async def running(self) -> None:
        """Waits until it says that it runs."""
        while self._log.read_bytes()[self._began :].count(self._ready) < (self._workers or 1):
            assert self.ended is None, self.said()
            await asyncio.sleep(0.02)

    @property
    def log(self) -> Path:
        """What it says, from the first start on."""
        return self._log

    def said(self) -> str:
        """The end of its log."""
        return self._log.read_text(encoding="utf-8")[-3000:]

    async def kill(self) -> None:
        """Ends it at once, as a power cut would."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> int:
        """Asks it to end, and gives its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self._process.wait(), 60)

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit code if it ended by itself."""
        return self._process.returncode if self._process else None


class BotProcess(Process):
    """`python -m bot run`, again and again."""

    def __init__(self, env: Mapping[str, str], log: Path, *, module: str = "bot", workers: int | None = None) -> None:
        super().__init__(env, log, module, "The bot runs", workers=workers)

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers that live, in the order in which they were started."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text(encoding="ascii").split()]
