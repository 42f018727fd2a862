"""Short statements on SQLite do not go through a thread; what may wait keeps nobody waiting."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.database import Database
from storage.sqlite import InlineConnection

SLOW = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT max(i) FROM n")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'small.db'}")
    await database.upgrade()
    async with database.write() as conn:
        await conn.execute(text("CREATE TABLE seen (thread INTEGER)"))
    yield database
    await database.dispose()


class Rounds:
    """Counts how often the loop comes round while something goes on."""

    def __init__(self) -> None:
        self.count = 0

    async def go_on(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


async def thread_of(database: Database, statement: str) -> int:
    """The thread in which SQLite does it: a function of Python's tells."""
    async with database.write() as conn:
        raw = await conn.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        await driver.create_function("here", 0, threading.get_ident)
        await conn.execute(text(statement))
        return int(await conn.scalar(text("SELECT thread FROM seen")))


async def test_a_short_statement_is_done_where_it_is_asked_for(database: Database) -> None:
    assert await thread_of(database, "INSERT INTO seen SELECT here()") == threading.get_ident()


async def threads_of_a_write(database: Database) -> dict[str, int]:
    """The threads in which SQLite begins, does and commits it, by a statement's first word, a pragma's by its name."""
    threads: dict[str, int] = {}
    async with database.read() as conn:  # the connection that is taken next, too
        driver = (await conn.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.set_trace_callback(lambda said: threads.update({first_word(said): threading.get_ident()}))
    await write(database)
    return threads


def first_word(statement: str) -> str:
    return statement.removeprefix("PRAGMA ").partition("(")[0].split()[0]


async def test_a_transaction_does_not_leave_the_loop_while_the_disk_is_quick(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite._COMMIT_AT_ONCE", 3600.0)
    await write(database)
    threads = await threads_of_a_write(database)
    assert threads["BEGIN"] == threads["COMMIT"] == threading.get_ident()


async def test_a_commit_goes_to_the_thread_when_the_last_one_waited_for_the_disk(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite._COMMIT_AT_ONCE", 0.0)
    await write(database)
    threads = await threads_of_a_write(database)
    assert threads["BEGIN"] == threading.get_ident()
    assert threads["COMMIT"] != threading.get_ident()


async def test_after_many_changes_the_wal_is_moved_into_the_file_in_the_thread(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite._CHANGES_IN_WAL", 5)
    monkeypatch.setattr("storage.sqlite.InlineConnection._unmoved", 0)
    moved = [(await threads_of_a_write(database)).get("wal_checkpoint") for _ in range(5)]
    assert moved[:4] == [None] * 4
    assert moved[4] not in (None, threading.get_ident())
    assert database.path
    alone = sqlite3.connect(f"file:{database.path}?immutable=1", uri=True)  # the file without what lies beside it
    assert alone.execute("SELECT count(*) FROM seen").fetchone()[0] > 0
    alone.close()
    before = await written(database)
    await write(database)
    assert await written(database) == before + 1


async def test_a_commit_comes_back_from_the_thread_when_the_disk_is_quick_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite._COMMIT_AT_ONCE", 60.0)
    monkeypatch.setattr("storage.sqlite.InlineConnection._commit_seconds", 80.0)
    where = [(await threads_of_a_write(database))["COMMIT"] == threading.get_ident() for _ in range(5)]
    assert where == [False, False, False, True, True]


async def test_a_disk_that_is_always_slow_keeps_commits_in_the_thread(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.sqlite._COMMIT_AT_ONCE", 60.0)
    monkeypatch.setattr("storage.sqlite.InlineConnection._commit_seconds", 80.0)
    monkeypatch.setattr("storage.sqlite.InlineConnection._timed_commit", slow_disk)
    where = [(await threads_of_a_write(database))["COMMIT"] == threading.get_ident() for _ in range(8)]
    assert where == [False] * 8


def slow_disk(connection: InlineConnection) -> float:
    """Commits, and says that it took ten minutes."""
    connection._conn.commit()
    return 600.0


async def test_what_took_long_goes_to_the_thread_the_next_time_and_the_loop_goes_on(database: Database) -> None:
    rounds = Rounds()
    async with database.read() as conn:
        assert await conn.scalar(SLOW) == 400000
        meanwhile = asyncio.create_task(rounds.go_on())
        assert await conn.scalar(SLOW) == 400000
    meanwhile.cancel()
    assert rounds.count > 50  # counted, not timed: the machine may be busy with other things


@contextmanager
def locked_elsewhere(database: Database) -> Iterator[None]:
    """Somebody else has the write lock meanwhile."""
    other = sqlite3.connect(str(database.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("COMMIT")
    other.close()


async def write(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute(text("INSERT INTO seen VALUES (1)"))


async def written(database: Database) -> int:
    async with database.read() as conn:
        return int(await conn.scalar(text("SELECT count(*) FROM seen")))


async def test_while_another_process_writes_only_who_writes_waits(database: Database) -> None:
    rounds = Rounds()
    with locked_elsewhere(database):
        writing = asyncio.create_task(write(database))
        meanwhile = asyncio.create_task(rounds.go_on())
        while rounds.count < 1000:
            await asyncio.sleep(0.001)
        assert await written(database) == 0
        assert not writing.done()
    await writing
    meanwhile.cancel()
    assert await written(database) == 1


async def test_who_gives_up_waiting_for_the_lock_leaves_the_connection_whole(database: Database) -> None:
    with locked_elsewhere(database):
        writing = asyncio.create_task(write(database))
        await asyncio.sleep(0.05)
        writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await write(database)
    assert await written(database) == 1
