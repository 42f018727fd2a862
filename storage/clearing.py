"""Clears out of a SQLite database's files what its tables do not hold any more (SECURITY.md Privacy).

Deleted rows are overwritten (secure_delete), but their bytes still lie in the WAL until it is emptied, and in gaps of
pages from which SQLite has moved them to others: of 500 deleted among 2,000, two could still be read in the file.
Only writing the file anew takes the latter away.
"""

import sqlite3
from pathlib import Path
from typing import Final

import aiosqlite

from storage.database import Database
from storage.errors import StorageError

_SHORT_WAIT: Final = 1.0  # seconds that writers may have to wait for readers to end: it is tried again soon
_LONG_WAIT: Final = 10.0


async def empty_wal(database: Database) -> bool:
    """Moves what the WAL holds into the file and cuts it to nothing; False when somebody was still reading it.

    For SQLite alone: on PostgreSQL nothing is done, and that is True. Raises StorageError.
    """
    return database.path is None or await _emptied(database.path, _SHORT_WAIT)


async def write_anew(database: Database) -> None:
    """Writes the whole file anew, only with what the tables hold; everybody who writes waits meanwhile.

    Some seconds a gigabyte, and twice its room on disk for as long. For SQLite alone; on PostgreSQL nothing is done.
    Raises StorageError, also when somebody was reading too long.
    """
    if database.path is None:
        return
    async with database.alone():
        await _execute(database.path, "VACUUM", _LONG_WAIT)
    if not await _emptied(database.path, _LONG_WAIT):
        raise StorageError(f"The WAL of {database.name} cannot be emptied: somebody is reading.")


async def _emptied(path: Path, wait: float) -> bool:
    busy, *_ = (await _execute(path, "PRAGMA wal_checkpoint(TRUNCATE)", wait))[0]
    return not busy


async def _execute(path: Path, statement: str, wait: float) -> list[sqlite3.Row]:
    """On a connection of its own: neither may be inside a transaction."""
    try:
        async with aiosqlite.connect(path, timeout=wait, isolation_level=None) as conn:
            return list(await conn.execute_fetchall(statement))
    except sqlite3.Error as error:
        raise StorageError(f"The database file {path} cannot be cleared out: {error}.") from error
