"""What tables do not hold any more is cleared out of a SQLite database's files."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, text

from storage.clearing import empty_wal, write_anew
from storage.database import Database
from storage.errors import StorageError
from storage.tables.accounts import outbox
from tests.conftest import SetClock
from tests.databases import copy_sqlite


@pytest.fixture
async def sqlite(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(copy_sqlite(sqlite_template, tmp_path / "clinic.db"))
    yield database
    await database.dispose()


def mark(number: int) -> str:
    """What can be found again of a row."""
    return f"MARK{number:05}"


async def keep(database: Database, clock: SetClock, numbers: list[int], *, longer: int = 0) -> None:
    """Adds rows; each a mark, and at most so much behind it."""
    chance = random.Random(1)
    common = {"telegram_user_id": 1, "kind": "x", "params": {}, "created_at": clock(), "due_at": clock()}
    rows = [{**common, "id": number, "error": mark(number) + "x" * chance.randint(0, longer)} for number in numbers]
    async with database.write() as conn:
        await conn.execute(insert(outbox), rows)


async def drop(database: Database, numbers: list[int]) -> None:
    async with database.write() as conn:
        await conn.execute(delete(outbox).where(outbox.c.id.in_(numbers)))


def marks_in(folder: Path) -> set[str]:
    """All that can be read in the database's files."""
    contents = b"".join(path.read_bytes() for path in folder.glob("clinic.db*"))
    return {found.decode() for found in re.findall(rb"MARK[0-9]{5}", contents)}


async def test_rows_that_were_moved_from_page_to_page_are_gone_only_when_the_file_is_written_anew(
    sqlite: Database, clock: SetClock, tmp_path: Path
) -> None:
    chance = random.Random(1)
    numbers = list(range(1, 1001))
    chance.shuffle(numbers)
    await keep(sqlite, clock, numbers, longer=300)
    await drop(sqlite, numbers[:500])
    assert await empty_wal(sqlite)
    gone = {mark(number) for number in numbers[:500]}
    assert marks_in(tmp_path) & gone  # were it not so, secure_delete would do
    await write_anew(sqlite)
    assert marks_in(tmp_path) == {mark(number) for number in numbers[500:]}


async def test_the_wal_is_emptied_even_though_connections_stay_open(
    sqlite: Database, clock: SetClock, tmp_path: Path
) -> None:
    await keep(sqlite, clock, [1])
    await drop(sqlite, [1])
    assert mark(1) in marks_in(tmp_path)
    assert await empty_wal(sqlite)
    assert mark(1) not in marks_in(tmp_path)


async def test_who_reads_meanwhile_is_not_disturbed_and_it_is_tried_again_later(
    sqlite: Database, clock: SetClock, tmp_path: Path
) -> None:
    await keep(sqlite, clock, [1])
    async with sqlite.read() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM outbox")) == 1
        await drop(sqlite, [1])
        assert not await empty_wal(sqlite)
        assert await conn.scalar(text("SELECT count(*) FROM outbox")) == 1
    assert await empty_wal(sqlite)
    assert mark(1) not in marks_in(tmp_path)


async def test_writers_wait_while_the_file_is_written_anew_and_none_fails(sqlite: Database, clock: SetClock) -> None:
    await asyncio.gather(write_anew(sqlite), *(keep(sqlite, clock, [number]) for number in range(1, 21)))
    async with sqlite.read() as conn:
        assert await conn.scalar(text("SELECT count(*) FROM outbox")) == 20


async def test_a_file_that_cannot_be_written_is_said_in_one_sentence(sqlite: Database, tmp_path: Path) -> None:
    (tmp_path / "clinic.db").write_bytes(b"no database at all, and longer than a header of one would be" * 100)
    with pytest.raises(StorageError, match="cannot be cleared out"):
        await write_anew(sqlite)
