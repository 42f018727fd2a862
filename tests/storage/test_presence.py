"""Who comes to a PostgreSQL and finds no bot there frees what dead ones held; beside a living one it frees nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from storage import leases
from storage.database import Database
from storage.listening import listen
from tests.conftest import SetClock

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@asynccontextmanager
async def present(url: str, *, first: bool = True) -> AsyncIterator[None]:
    """A bot that works there."""
    ready, database = asyncio.Event(), Database(url)
    listening = asyncio.create_task(listen(database, lambda _what, _own: None, ready=ready.set, first=first))
    try:
        await asyncio.wait_for(ready.wait(), 30)
        yield
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await database.dispose()


async def held(database: Database, clock: SetClock) -> int:
    async with database.read() as conn:
        return await leases.count_living(conn, "", clock())


async def test_what_dead_ones_held_is_free_for_who_finds_nobody(
    database: Database, database_url: str, clock: SetClock
) -> None:
    async with database.write() as conn:
        await leases.take(conn, "polling", "a dead one", clock(), clock() + timedelta(minutes=1))
    async with present(database_url, first=False):  # it was there when its connection ended: it frees nothing
        assert await held(database, clock) == 1
    async with present(database_url):
        assert await held(database, clock) == 0
        async with database.write() as conn:
            await leases.take(conn, "polling", "who is there", clock(), clock() + timedelta(minutes=1))
        async with present(database_url):
            assert await held(database, clock) == 1
        async with present(database_url):  # the first one still is
            assert await held(database, clock) == 1
