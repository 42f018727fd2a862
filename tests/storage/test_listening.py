"""PostgreSQL tells every process what has come in: nobody has to look for it all the time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, text, update

from storage import inbox
from storage.database import Database
from storage.inbox import NewUpdate
from storage.listening import listen, tell
from storage.tables.accounts import outbox
from tests.databases import PostgresServer

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
async def databases(url: str) -> AsyncIterator[tuple[Database, Database]]:
    """One that listens and another process'."""
    here, there = Database(url), Database(url)
    yield here, there
    await here.dispose()
    await there.dispose()


async def test_what_another_process_writes_is_heard_and_told_from_ones_own(
    databases: tuple[Database, Database],
) -> None:
    here, there = databases
    heard: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
    ready = asyncio.Event()
    listening = asyncio.create_task(
        listen(here, lambda what, own: heard.put_nowait((what, own)), ready=ready.set, first=True)
    )
    await asyncio.wait_for(ready.wait(), 10)
    for database, update_id, own in ((there, 1, False), (here, 2, True)):
        async with database.write() as conn:
            await inbox.add(conn, 1, NOW, [NewUpdate(update_id, 5, b"sealed"), NewUpdate(update_id + 10, 6, b"sealed")])
        assert await asyncio.wait_for(heard.get(), 10) == ("inbox", own)
    async with there.write() as conn:
        row = {"telegram_user_id": 5, "kind": "k", "params": {}, "created_at": NOW, "due_at": NOW, "attempts": 0}
        await conn.execute(insert(outbox).values(row))
    assert await asyncio.wait_for(heard.get(), 10) == ("outbox", False)
    async with there.write() as conn:
        await conn.execute(update(outbox).values(sent_at=NOW))  # nobody waits for that
        await conn.execute(update(outbox).values(due_at=NOW))
    assert await asyncio.wait_for(heard.get(), 10) == ("outbox", False)
    await tell(there, "workers")
    assert await asyncio.wait_for(heard.get(), 10) == ("workers", False)
    assert heard.empty()
    listening.cancel()
    await asyncio.wait([listening])


async def test_a_connection_that_is_cut_ends_the_listening(databases: tuple[Database, Database]) -> None:
    here, there = databases
    ready = asyncio.Event()
    listening = asyncio.create_task(listen(here, lambda _what, _own: None, ready=ready.set, first=True))
    await asyncio.wait_for(ready.wait(), 10)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
    async with there.write() as conn:
        await conn.execute(text(f"{cut} current_database()"))
    await asyncio.wait_for(asyncio.wait([listening]), 10)
    assert listening.done()
