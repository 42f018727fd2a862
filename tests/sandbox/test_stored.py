"""The look at what a bot keeps."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sandbox.client import Sandbox
from sandbox.server import serve
from sandbox.stored import row_counts


def make(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute('CREATE TABLE "odd ""name" (secret TEXT)')
        connection.execute("CREATE TABLE people (name TEXT)")
        connection.executemany("INSERT INTO people VALUES (?)", [("李雷",), ("韩梅梅",)])


async def test_tables_are_counted_and_nothing_of_their_rows_is_told(tmp_path: Path) -> None:
    make(tmp_path / "bot.db")
    async with serve(people=(), database=tmp_path / "bot.db") as served, Sandbox.connect(served.url) as sandbox:
        assert await sandbox.request("GET", "/stored") == {'odd "name': 0, "people": 2}


async def test_without_a_database_there_is_nothing_to_count(sandbox: Sandbox) -> None:
    assert await sandbox.request("GET", "/stored") == {}


def test_a_file_that_is_missing_or_no_database_counts_nothing_and_is_left_alone(tmp_path: Path) -> None:
    assert row_counts(tmp_path / "none.db") == {}
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("no database")
    assert row_counts(tmp_path / "text.db") == {}
