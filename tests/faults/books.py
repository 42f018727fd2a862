"""What lies in the database after a run, read without a line of the product's own storage code."""

import asyncio
import sqlite3
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

Row = dict[str, Any]

_SETTLED: Final = """
    SELECT (SELECT count(*) FROM inbox WHERE done_at IS NULL AND parked_at IS NULL) AS updates,
           (SELECT count(*) FROM chats WHERE pending IS NOT NULL) AS answers,
           (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dead_at IS NULL) AS notices,
           (SELECT count(*) FROM audit WHERE number IS NULL) AS entries
"""


async def rows(database_url: str, sql: str) -> list[Row]:
    """What a query gives. Raises OSError, sqlite3.Error or asyncpg.PostgresError while the database is away."""
    url = urlsplit(database_url)
    if url.scheme.startswith("sqlite"):
        return await asyncio.to_thread(_of_sqlite, unquote(url.path[1:]), sql)
    conn = await asyncpg.connect(
        host=parse_qs(url.query)["host"][0], user="postgres", database=url.path[1:], timeout=10
    )
    try:
        return [dict(row) for row in await conn.fetch(sql)]
    finally:
        await conn.close()


async def settled(database_url: str, *, within: float) -> None:
    """Waits until nothing is left to be handled, shown, sent or sealed. Seconds.

    Raises TimeoutError, which says what is left.
    """
    left: Row = {}
    try:
        async with asyncio.timeout(within):
            while any((left := (await rows(database_url, _SETTLED))[0]).values()):
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise TimeoutError(f"after {within} s there are still: {left}") from None


async def shown(database_url: str, person_id: int) -> None:
    """Waits until the bot has nothing left to show a person, and knows that it was: none of it comes a second time."""
    pending = f"SELECT count(*) AS answers FROM chats WHERE person_id = {person_id} AND pending IS NOT NULL"
    while True:
        with suppress(OSError, sqlite3.Error, asyncpg.PostgresError):
            if not (await rows(database_url, pending))[0]["answers"]:
                return
        await asyncio.sleep(0.1)


def _of_sqlite(path: str, sql: str) -> list[Row]:
    conn = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        conn.row_factory = sqlite3.Row
        return [dict(row) for row in conn.execute(sql)]
    finally:
        conn.close()
