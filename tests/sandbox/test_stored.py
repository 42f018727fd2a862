"""The look at what a bot keeps."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import Sandbox
from sandbox.server import serve
from sandbox.stored import newest_rows, row_counts

BCRYPT = "$2b$12$WDYEL2v1yhCQjpaZGLHO5utxKdS2HjJJutRAQ7O3SSS43Oqvrm6wG"


def make(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute('CREATE TABLE "odd ""name/?#" (secret TEXT)')
        connection.execute('INSERT INTO "odd ""name/?#" VALUES (1234)')
        connection.execute("CREATE TABLE people (name TEXT, notes BLOB, password_hash TEXT, age INTEGER)")
        people = [("李雷", b"sealed note", "short", 30), ("韩梅梅", None, None, None)]
        connection.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", people)


async def test_tables_are_counted_and_their_rows_shown_the_newest_first(tmp_path: Path) -> None:
    make(tmp_path / "bot.db")
    async with serve(people=(), database=tmp_path / "bot.db") as served, Sandbox.connect(served.url) as sandbox:
        assert await sandbox.stored() == {'odd "name/?#': 1, "people": 2}
        assert await sandbox.stored_rows('odd "name/?#') == [{"secret": "(hidden, 4)"}]
        newest, oldest = await sandbox.stored_rows("people")
        assert newest == {"name": "韩梅梅", "notes": None, "password_hash": None, "age": None}
        assert oldest == {"name": "李雷", "notes": "(sealed, 11)", "password_hash": "(hidden, 5)", "age": "30"}
        assert await sandbox.stored_rows("people", limit=1) == [newest]
        assert await sandbox.stored_rows("sqlite_master") == []


async def test_without_a_database_there_is_nothing_to_see(sandbox: Sandbox) -> None:
    assert await sandbox.stored() == {}
    assert await sandbox.stored_rows("people") == []


def test_a_file_that_is_missing_or_no_database_shows_nothing_and_is_left_alone(tmp_path: Path) -> None:
    assert row_counts(tmp_path / "none.db") == {}
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("no database")
    assert row_counts(tmp_path / "text.db") == {}
    assert newest_rows(tmp_path / "text.db", "people", 5) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("token", "x"),
        ("recovery_code", 123456),
        ("number_hash", "ab"),
        ("mac", "k1:ab"),
        ("found", BCRYPT),
        ("said", f"it is {BCRYPT[10:]}"),
        ("link", "https://example.org/reset/8hTz2Q9wXk4LmN6pRs7V"),
        ("id", "JxVCFqSxbzaaQlXPhYdikw"),
        ("id", "0f8fad5b-d9cb-469f-a165-70867728950e"),
    ],
)
def test_what_is_named_like_a_secret_or_looks_like_one_is_hidden(tmp_path: Path, column: str, value: Any) -> None:
    assert _shown(tmp_path, column, value) == ("hidden", "")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-11-21 14:13:00.260667"),
        ("name", "示例市妇女儿童医院 slsfnetyy"),
        ("avatar_url", "https://example.org/people/li-lei-2026.jpg"),
        ("email", "li.lei2026@example.org"),
        ("params", '{"submission": "C-7K2M9Q"}'),
        ("person_id", 5000000001),
        ("state", "needs_resubmit_by_the_doctor"),
    ],
)
def test_what_people_tell_is_shown(tmp_path: Path, column: str, value: Any) -> None:
    assert _shown(tmp_path, column, value) == ("text", str(value))


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    assert _shown(tmp_path, "error", "x " * 300) == ("text", "x " * 100 + "…")


def _shown(folder: Path, column: str, value: Any) -> tuple[str, str]:
    with closing(sqlite3.connect(folder / "bot.db")) as connection, connection:
        connection.execute(f"CREATE TABLE one ({column})")
        connection.execute("INSERT INTO one VALUES (?)", (value,))
    ((cell,),) = [row.cells for row in newest_rows(folder / "bot.db", "one", 5)]
    return cell.kind, cell.text
