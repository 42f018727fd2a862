"""The one door to the database: SQLite by default, PostgreSQL by another URL, the same code on both."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal
from weakref import WeakSet

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.errors import StorageError
from storage.sqlite import BUSY_SECONDS, WAL_PAGES, InlineDriver

_DRIVERS: dict[str, Literal["sqlite", "postgresql"]] = {
    "sqlite+aiosqlite": "sqlite",
    "postgresql+asyncpg": "postgresql",
}
_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x636C696E6963  # any number of our own: PostgreSQL names advisory locks by numbers
_CONNECT_SECONDS = 10
# Who is stopped in the middle of a transaction, or whose machine is gone, would hold its locks until that is noticed: a
# machine's end after hours. PostgreSQL ends such a transaction after so long, which is a lease's time (bot/holding.py).
_IDLE_SECONDS = 10.0
_NO_PERMISSION = "42501"  # PostgreSQL's insufficient_privilege
_DATA = "22"  # the class of its errors about values, for which SQLAlchemy has no DataError with asyncpg


class Database:
    """One database and its connections.

    `read()` and `write()` each give one transaction. On SQLite `write()` takes the write lock at once
    (BEGIN IMMEDIATE), because a transaction that reads first and writes later loses updates or fails.
    Whatever keeps the database from working is raised as StorageError; a lost constraint stays IntegrityError.
    """

    def __init__(self, url: str) -> None:
        """`url`: `sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`. StorageError for any other."""
        self._url = _checked(url)
        self.dialect: Literal["sqlite", "postgresql"] = _DRIVERS[self._url.drivername]
        self._engine = _engine(self._url, self.dialect)
        self._writing_engine = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        self._drivers: WeakSet[Any] = WeakSet()  # of PostgreSQL's connections
        if self.dialect == "postgresql":
            event.listen(self._engine.sync_engine, "connect", self._prepare_postgresql)
        # Writers of this process queue here, in order: SQLite's own waiting polls, and lets the unlucky starve.
        self._writers = asyncio.Lock()

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database, None on PostgreSQL."""
        return Path(str(self._url.database)) if self.dialect == "sqlite" else None

    @property
    def name(self) -> str:
        """The database for messages: the file, or the URL without its password."""
        url = self._url.difference_update_query(["password"])
        return str(self.path or url.render_as_string(hide_password=True))

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One transaction, rolled back at exit: all its statements see one state on SQLite."""
        return self._reading()

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One transaction: committed at exit, rolled back when the body raises."""
        return self._writing()

    def is_own(self, backend: int) -> bool:
        """Whether that process of PostgreSQL's server serves one of our connections."""
        return any(not driver.is_closed() and driver.get_server_pid() == backend for driver in self._drivers)

    def standing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection in no transaction, closed at exit: for what a server says by itself. PostgreSQL only."""
        return self._standing()

    def alone(self) -> AbstractAsyncContextManager[object]:
        """Keeps this process's writers on SQLite waiting, for what is done to the file as a whole."""
        return self._writers

    def _prepare_postgresql(self, connection: Any, _record: Any) -> None:
        self._drivers.add(connection.driver_connection)
        cursor = connection.cursor()
        # Not among what a connection begins with: PgBouncer refuses that.
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_SECONDS * 1000:.0f}")
        cursor.close()
        connection.commit()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            stack.enter_context(self._faults())
            yield await self._entered(stack, self._engine.connect())

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            stack.enter_context(self._faults())
            if self.dialect == "sqlite":
                await stack.enter_async_context(self._writers)
            yield await self._entered(stack, self._writing_engine.begin())

    @asynccontextmanager
    async def _standing(self) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            stack.enter_context(self._faults())
            engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            conn = await self._entered(stack, engine.connect())
            try:
                yield conn
            finally:
                await conn.invalidate()  # it must not go back to the pool and listen there

    async def _entered(
        self, stack: AsyncExitStack, opening: AbstractAsyncContextManager[AsyncConnection]
    ) -> AsyncConnection:
        try:
            return await stack.enter_async_context(opening)
        except OSError as error:  # asyncpg's own, when nothing listens there
            raise StorageError(f"The database {self.name} cannot be reached: {_unreachable(error)}.") from error
        except TypeError as error:  # an option of the URL is handed to asyncpg as an argument
            raise StorageError(
                f"The database URL {self.name} has an option that asyncpg does not take (TLS is ssl=require): {error}."
            ) from error

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turns what a driver raises when a database is away, locked, full or broken into one sentence."""
        try:
            yield
        except (IntegrityError, DataError):
            raise  # the statement's own fault, not the database's
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None) or ""
            if (isinstance(error, ProgrammingError) and state != _NO_PERMISSION) or state.startswith(_DATA):
                raise  # the statement's own fault, too
            # The first line alone: PostgreSQL's details below it may quote a row.
            reason, *_ = str(getattr(error.orig, "__cause__", None) or error.orig).splitlines() or [
                type(error).__name__
            ]
            raise StorageError(f"The database {self.name} does not work: {reason}.") from error
        except PoolTimeoutError as error:
            raise StorageError(f"The database {self.name} is too busy: no connection became free.") from error

    async def upgrade(self, revision: str = "head") -> None:
        """Brings the tables to `revision` in one transaction; makes the SQLite file and its folder when missing.

        Two processes may call this at once: the second waits and finds nothing to do.
        """
        await self._migrate(command.upgrade, revision)

    async def downgrade(self, revision: str) -> None:
        """Takes the tables back to `revision` (`base`: none)."""
        await self._migrate(command.downgrade, revision)

    async def _migrate(self, act: Callable[[Config, str], None], revision: str) -> None:
        if self.path is not None:
            _make_file(self.path)
        async with self.write() as conn:
            if self.dialect == "postgresql":
                await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            try:
                await conn.run_sync(lambda sync: act(_alembic(sync), revision))
            except CommandError as error:  # the tables are at a revision that is not among ours
                raise StorageError(
                    f"The tables of {self.name} cannot be changed, a newer version may have made them: {error}."
                ) from error

    async def revision(self) -> str | None:
        """The revision the tables are at; None when there are none yet."""
        if self.path is not None:
            if not self.path.exists():
                return None
            _make_file(self.path)  # a file that cannot be opened is said here: its driver leaves a trace
        async with self.read() as conn:
            return await conn.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())

    async def is_current(self) -> bool:
        """Whether the tables are those this code was written for."""
        return await self.revision() == _head()

    async def dispose(self) -> None:
        """Closes every connection. Without it SQLite's threads keep the program from ending."""
        await self._engine.dispose()


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: the port is no number
        raise StorageError(
            "The database URL cannot be read: write it like sqlite+aiosqlite:///data/clinic.db."
        ) from None
    if parsed.drivername not in _DRIVERS:
        known = " or ".join(f"{driver}://" for driver in _DRIVERS)
        raise StorageError(f"The database URL starts with {parsed.drivername}://, but only {known} is understood.")
    if parsed.drivername == "sqlite+aiosqlite" and parsed.database in {None, "", ":memory:"}:
        raise StorageError("The SQLite database URL names no file: write it like sqlite+aiosqlite:///data/clinic.db.")
    return parsed


