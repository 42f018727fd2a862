"""Migrations lead to the tables that the code declares, and back; twice at once does no harm."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from storage.database import Database
from storage.tables import metadata
from tests.databases import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/empty.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create(template="template0")
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    database = Database(empty_url)
    yield database
    await database.dispose()


async def test_up_gives_exactly_the_declared_tables(empty: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    await empty.upgrade()
    async with empty.read() as conn:
        assert await conn.run_sync(differences) == []


async def test_up_and_down_and_up_again_leaves_nothing_behind(empty: Database) -> None:
    await empty.upgrade()
    assert await empty.is_current()
    await empty.downgrade("base")
    async with empty.read() as conn:
        tables = await conn.run_sync(lambda connection: inspect(connection).get_table_names())
    assert tables == ["alembic_version"]
    assert await empty.revision() is None
    await empty.upgrade()
    assert await empty.is_current()


async def test_two_that_upgrade_at_once_both_find_it_done(empty: Database, empty_url: str) -> None:
    other = Database(empty_url)
    await asyncio.gather(empty.upgrade(), other.upgrade())
    await other.dispose()
    assert await empty.is_current()


async def test_a_database_without_tables_is_not_current(empty: Database) -> None:
    assert await empty.revision() is None
    assert not await empty.is_current()
