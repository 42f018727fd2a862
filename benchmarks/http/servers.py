"""Who is measured: a server over a database of so many accounts."""

import asyncio
import json
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from benchmarks.contestants import clinic_env
from benchmarks.http.calls import Kind
from benchmarks.postgres import PostgresServer
from benchmarks.processes import started

DatabaseName = Literal["SQLite", "PostgreSQL"]
_PATIENCE: Final = 30.0


class ServerFailedError(Exception):
    """A server or what prepares it did not do its work; the message says whose log tells why."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One server: how its database is filled, who is logged in to it, how it is started."""

    kind: Kind
    database: DatabaseName
    size: int
    folder: Path
    preparing: tuple[str, ...]
    """The program that `fill` and `sample` are commands of."""
    env: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.kind} {self.database} {self.size}"

    async def fill(self) -> None:
        """Fills the empty database. Raises ServerFailedError."""
        await self._carry_out("fill", str(self.size))

    async def sample(self, count: int) -> list[dict[str, Any]]:
        """Tokens of some of the accounts. Raises ServerFailedError."""
        drawn: list[dict[str, Any]] = json.loads(await self._carry_out("sample", str(self.size), str(count)))
        return drawn

    async def start(self, stack: AsyncExitStack) -> tuple[Process, str]:
        """Starts the server; gives it and its URL once it listens. Raises ServerFailedError."""
        port = free_port()
        log = stack.enter_context((self.folder / "log").open("ab"))
        serving, env = (*self.preparing, "run", str(port)), self.env
        if self.kind == "ours":
            serving, env = (sys.executable, "-m", "api", "run"), {**self.env, "CLINIC_BOT__API__PORT": str(port)}
        process = await started(stack, *serving, env=env, stdout=log, stderr=log)
        await listening(process, port, self.folder / "log")
        return process, f"http://127.0.0.1:{port}"

    async def _carry_out(self, command: str, *arguments: str) -> bytes:
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self.preparing, command, *arguments, env=self.env, stdout=PIPE, stderr=log
            )
            printed, _ = await process.communicate()
        if process.returncode:
            raise ServerFailedError(f"{self.name} could not be prepared; its log is {self.folder / 'log'}.")
        return printed


async def contestants(
    folder: Path, peer_python: Path | None, postgres: PostgresServer | None, sizes: tuple[int, ...]
) -> list[Contestant]:
    """All of them, each with an empty database in a folder of its own."""
    found: list[Contestant] = []
    databases: list[DatabaseName] = ["SQLite", "PostgreSQL"] if postgres else ["SQLite"]
    kinds: list[Kind] = ["ours", "peer"] if peer_python else ["ours"]
    for database in databases:
        for size in sizes:
            for kind in kinds:
                own = folder / f"{database}-{kind}-{size}"
                own.mkdir(parents=True)
                sqlite = f"sqlite+aiosqlite:///{own / 'accounts.db'}"
                url = await postgres.create() if postgres and database == "PostgreSQL" else sqlite
                if kind == "ours":
                    preparing: tuple[str, ...] = (sys.executable, "-m", "benchmarks.http.population")
                    env: Mapping[str, str] = clinic_env(own, url, API__RATE_PER_MINUTE="0")
                else:
                    preparing, env = (str(peer_python), "-m", "benchmarks.http.peer", url), os.environ
                found.append(Contestant(kind, database, size, own, preparing, env))
    return found


async def listening(process: Process, port: int, log: Path) -> None:
    """Waits until the process accepts connections. Raises ServerFailedError."""
    for _ in range(int(_PATIENCE / 0.05)):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if process.returncode is not None:
                break
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise ServerFailedError(f"A server did not start; its log is {log}.")


def free_port() -> int:
    """A port of loopback that nothing listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
