"""The database's door: transactions that hold, and faults in words."""

import asyncio
import stat
import uuid
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from storage import consents, leases
from storage.database import Database
from storage.errors import StorageError, violated
from storage.tables.accounts import counters
from storage.tables.accounts import leases as lease_table
from tests.databases import PostgresServer

NOW = datetime(2026, 3, 1, 4, 0, 0, 123_456, tzinfo=UTC)


async def _add_counter(database: Database, key: str, count: int = 0) -> None:
    async with database.write() as conn:
        await conn.execute(insert(counters).values(key=key, count=count, expires_at=NOW))


async def _count(database: Database, key: str) -> int | None:
    async with database.read() as conn:
        return await conn.scalar(select(counters.c.count).where(counters.c.key == key))


async def test_what_is_written_is_there_after_the_block(database: Database) -> None:
    await _add_counter(database, "a", 7)
    assert await _count(database, "a") == 7


async def test_an_error_in_the_block_takes_everything_back(database: Database) -> None:
    async def fail_after_writing() -> None:
        async with database.write() as conn:
            await conn.execute(insert(counters).values(key="a", count=1, expires_at=NOW))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_writing()
    assert await _count(database, "a") is None


async def test_a_read_keeps_nothing_that_was_written_in_it(database: Database) -> None:
    async with database.read() as conn:
        await conn.execute(insert(counters).values(key="a", count=1, expires_at=NOW))
    assert await _count(database, "a") is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_is_stopped_within_a_transaction_holds_nobody_up_for_long(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database._IDLE_SECONDS", 0.3)
    database = Database(database_url)
    await _add_counter(database, "a")
    count = update(counters).where(counters.c.key == "a")

    async def stop_within() -> None:
        async with database.write() as stopped:
            await stopped.execute(count.values(count=1))
            async with asyncio.timeout(5), database.write() as other:
                await other.execute(count.values(count=2))

    with pytest.raises(StorageError):
        await stop_within()
    assert await _count(database, "a") == 2
    await database.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_how_long_a_transaction_may_be_silent_is_said_after_the_start_where_a_pooler_lets_it_pass(
    database: Database,
) -> None:
    asked = text("SELECT setting, source FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'")
    for _ in range(2):  # the second time as the pool gives the connection back
        async with database.read() as conn:
            assert tuple((await conn.execute(asked)).one()) == ("10000", "session")


async def test_a_savepoint_goes_alone(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute(insert(counters).values(key="kept", count=1, expires_at=NOW))
        with pytest.raises(IntegrityError):
            async with conn.begin_nested():
                await conn.execute(insert(counters).values(key="kept", count=2, expires_at=NOW))
        await conn.execute(insert(counters).values(key="after", count=3, expires_at=NOW))
    assert await _count(database, "kept") == 1
    assert await _count(database, "after") == 3


async def test_read_then_write_by_many_at_once_loses_no_update(tmp_path: Path, sqlite_template: Path) -> None:
    """Two processes' worth of connections on one file: plain BEGIN would lose or fail most of these."""
    file = tmp_path / "clinic.db"
    file.write_bytes(sqlite_template.read_bytes())
    two = [Database(f"sqlite+aiosqlite:///{file}") for _ in range(2)]
    await _add_counter(two[0], "a")

    async def raise_by_one(database: Database) -> None:
        async with database.write() as conn:
            count = await conn.scalar(select(counters.c.count).where(counters.c.key == "a"))
            await conn.execute(update(counters).values(count=(count or 0) + 1))

    await asyncio.gather(*(raise_by_one(two[number % 2]) for number in range(30)))
    assert await _count(two[0], "a") == 30
    for database in two:
        await database.dispose()


async def test_readers_are_not_held_up_by_a_writer(database: Database) -> None:
    await _add_counter(database, "a", 1)
    async with database.write() as conn:
        await conn.execute(update(counters).values(count=2))
        async with asyncio.timeout(2):
            assert await _count(database, "a") == 1


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(NOW, id="utc"),
        pytest.param(datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=8))), id="shanghai"),
    ],
)
async def test_a_moment_comes_back_as_aware_utc(database: Database, moment: datetime) -> None:
    async with database.write() as conn:
        await conn.execute(insert(counters).values(key="a", count=1, expires_at=moment))
        back = await conn.scalar(select(counters.c.expires_at).where(counters.c.expires_at <= moment))
    assert back == NOW
    assert back is not None
    assert back.tzinfo is UTC


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"):
        async with database.write() as conn:
            await conn.execute(insert(counters).values(key="a", count=1, expires_at=NOW.replace(tzinfo=None)))


async def test_a_lost_constraint_has_one_name_on_both_databases(database: Database) -> None:
    table = Table("pairs", MetaData(), Column("a", Integer), Column("b", Integer))
    async with database.write() as conn:
        await conn.execute(text("CREATE TABLE pairs (a INT, b INT, CONSTRAINT uq_pairs_a_b UNIQUE (a, b))"))
    with pytest.raises(IntegrityError) as lost:
        async with database.write() as conn:
            await conn.execute(insert(table).values([{"a": 1, "b": 2}] * 2))
    assert violated(lost.value) == "uq_pairs_a_b"


async def test_a_missing_row_that_is_referred_to_is_no_unique_constraint(database: Database) -> None:
    with pytest.raises(IntegrityError) as lost:
        async with database.write() as conn:
            await consents.add(conn, 404, NOW, kind="privacy", version=1, channel="bot")
    assert not (violated(lost.value) or "").startswith("uq_")


