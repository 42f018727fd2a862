"""What the database tells by itself: PostgreSQL's NOTIFY, by the triggers on what somebody waits for."""

import asyncio
from collections.abc import Callable

from sqlalchemy import text

from storage import presence
from storage.database import Database

_CHANNEL = "clinic"
_CHECK_EVERY = 30.0  # seconds; a connection that died in silence is found so
_ANSWER = 10.0  # seconds

Heard = Callable[[str, bool], None]
"""Called with the table that has something new, and whether a transaction of this process put it there."""


async def listen(database: Database, heard: Heard, *, ready: Callable[[], None], first: bool) -> None:
    """Listens until its connection ends; raises StorageError, OSError or TimeoutError then.

    By this connection others see that this process lives; `first`: it has just begun, and holds nothing yet.
    `ready` is called once it listens: what was written before was not heard.
    """
    ended = asyncio.Event()

    def on_notice(_connection: object, backend: int, _channel: str, table: str) -> None:
        heard(table, database.is_own(backend))

    async with database.standing() as conn:
        raw = await conn.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        driver.add_termination_listener(lambda _connection: ended.set())
        await driver.add_listener(_CHANNEL, on_notice)
        await (presence.enter(database, conn) if first else presence.come_back(conn))
        ready()
        while not ended.is_set():
            try:
                async with asyncio.timeout(_CHECK_EVERY):  # not wait_for, which may forget that it was cancelled
                    await ended.wait()
            except TimeoutError:
                async with asyncio.timeout(_ANSWER):
                    await conn.execute(text("SELECT 1"))


async def tell(database: Database, what: str) -> None:
    """Has every listening process hear of something that is in no table of its own. Raises StorageError."""
    async with database.write() as conn:
        await conn.execute(text("SELECT pg_notify(:channel, :what)"), {"channel": _CHANNEL, "what": what})
