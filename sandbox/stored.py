"""What a bot keeps, as far as one may look without knowing the bot: the tables of an SQLite file and their rows.

The file is only read. Bytes are shown as their number, for a bot that guards its people seals them; and so is a text
whose column is named like a secret, or that looks like one: a hash or a key opens an account for whoever sees it.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MOST_ROWS = 200
LONGEST_TEXT = 200

_SECRET_WORDS = frozenset(
    {"code", "codes", "digest", "hash", "hashes", "jti", "key", "keys", "likeness", "mac", "otp", "password"}
    | {"pepper", "pin", "salt", "secret", "secrets", "sha256", "sid", "token", "tokens", "totp"}
)
# Letters with digits, or large with small ones, in a piece longer than what people write. Addresses are cut at slashes.
_PIECE = re.compile(r"[A-Za-z0-9_+/=-]{20,}")
_MIXED = (re.compile(r"[A-Za-z].*[0-9]|[0-9].*[A-Za-z]"), re.compile(r"[A-Z].*[a-z]|[a-z].*[A-Z]"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as it may be seen.

    Attributes:
        kind: ``text`` has its text; ``sealed`` (bytes) and ``hidden`` (a secret's text) have only their length.
    """

    column: str
    kind: Literal["empty", "text", "sealed", "hidden"]
    text: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row and the number SQLite knows it by."""

    id: int
    cells: list[Cell]


def row_counts(database: Path) -> dict[str, int]:
    """Table name to rows; empty while there is no such file, or it is being made."""
    try:
        with closing(_opened(database)) as connection:
            return {name: _count(connection, name) for name in _tables(connection)}
    except sqlite3.Error:
        return {}


def newest_rows(database: Path, table: str, limit: int) -> list[Row]:
    """The rows of a table, the newest first, at most `limit` and `MOST_ROWS`; none of a table that is not there."""
    try:
        with closing(_opened(database)) as connection:
            if table not in _tables(connection):
                return []
            # A table's name cannot be bound; it comes from the file itself, quoted.
            query = f"SELECT rowid, * FROM {_quoted(table)} ORDER BY rowid DESC LIMIT ?"  # noqa: S608
            found = connection.execute(query, (max(0, min(limit, MOST_ROWS)),))
            columns = [column[0] for column in found.description[1:]]
            return [Row(row[0], [_cell(*pair) for pair in zip(columns, row[1:], strict=True)]) for row in found]
    except sqlite3.Error:
        return []


def _opened(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
    connection.text_factory = lambda content: content.decode(errors="replace")
    return connection


def _tables(connection: sqlite3.Connection) -> list[str]:
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return [name for (name,) in names]


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])  # noqa: S608


def _quoted(table: str) -> str:
    return '"' + table.replace('"', '""') + '"'


def _cell(column: str, value: object) -> Cell:
    if value is None:
        return Cell(column, "empty")
    if isinstance(value, bytes):
        return Cell(column, "sealed", length=len(value))
    text = str(value)
    if _SECRET_WORDS.intersection(column.lower().split("_")) or _looks_secret(text):
        return Cell(column, "hidden", length=len(text))
    return Cell(column, "text", text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…", len(text))


def _looks_secret(text: str) -> bool:
    parts = text.split("/") if "://" in text else [text]
    pieces = [piece for part in parts for piece in _PIECE.findall(part)]
    return any(mixed.search(piece) for mixed in _MIXED for piece in pieces)
