"""Copies of a SQLite database: taken while it is used, put back while it is not (docs/operations.md)."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from storage.database import Database
from storage.errors import StorageError
from storage.opening import alone_on


async def back_up(database: Database, target: Path) -> None:
    """Copies the database as it is at this moment to `target`, a new file for its user alone, and checks the copy.

    Nobody who writes has to wait. Raises StorageError: not SQLite, no tables, `target` is there already, disk full.
    """
    path = database.path
    if path is None:
        raise StorageError(
            f"{database.name} is backed up by PostgreSQL's own tools: `pg_dump --format=custom --file=FILE URL`."
        )
    if await database.revision() is None:
        raise StorageError(f"{path} has no tables yet: there is nothing to back up.")
    await asyncio.to_thread(_copy, path, target)


async def put_back(database: Database, source: Path) -> None:
    """Makes the database out of a copy. Raises StorageError, also while a bot runs on it or its file is there still.

    Nothing may lie there: SQLite would apply a WAL that is left over to the file that it does not belong to.
    """
    path = database.path
    if path is None:
        raise StorageError(f"{database.name} is put back by PostgreSQL's own tools: `pg_restore --dbname=URL FILE`.")
    with alone_on(path):
        left = [str(file) for file in _files_of(path) if file.exists()]
        if left:
            raise StorageError(
                f"{' and '.join(left)} must not be there: stop the bot and the API, then move what is left "
                "of the old database away, all of it."
            )
        await asyncio.to_thread(_copy, source, path)


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all: it gets its name only when it is found sound and lies on the disk."""
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise StorageError(f"{part} is left of another copy: see that none is under way, then delete it.") from None
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}.") from None
    try:
        _copy_pages(source, part)
        _make_lasting(part)
        os.link(part, target)  # fails where renaming would overwrite
        _make_lasting(target.parent)
    except sqlite3.Error as error:
        raise StorageError(f"{source} cannot be copied to {target}: {error}.") from None
    except FileExistsError:
        raise StorageError(f"{target} is there already, and is not overwritten: give another name.") from None
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        for file in _files_of(part):
            file.unlink(missing_ok=True)


def _copy_pages(source: Path, part: Path) -> None:
    # Read-only: a slip of the pen must not make the source. All pages in one go, so that they are of one moment.
    reading = f"{source.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(reading, uri=True)) as old,
        closing(sqlite3.connect(part, isolation_level=None)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")  # one file, without a WAL beside it
        (found,) = new.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise StorageError(f"{source} is damaged, and so would be its copy: {found}.")


def _files_of(path: Path) -> list[Path]:
    """A database's file, and those that SQLite keeps beside it."""
    return [path, *(path.with_name(path.name + end) for end in ("-journal", "-wal", "-shm"))]


def _make_lasting(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
