"""Who is measured: each a process of its own, started anew for every round."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import text

from benchmarks.environments import node_with, python_with
from benchmarks.people import Walk
from benchmarks.postgres import PostgresServer, postgres_server
from core.keys import make_secrets
from storage.database import Database

TOKEN: Final = "700003:benchmark"
AIOGRAM_NAME: Final = "aiogram, FSM"
SQLITE_NAME: Final = "this bot, SQLite"
POSTGRES_NAME: Final = "this bot, PostgreSQL"
_AIOGRAM: Final = "aiogram==3.31.0"
_GRAMMY: Final = "grammy@1.46.0"
_SYNCHRONOUS: Final = ("OFF", "NORMAL", "FULL", "EXTRA")  # as SQLite numbers them
_PEERS: Final = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a contestant."""

    arguments: tuple[str, ...]
    env: Mapping[str, str]


class Contestant(Protocol):
    """A bot that can be started against a Bot API server, again and again, each time as if for the first time."""

    @property
    def name(self) -> str:
        """What it is called in the table."""

    @property
    def walk(self) -> Walk:
        """What people do with it."""

    async def ready(self, api_url: str, folder: Path) -> Command:
        """Prepares one start; `folder` is empty and its own."""

    async def kept(self) -> str:
        """Where dialogs are kept, and by which settings for durability; asked after a round."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another framework as it comes.

    Args:
        program: what runs it; the Bot API's address and the token follow.
        keeping: where it keeps dialogs.
        env: settings, beside the environment we have.
    """

    name: str
    program: tuple[str, ...]
    walk: Walk = "register"
    keeping: str = "memory: all lost with the process"
    env: Mapping[str, str] = field(default_factory=dict)

    async def ready(self, api_url: str, folder: Path) -> Command:
        """Nothing to prepare."""
        del folder
        return Command((*self.program, api_url, TOKEN), {**os.environ, **self.env})

    async def kept(self) -> str:
        """As was said."""
        return self.keeping


def peers(folder: Path) -> list[Contestant]:
    """Those that run here, bare python-telegram-bot first; what they need is installed into this folder once."""
    found: list[Contestant] = [
        Peer("python-telegram-bot, echo", (sys.executable, "-m", "benchmarks.echo"), walk="echo", keeping="nothing"),
        Peer("its ConversationHandler", (sys.executable, "-m", "benchmarks.peers.conversation")),
    ]
    if python := python_with(folder / "telegram", [_AIOGRAM]):
        found.append(Peer(AIOGRAM_NAME, (str(python), str(_PEERS / "aiogram_fsm.py"))))
    if node := node_with(folder / "node", [_GRAMMY]):
        env = {"NODE_PATH": str(folder / "node" / "node_modules")}
        found.append(Peer("grammY, session", (str(node), str(_PEERS / "grammy_session.js")), env=env))
    return found


CALLS_ALONE: Final = Peer(
    "this bot's calls alone", (sys.executable, "-m", "benchmarks.calls_alone"), walk="echo", keeping="nothing"
)


class OurBot:
    """This bot on SQLite, in its registration dialog."""

    name = SQLITE_NAME
    walk: Walk = "register"

    def __init__(self) -> None:
        self._url = ""

    async def ready(self, api_url: str, folder: Path) -> Command:
        self._url = f"sqlite+aiosqlite:///{folder / 'clinic.db'}"
        return _bot(api_url, folder, self._url)

    async def kept(self) -> str:
        asked = await _answers(self._url, "PRAGMA journal_mode", "PRAGMA synchronous")
        return f"SQLite, {asked[0].upper()}, synchronous={_SYNCHRONOUS[int(asked[1])]}"


class OurBotOnPostgres:
    """This bot on a throwaway PostgreSQL server, whose own CPU is not counted."""

    name = POSTGRES_NAME
    walk: Walk = "register"

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._url = ""

    async def ready(self, api_url: str, folder: Path) -> Command:
        self._url = await self._server.create()
        command = _bot(api_url, folder, self._url)
        await upgrade(command.env)
        return command

    async def kept(self) -> str:
        names = ("fsync", "synchronous_commit", "full_page_writes")
        asked = await _answers(self._url, *(f"SHOW {name}" for name in names))
        return "PostgreSQL, " + ", ".join(f"{name}={value}" for name, value in zip(names, asked, strict=True))


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


async def _answers(url: str, *questions: str) -> list[str]:
    """What the database says to a connection opened as the bot opens its own."""
    database = Database(url)
    try:
        async with database.read() as conn:
            return [str((await conn.execute(text(question))).scalar_one()) for question in questions]
    finally:
        await database.dispose()


def _bot(api_url: str, folder: Path, database_url: str) -> Command:
    env = clinic_env(
        folder,
        database_url,
        TELEGRAM__TOKEN=TOKEN,
        TELEGRAM__API_URL=api_url,
        TELEGRAM__MESSAGES_PER_SECOND="0",
    )
    return Command((sys.executable, "-m", "bot", "run"), env)
