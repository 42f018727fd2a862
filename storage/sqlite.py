"""SQLite beside the event loop: what may wait does so in a thread, what is over at once does not go there.

aiosqlite's thread and SQLAlchemy's asyncio dialect as they are, but for how a statement gets to SQLite: at once, or in
one passage to the thread, where theirs takes four (docs/performance.md).
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar, cast

import aiosqlite
import structlog
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util.concurrency import await_, in_greenlet

BUSY_SECONDS: Final = 10
"""How long somebody waits for another process' lock."""
# A passage to the thread and back costs the processor five times what most statements do. What lately took more of the
# processor than so many seconds goes to the thread all the same: nobody else shall wait for it.
_AT_ONCE: Final = 0.001
# The same for COMMIT, which waits for the disk: seconds by the clock.
_COMMIT_AT_ONCE: Final = 0.002
# The WAL is moved into the file after so many changed rows, some ten megabytes: in the thread, because that waits for
# the disk for longer than a commit does.
_CHANGES_IN_WAL: Final = 1000
WAL_PAGES: Final = 10_000
"""A commit itself moves the WAL from so many pages on, forty megabytes: of processes that change too little each."""
_MOST_KNOWN: Final = 1000
_BEGIN: Final = "BEGIN IMMEDIATE"
_WAITING: Final = (_BEGIN, "PRAGMA", "VACUUM")  # for the write lock, or for the whole file

_T = TypeVar("_T")

_log: Final = structlog.get_logger(__name__)


class InlineConnection(aiosqlite.Connection):
    """A connection with a thread for what would wait for another process, or lately took long."""

    _seconds: Final[dict[str, float]] = {}  # of processor time that each statement takes, as lately seen
    _commit_seconds = 0.0  # that commits lately took
    _unmoved = 0  # rows that this process changed, on all its connections, since the WAL was moved

    def __init__(self, path: str, **options: Any) -> None:
        """`options` as `sqlite3.connect` has them."""
        # Several threads may use it, but never at a time: nothing is done here while anything is under way there.
        super().__init__(partial(sqlite3.connect, path, **options | {"check_same_thread": False}), iter_chunk_size=64)
        self._thread.daemon = True  # a connection that was lost must not keep the program from ending
        self._sent = self._done = 0
        self._counted = 0

    @property
    def resting(self) -> bool:
        """Whether nothing is under way in the thread."""
        return self._running and self._connection is not None and self._sent == self._done

    def new_cursor(self) -> sqlite3.Cursor:
        """A cursor of the driver's own."""
        return self._conn.cursor()

    async def statement(self, statement: str, act: Callable[[], _T]) -> _T | None:
        """What running this statement gives."""
        if statement == _BEGIN and self.resting and self._begins():
            return None
        quick = not statement.startswith(_WAITING) and self._seconds.get(statement, 0.0) <= _AT_ONCE
        return await self.do(partial(self._timed, statement, act), quick=quick)

    async def commit(self) -> None:
        """Here unless one of the last waited for long."""
        if self.resting and InlineConnection._commit_seconds <= _COMMIT_AT_ONCE:
            InlineConnection._commit_seconds = self._timed_commit()
        else:  # there it waits for the interpreter, too, and seems several times longer than the disk takes
            taken = await self.do(self._timed_commit, quick=False)
            InlineConnection._commit_seconds = max(InlineConnection._commit_seconds * 7 / 8, taken / 8)
        changes = self._conn.total_changes
        InlineConnection._unmoved += changes - self._counted
        self._counted = changes
        if InlineConnection._unmoved >= _CHANGES_IN_WAL:
            InlineConnection._unmoved = 0
            try:
                await self.do(self._move_wal, quick=False)
            except sqlite3.Error as error:  # what was committed lies in the WAL; it is moved the next time
                _log.warning("The WAL could not be moved into the database file", reason=str(error))

    async def rollback(self) -> None:
        """Never waits."""
        await self.do(self._conn.rollback, quick=True)

    async def do(self, act: Callable[[], _T], *, quick: bool) -> _T:
        """Here if it is quick and nothing is under way there, else there."""
        return act() if quick and self.resting else cast("_T", await self._execute(act))

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._sent += 1
        return await super()._execute(self._there, fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _there(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        finally:
            self._done += 1  # only the thread writes it, as only the loop does `_sent`

    def _begins(self) -> bool:
        """Takes the write lock if nobody has it; False: it is to be waited for, and not here."""
        self._conn.execute("PRAGMA busy_timeout = 0")
        try:
            self._conn.execute(_BEGIN)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # its extended codes say the same
                raise
            return False
        finally:
            self._conn.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        return True

    def _timed_commit(self) -> float:
        """Commits; how many seconds by the clock that took."""
        began = time.perf_counter()
        self._conn.commit()
        return time.perf_counter() - began

    def _timed(self, statement: str, act: Callable[[], _T]) -> _T:
        began = time.thread_time()
        try:
            return act()
        finally:
            taken = time.thread_time() - began
            before = self._seconds.get(statement, taken)
            if len(self._seconds) >= _MOST_KNOWN:
                self._seconds.clear()
            self._seconds[statement] = before + (taken - before) / 8

    def _move_wal(self) -> None:
        self._conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # else it stays under way


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """Runs a statement and fetches all its rows in one go."""

    __slots__ = ()

    def _make_new_cursor(self, connection: Any) -> Any:
        return connection.new_cursor()  # the driver's own, not aiosqlite's about it

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    def execute(self, operation: Any, parameters: Any = None) -> None:
        self._run(operation, partial(self._cursor.execute, operation, parameters or ()))

    def executemany(self, operation: Any, seq_of_parameters: Any) -> None:
        self._run(operation, partial(self._cursor.executemany, operation, seq_of_parameters))

    def close(self) -> None:
        self._rows.clear()
        if self._inline.resting:
            self._own.close()
        elif in_greenlet():  # else it is collected, and the driver closes it
            await_(self._inline.do(self._own.close, quick=False))

    async def _async_soft_close(self) -> None:
        """All rows are here already: `close` does it."""

    def _run(self, operation: str, execute: Callable[[], object]) -> None:
        cursor = self._own

        def rows() -> deque[Any]:
            execute()
            return deque(cursor.fetchall() if cursor.description else ())

        try:
            awaited: Any = await_(self._inline.statement(operation, rows))
            self._rows = awaited or deque()
        except Exception as error:
            self._adapt_connection._handle_exception(error)  # noqa: SLF001 - as its base class does

    @property
    def _inline(self) -> InlineConnection:
        return cast("InlineConnection", self._connection)

    @property
    def _own(self) -> sqlite3.Cursor:
        return cast("sqlite3.Cursor", self._cursor)


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = _Cursor


class InlineDriver(AsyncAdapt_aiosqlite_dbapi):
    """The driver as SQLAlchemy takes it: `create_async_engine(…, module=InlineDriver())`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *args: Any, **options: Any) -> AsyncAdapt_aiosqlite_connection:
        """A connection; `options` as `sqlite3.connect` has them."""
        made: Any = await_(InlineConnection(*args, **options))
        return _Connection(self, made)
