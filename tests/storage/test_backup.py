"""Copies of the embedded database: taken while it is used, sound, for one user alone, and put back."""

import asyncio
import stat
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from storage.backup import back_up, put_back
from storage.database import Database
from storage.errors import StorageError
from storage.opening import alone_on
from storage.tables.accounts import outbox
from tests.conftest import SetClock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def tell(database: Database, clock: SetClock, number: int) -> None:
    """One committed row."""
    row = {"telegram_user_id": number, "kind": "restored", "params": {}, "created_at": clock(), "due_at": clock()}
    async with database.write() as conn:
        await conn.execute(insert(outbox).values(row))


async def told(url: str) -> int:
    database = Database(url)
    try:
        async with database.read() as conn:
            return int((await conn.execute(select(func.count()).select_from(outbox))).scalar_one())
    finally:
        await database.dispose()


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_a_copy_taken_while_others_write_is_whole_and_can_be_put_back(
    database: Database, clock: SetClock, tmp_path: Path
) -> None:
    await tell(database, clock, 1)
    going = True

    async def write() -> int:
        count = 1
        while going:
            count += 1
            await tell(database, clock, count)
        return count

    writing = asyncio.create_task(write())
    copy, restored = tmp_path / "copies" / "monday.db", tmp_path / "new" / "clinic.db"
    await back_up(database, copy)
    going = False
    written = await writing

    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [file.name for file in copy.parent.iterdir()] == ["monday.db"]
    at_its_moment = await told(url_of(copy))
    assert 1 <= at_its_moment <= written

    new = Database(url_of(restored))
    try:
        await put_back(new, copy)
        assert await new.is_current()
        await tell(new, clock, 1)
    finally:
        await new.dispose()
    assert await told(url_of(restored)) == at_its_moment + 1


async def test_nothing_is_overwritten_by_either(database: Database, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_bytes(b"somebody's only copy")
    with pytest.raises(StorageError, match="is there already"):
        await back_up(database, there)
    assert there.read_bytes() == b"somebody's only copy"
    assert not list(tmp_path.glob("*.part*"))

    copy = tmp_path / "copy.db"
    await back_up(database, copy)
    with pytest.raises(StorageError, match=r"clinic\.db.* must not be there: stop the bot"):
        await put_back(database, copy)


async def test_a_wal_of_the_old_database_keeps_a_copy_from_being_put_beside_it(
    database: Database, tmp_path: Path
) -> None:
    await back_up(database, tmp_path / "copy.db")
    (tmp_path / "else.db-wal").write_bytes(b"left over")
    other = Database(url_of(tmp_path / "else.db"))
    try:
        with pytest.raises(StorageError, match=r"else\.db-wal must not be there"):
            await put_back(other, tmp_path / "copy.db")
    finally:
        await other.dispose()


async def test_nothing_is_put_back_under_a_bot_that_runs(database: Database, tmp_path: Path) -> None:
    await back_up(database, tmp_path / "copy.db")
    other = Database(url_of(tmp_path / "else.db"))
    try:
        with alone_on(other.path), pytest.raises(StorageError, match="Another bot process is using"):
            await put_back(other, tmp_path / "copy.db")
    finally:
        await other.dispose()


async def test_a_damaged_copy_or_none_at_all_is_not_put_back(database: Database, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    await back_up(database, copy)
    content = bytearray(copy.read_bytes())
    content[8192:16384] = b"\xff" * 8192  # two pages that a disk has spoiled
    copy.write_bytes(content)
    other = Database(url_of(tmp_path / "else.db"))
    try:
        for source, words in ((copy, "damaged|malformed"), (tmp_path / "nowhere.db", "cannot be copied")):
            with pytest.raises(StorageError, match=words):
                await put_back(other, source)
            assert not list(tmp_path.glob("else.db*[!k]"))  # but the lock
    finally:
        await other.dispose()