def _engine(url: URL, dialect: Literal["sqlite", "postgresql"]) -> AsyncEngine:
    try:
        if dialect == "postgresql":
            return create_async_engine(
                url,
                pool_pre_ping=True,
                pool_size=10,
                hide_parameters=True,
                connect_args={"timeout": _CONNECT_SECONDS},
            )
        engine = create_async_engine(
            url,
            pool_size=8,
            max_overflow=0,
            pool_use_lifo=True,  # who was used last has the newest pages in its cache
            pool_timeout=BUSY_SECONDS * 3,
            hide_parameters=True,
            module=InlineDriver(),
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise StorageError(
            f"The driver for {url.drivername}:// is not installed: pip install 'clinic-bot[postgres]'."
        ) from None
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    # busy_timeout first: switching to WAL needs a lock that another connection may hold for a moment.
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    conn.exec_driver_sql(conn.get_execution_options().get("begin", "BEGIN"))


def _make_file(path: Path) -> None:
    """Makes an empty database file for its user alone: health data must not be born readable by all.

    A file that is there is not even opened: closing any descriptor of it would take away all the locks that SQLite
    holds on it in this process, and the next process to leave would delete the WAL under our feet ("How To Corrupt An
    SQLite Database File", 2.2). StorageError when it cannot be made, read or written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        fault = errno.EISDIR if path.is_dir() else 0 if os.access(path, os.R_OK | os.W_OK) else errno.EACCES
        if fault:
            raise StorageError(f"The database file {path} cannot be opened: {os.strerror(fault)}.") from None
    except OSError as error:
        raise StorageError(f"The database file {path} cannot be opened: {error.strerror}.") from error


def _unreachable(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, TimeoutError):
        return f"no answer in {_CONNECT_SECONDS} seconds"
    return error.strerror or str(error)


@cache
def _head() -> str | None:
    """The newest revision; all files of the migrations are read for it."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
