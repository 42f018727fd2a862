"""Opens the database for a process: with the tables this version needs, and on SQLite for one bot alone."""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from storage.database import Database
from storage.errors import StorageError
from storage.presence import free_what_was_held


@asynccontextmanager
async def opened_for_bot(url: str) -> AsyncIterator[Database]:
    """The bot's database. Raises StorageError.

    SQLite is upgraded here, and one bot process has it to itself: what a dead one held is free then. On PostgreSQL
    the operator says when to upgrade.
    """
    async with _opened(url) as database:
        with alone_on(database.path):
            await _make_current(database)
            if database.dialect == "sqlite":
                await free_what_was_held(database)
            yield database


@asynccontextmanager
async def opened_for_api(url: str) -> AsyncIterator[Database]:
    """The database for one of any number of HTTP processes, beside a bot or not. Raises StorageError.

    SQLite is upgraded here too: whoever starts first does it, the others wait and find nothing to do.
    """
    async with _opened(url) as database:
        await _make_current(database)
        yield database


@asynccontextmanager
async def opened_for_operator(url: str) -> AsyncIterator[Database]:
    """The database for one command beside a bot that may be running. Raises StorageError."""
    async with _opened(url) as database:
        await _check(database)
        yield database


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.dispose()


async def _make_current(database: Database) -> None:
    if database.dialect == "sqlite" and not await database.is_current():
        await database.upgrade()
    await _check(database)


async def _check(database: Database) -> None:
    if not await database.is_current():
        raise StorageError(
            f"The tables of {database.name} are not those of this version: run `python -m bot db upgrade`."
        )


@contextmanager
def alone_on(path: Path | None) -> Iterator[None]:
    """Holds the lock file beside a SQLite database; the system frees it even when the process is killed.

    None: there is no file to be alone on. Raises StorageError while another bot holds it.
    """
    if path is None:
        yield
        return
    lock = path.with_name(f"{path.name}.lock")
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"The database file {path} cannot be opened: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StorageError(
                f"Another bot process is using {path}: stop it first, or use PostgreSQL for several."
            ) from None
        yield
    finally:
        os.close(descriptor)
