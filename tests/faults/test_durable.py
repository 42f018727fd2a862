"""What the bot confirms is on the disk: the stories here, and the benchmark, run on these settings and no others."""

from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.postgres import postgres_server
from storage.database import Database

KEPT = ("fsync", "synchronous_commit", "full_page_writes")
FULL = 2


async def test_each_commit_on_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'clinic.db'}")
    async with database.write() as conn:
        assert await conn.scalar(text("PRAGMA synchronous")) == FULL
        assert await conn.scalar(text("PRAGMA journal_mode")) == "wal"
    await database.dispose()


async def settings_of(url: str) -> list[str]:
    database = Database(url)
    async with database.read() as conn:
        found = [str(await conn.scalar(text(f"SHOW {name}"))) for name in KEPT]
    await database.dispose()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_each_commit_on_postgresql_waits_for_the_disk(database_url: str) -> None:
    assert await settings_of(database_url) == ["on"] * len(KEPT)
    with postgres_server() as measured:
        assert measured
        assert await settings_of(await measured.create()) == ["on"] * len(KEPT)