async def test_a_lease_has_one_holder_until_it_runs_out(database: Database) -> None:
    async with database.write() as conn:
        assert await leases.take(conn, "jobs", "one", NOW, NOW + timedelta(seconds=90))
        assert not await leases.take(conn, "jobs", "two", NOW, NOW + timedelta(seconds=90))
        assert await leases.take(conn, "jobs", "one", NOW, NOW + timedelta(seconds=120))
        later = NOW + timedelta(seconds=120)
        assert await leases.take(conn, "jobs", "two", later, later + timedelta(seconds=90))
        holder = await conn.scalar(select(lease_table.c.holder))
    assert holder == "two"


async def test_the_sqlite_file_is_its_users_alone_and_its_folder_is_made(tmp_path: Path) -> None:
    file = tmp_path / "data" / "clinic.db"
    database = Database(f"sqlite+aiosqlite:///{file}")
    await database.upgrade()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent)]
    await database.dispose()
    assert modes == [0o600, 0o700]


async def test_sqlite_connections_are_safe_and_durable(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "clinic.db"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite+aiosqlite:///{file}")
    names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
    async with database.read() as conn:
        values = [(await conn.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in names]
    await database.dispose()
    assert values == ["wal", 2, 1, 1, 10_000]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("not a url", "cannot be read", id="no url"),
        pytest.param("mysql://root@localhost/clinic", "mysql", id="another database"),
        pytest.param("sqlite:///clinic.db", r"sqlite\+aiosqlite", id="another driver"),
        pytest.param("sqlite+aiosqlite:///:memory:", "names no file", id="memory"),
        pytest.param("sqlite+aiosqlite://", "names no file", id="no file"),
        pytest.param("postgresql+asyncpg://a:b@localhost:port/clinic", "cannot be read", id="no port"),
    ],
)
def test_an_url_that_cannot_be_used_is_refused_in_a_sentence(url: str, says: str) -> None:
    with pytest.raises(StorageError, match=says):
        Database(url)


async def test_a_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(StorageError, match=r"clinic\.db cannot be opened"):
        await Database(f"sqlite+aiosqlite:///{tmp_path}/data/clinic.db").upgrade()


async def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "clinic.db").write_text("dear diary, " * 1000)
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/clinic.db")
    with pytest.raises(StorageError, match="not a database"):
        await database.upgrade()
    await database.dispose()


async def test_a_server_that_is_away_is_a_sentence_without_the_password(tmp_path: Path) -> None:
    database = Database(f"postgresql+asyncpg://clinic:hush@/clinic?host={tmp_path}")
    with pytest.raises(StorageError, match="cannot be reached") as fault:
        await database.revision()
    assert "hush" not in str(fault.value)


async def test_a_server_that_is_something_else_is_a_sentence() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(StorageError, match=f"127.0.0.1:{port}"):
            await Database(f"postgresql+asyncpg://clinic:hush@127.0.0.1:{port}/clinic").revision()


@pytest.mark.parametrize(
    ("user", "name", "says"),
    [
        pytest.param("postgres", "nowhere", 'database "nowhere" does not exist', id="no such database"),
        pytest.param("nobody", "postgres", 'role "nobody" does not exist', id="no such role"),
    ],
)
async def test_a_server_that_does_not_let_us_in_is_a_sentence(
    postgres: PostgresServer, user: str, name: str, says: str
) -> None:
    database = Database(postgres.url(name).replace("postgres@", f"{user}@"))
    for act in (database.revision, database.upgrade):
        with pytest.raises(StorageError, match=says):
            await act()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_role_that_may_not_use_the_tables_is_a_sentence(database_url: str, database: Database) -> None:
    role = f"guest_{uuid.uuid4().hex[:8]}"
    guest = Database(database_url.replace("postgres@", f"{role}@"))
    async with database.write() as conn:
        await conn.execute(text(f"CREATE ROLE {role} LOGIN"))
    for act in (guest.revision, guest.upgrade):
        with pytest.raises(StorageError, match="permission denied for table"):
            await act()
    await guest.dispose()
    async with database.write() as conn:
        await conn.execute(text(f"DROP ROLE {role}"))


async def test_an_option_that_asyncpg_does_not_take_is_a_sentence() -> None:
    database = Database("postgresql+asyncpg://clinic:hush@127.0.0.1:9/clinic?sslmode=require&password=hush")
    with pytest.raises(StorageError, match="ssl=require") as fault:
        await database.revision()
    assert "sslmode" in str(fault.value)
    assert "hush" not in str(fault.value)


async def test_a_damaged_file_is_a_sentence(tmp_path: Path, sqlite_template: Path) -> None:
    whole = sqlite_template.read_bytes()
    (tmp_path / "clinic.db").write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/clinic.db")
    for act in (database.revision, database.upgrade):
        with pytest.raises(StorageError, match="malformed"):
            await act()
    await database.dispose()


async def test_a_newer_versions_tables_are_a_sentence_and_stay(database: Database) -> None:
    async with database.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match=r"a newer version may have made them.*'9999'"):
        await database.upgrade()
    assert await database.revision() == "9999"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_value_that_no_column_can_hold_is_not_the_databases_fault(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.write() as conn:
            await conn.execute(text("SELECT CAST(:number AS text)"), {"number": "\0"})


async def test_an_errors_words_do_not_hold_what_was_to_be_written(database: Database) -> None:
    await _add_counter(database, "somebody's phone")
    with pytest.raises(IntegrityError) as lost:
        await _add_counter(database, "somebody's phone", 4711)
    assert "4711" not in str(lost.value)


async def test_tables_that_are_missing_are_a_sentence(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/clinic.db")
    with pytest.raises(StorageError, match="no such table"):
        await _count(database, "a")
    await database.dispose()
