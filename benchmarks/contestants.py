"""Who is measured: each a process of its own, started anew for every round."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from benchmarks.people import Walk
from benchmarks.postgres import PostgresServer, postgres_server
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

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    async def ready(self, api_url: str, folder: Path) -> Command:
        command = _bot(api_url, folder, await self._server.create())
        await upgrade(command.env)
        return command


@asynccontextmanager
async def postgres() -> AsyncIterator[OurBotOnPostgres | None]:
    """The bot on PostgreSQL, with a server for as long as the block lasts; None, said aloud, where none can start."""
    with postgres_server() as server:
        yield OurBotOnPostgres(server) if server else None


def clinic_env(folder: Path, database_url: str, **more: str) -> dict[str, str]:
    """The environment of a process of ours: this database, `more` settings, keys of its own in `folder`, no others."""
    values = {
        "STORAGE__DATABASE_URL": database_url,
        "CLINIC__NAME": "仁和诊所",
        "CLINIC__CONTACT": "010-12345678",
        "CLINIC__PRIVACY_URL": "https://clinic.example/privacy",
        "OPS__BOT_PORT": "0",
        "OPS__API_PORT": "0",
        **more,
    }
    for file in make_secrets(folder / "secrets"):
        values[f"SECRETS__{file.name.upper()}_FILE"] = str(file)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLINIC_BOT__")}
    return {**kept, **{f"CLINIC_BOT__{key}": value for key, value in values.items()}}


async def upgrade(env: Mapping[str, str]) -> None:
    """Makes the tables. Raises RuntimeError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "db", "upgrade", env=env, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        raise RuntimeError("The database could not be upgraded.")


def _bot(api_url: str, folder: Path, database_url: str) -> Command:
    env = clinic_env(
        folder,
        database_url,
        TELEGRAM__TOKEN=TOKEN,
        TELEGRAM__API_URL=api_url,
        TELEGRAM__MESSAGES_PER_SECOND="0",
    )
    return Command((sys.executable, "-m", "bot", "run"), env)
