"""What a bot keeps, as far as one may look without knowing the bot: an SQLite file's tables and their rows' number.

The file is only read. Of what stands in the rows nothing is shown.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def row_counts(database: Path) -> dict[str, int]:
    """Table name to rows; empty while there is no such file, or it is being made."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            )
            return {name: _count(connection, name) for (name,) in names.fetchall()}
    except sqlite3.Error:
        return {}


def _count(connection: sqlite3.Connection, table: str) -> int:
    quoted = '"' + table.replace('"', '""') + '"'
    # A table's name cannot be bound; it comes from the file itself, quoted.
    return int(connection.execute(f"SELECT count(*) FROM {quoted}").fetchone()[0])  # noqa: S608
