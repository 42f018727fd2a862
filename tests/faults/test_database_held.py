"""The database file locked by another process for longer than anybody waits; a disk that is full, and free again."""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.databases import copy_sqlite
from tests.faults.clinic import clinic, figures

_LOCK = """
import sqlite3, sys, time
conn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
conn.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(600)
"""
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Another process writes and does not come to an end; then it is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _LOCK, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    assert await process.stdout.readline() == b"locked\n"
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.mark.slow
async def test_people_are_served_though_another_process_locks_the_database(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "clinic.db"
    async with clinic(tmp_path, copy_sqlite(sqlite_template, path)) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open()
        for seconds in (2, 14):  # longer than SQLite waits for a lock, too
            await here.amid(calls=150)
            async with locked(path):
                await asyncio.sleep(seconds)
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, "2 locks"))


@pytest.mark.slow
async def test_people_are_served_when_the_disk_has_room_again(sqlite_template: Path, tmp_path: Path) -> None:
    """No file of the bot's may grow: the database, its WAL, photos and the log itself."""
    path = tmp_path / "clinic.db"
    async with clinic(tmp_path, copy_sqlite(sqlite_template, path)) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open()
        for most in (0, 4096, 65536, 200_000):
            await here.amid(calls=150)
            resource.prlimit(here.bot.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            await asyncio.sleep(4)
            assert here.bot.ended is None, here.bot.said()
            resource.prlimit(here.bot.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, "4 times a full disk"))
