"""One SQLite file and several processes: what one commits the others see, and nobody's leaving harms the rest."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from storage.opening import opened_for_api, opened_for_bot, opened_for_operator
from tests.databases import copy_sqlite

_LOOK = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute('SELECT name FROM hospitals')); c.close()"
)


async def seen_outside(path: Path) -> str:
    """What another process reads before it leaves."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _LOOK, str(path), stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode()


async def test_another_process_that_comes_and_goes_takes_nothing_with_it(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "clinic.db"
    url = copy_sqlite(sqlite_template, path)
    async with opened_for_bot(url) as bot, opened_for_api(url) as api, opened_for_operator(url) as operator:
        for number, database in enumerate((bot, api, operator), start=1):
            assert await database.is_current()
            async with database.write() as conn:
                await conn.execute(text(f"INSERT INTO hospitals (id, name) VALUES ({number}, 'h{number}')"))
            assert f"h{number}" in await seen_outside(path)
            assert path.with_name("clinic.db-wal").exists()
    with sqlite3.connect(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_looking_at_the_revision_keeps_the_locks_that_sqlite_holds(sqlite_template: Path, tmp_path: Path) -> None:
    """Without them the next process to leave deletes the WAL, and what is committed afterwards is lost."""
    path = tmp_path / "clinic.db"
    url = copy_sqlite(sqlite_template, path)
    async with opened_for_api(url) as api:
        async with api.write() as conn:
            await conn.execute(text("INSERT INTO hospitals (id, name) VALUES (1, 'before')"))
        await api.upgrade()
        assert await api.is_current()
        wal = path.with_name("clinic.db-wal").stat().st_ino
        await seen_outside(path)
        async with api.write() as conn:
            await conn.execute(text("INSERT INTO hospitals (id, name) VALUES (2, 'after')"))
        assert path.with_name("clinic.db-wal").stat().st_ino == wal
        assert "after" in await seen_outside(path)
