"""What a bot that is gone held, and what a clock that was ahead wrote: nobody waits for either."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select

from storage import leases
from storage.database import Database
from storage.opening import opened_for_bot
from storage.tables.accounts import outbox
from storage.tables.updates import chats, inbox
from storage.wrong_clock import put_right
from tests.databases import copy_sqlite

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOON, AHEAD = NOW + timedelta(seconds=10), NOW + timedelta(days=2)
NOTICE = {"telegram_user_id": 5, "kind": "k", "params": {}, "attempts": 1}
CHAT = {"revision": 1, "keyboard": False, "pending": b"sealed", "updated_at": NOW}


async def fill(database: Database, table: Table, *rows: dict[str, Any]) -> None:
    async with database.write() as conn:
        await conn.execute(insert(table), list(rows))


async def column(database: Database, wanted: Any) -> Sequence[Any]:
    async with database.read() as conn:
        return (await conn.execute(select(wanted).order_by(*wanted.table.primary_key.columns))).scalars().all()


async def test_a_bot_on_sqlite_begins_with_all_that_a_dead_one_held(sqlite_template: Path, tmp_path: Path) -> None:
    url = copy_sqlite(sqlite_template, tmp_path / "clinic.db")
    before = Database(url)
    await fill(
        before, inbox, {"bot_id": 1, "update_id": 1, "received_at": NOW, "claimed_by": "x", "claimed_until": AHEAD}
    )
    await fill(before, chats, {**CHAT, "person_id": 5, "showing_by": "x", "showing_until": AHEAD})
    await fill(before, outbox, {**NOTICE, "created_at": NOW, "due_at": NOW, "claimed_until": AHEAD})
    async with before.write() as conn:
        await leases.take(conn, "jobs", "x", NOW, AHEAD)
    await before.dispose()
    async with opened_for_bot(url) as database:
        for held in (inbox.c.claimed_until, chats.c.showing_until, outbox.c.claimed_until):
            assert await column(database, held) == [None]
        async with database.write() as conn:
            assert await leases.take(conn, "jobs", "y", NOW, SOON)


async def test_claims_of_a_clock_that_was_ahead_end_and_others_stay(database: Database) -> None:
    for number, until in enumerate((SOON, AHEAD), start=1):
        await fill(database, inbox, {"bot_id": 1, "update_id": number, "received_at": NOW, "claimed_until": until})
        await fill(database, chats, {**CHAT, "person_id": number, "showing_until": until})
        await fill(database, outbox, {**NOTICE, "created_at": NOW, "due_at": NOW, "claimed_until": until})
    async with database.write() as conn:
        await put_right(conn, NOW)
    for claim in (inbox.c.claimed_until, chats.c.showing_until, outbox.c.claimed_until):
        assert await column(database, claim) == [SOON, None]


async def test_a_notice_of_a_clock_that_was_ahead_is_due_as_if_written_now(database: Database) -> None:
    day = timedelta(days=1)
    await fill(
        database,
        outbox,
        {**NOTICE, "created_at": AHEAD, "due_at": AHEAD},
        {**NOTICE, "created_at": AHEAD, "due_at": AHEAD + day},
        {**NOTICE, "created_at": NOW, "due_at": AHEAD},
    )
    async with database.write() as conn:
        await put_right(conn, NOW)
    assert await column(database, outbox.c.due_at) == [NOW, NOW + day, AHEAD]


async def test_a_lease_of_a_clock_that_was_ahead_is_anybodys(database: Database) -> None:
    async with database.write() as conn:
        assert await leases.take(conn, "jobs", "dead", AHEAD, AHEAD + timedelta(seconds=40))
        assert await leases.is_free(conn, "jobs", "one", NOW, SOON)
        assert await leases.take(conn, "jobs", "one", NOW, SOON)
        assert not await leases.is_free(conn, "jobs", "two", NOW, SOON)
        assert not await leases.take(conn, "jobs", "two", NOW, SOON)
