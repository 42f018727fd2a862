"""An upgrade keeps what people have: from the very first tables on, with rows in them, and from one step back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, MetaData, Table, func, insert, select

from storage.database import Database, _alembic
from storage.tables import metadata
from tests.storage.test_migrations import empty, empty_url

__all__ = ["empty", "empty_url"]  # fixtures

pytestmark = pytest.mark.slow
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIRST: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "accounts": tuple(
        {"id": number, "role": role, "state": "active", "name": name, "sex": "undisclosed", "pseudonym": f"x{number}"}
        | {"phone": f"1380000000{number}", "created_at": NOW, "updated_at": NOW}
        for number, role, name in ((1, "patient", "李雷"), (2, "doctor", "王芳"))
    ),
    "consents": tuple(
        {"id": number, "account_id": 1, "kind": "privacy", "version": 1, "channel": "bot", "given_at": NOW}
        for number in (1, 2)  # given twice at once, which could happen then
    ),
    "outbox": tuple(
        {"telegram_user_id": number, "account_id": 1, "kind": "logged_in", "params": {"where": "x"}}
        | {"created_at": NOW, "due_at": NOW}
        for number in (11, 12)  # told in both of the account's chats
    ),
    "sessions": (
        {"id": "s", "account_id": 1, "telegram_user_id": 11, "channel": "bot", "jti": "j"}
        | {"created_at": NOW, "last_used_at": NOW, "expires_at": NOW},
    ),
}
LATER: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "inbox": ({"bot_id": 1, "update_id": 5, "person_id": 11, "payload": b"sealed", "received_at": NOW},),
    "chats": ({"person_id": 11, "revision": 3, "draft": b"sealed", "keyboard": True, "updated_at": NOW},),
    "hospitals": ({"id": 1, "name": "协和医院"},),
    "profiles": ({"account_id": 2, "hospital_id": 1, "medical_history": None, "address": "北京"},),
    "submissions": (
        {"id": 1, "number": "ABC234", "account_id": 2, "state": "pending", "version": 1, "appeal": False}
        | {"created_at": NOW, "updated_at": NOW},
    ),
}


async def fill(database: Database, rows: Mapping[str, tuple[Mapping[str, Any], ...]]) -> None:
    """Puts rows into the tables as they are now, not as the code knows them."""

    def put(conn: Connection) -> None:
        for name, all_of_it in rows.items():
            table = Table(name, MetaData(), autoload_with=conn)
            now = NOW.replace(tzinfo=None) if conn.dialect.name == "sqlite" else NOW
            for row in all_of_it:
                values = {key: now if value is NOW else value for key, value in row.items()}
                conn.execute(insert(table).values(values))

    async with database.write() as conn:
        await conn.run_sync(put)


async def read(database: Database, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of all rows, as the code of today reads them."""
    known = metadata.tables[table]
    async with database.read() as conn:
        found = await conn.execute(select(*(known.c[name] for name in columns)).order_by(*known.primary_key))
        return [tuple(row) for row in found]


async def test_what_stood_in_the_first_tables_is_there_after_all_upgrades(empty: Database) -> None:
    await empty.upgrade("0001")
    await fill(empty, FIRST)
    await empty.upgrade("0006")
    await fill(empty, LATER)
    await empty.upgrade()

    assert await empty.is_current()
    assert await read(empty, "accounts", "name", "phone") == [("李雷", "13800000001"), ("王芳", "13800000002")]
    assert await read(empty, "sessions", "account_id", "expires_at") == [(1, NOW)]
    assert await read(empty, "inbox", "update_id", "payload", "claimed_by") == [(5, b"sealed", None)]
    assert await read(empty, "chats", "person_id", "draft", "showing_by") == [(11, b"sealed", None)]
    assert await read(empty, "profiles", "address", "avatar_photo") == [("北京", None)]
    # What an upgrade makes of them:
    assert await read(empty, "consents", "id") == [(1,)]  # one standing consent of a kind and version
    assert await read(empty, "news", "account_id", "params", "read_at") == [(1, {"where": "x"}, NOW)]
    assert await read(empty, "submissions", "name", "queued_at") == [("王芳", NOW)]  # it waits in the queue
    [(found_by,)] = await read(empty, "hospitals", "found_by")
    assert "xhyy" in found_by


async def test_one_step_back_and_forth_again_keeps_what_both_know(empty: Database) -> None:
    await empty.upgrade("0001")
    await fill(empty, FIRST)
    await empty.upgrade()
    await empty.downgrade("-1")
    assert not await empty.is_current()
    await empty.upgrade()
    async with empty.read() as conn:
        for name, rows in FIRST.items():
            kept = len(rows) - (name == "consents")
            assert await conn.scalar(select(func.count()).select_from(metadata.tables[name])) == kept


async def test_an_upgrade_that_is_cut_off_changes_nothing(empty: Database) -> None:
    """Whoever is killed in the middle: all steps are one transaction."""
    await empty.upgrade("0001")
    await fill(empty, FIRST)
    with pytest.raises(ZeroDivisionError):
        async with empty.write() as conn:
            await conn.run_sync(_upgrade_and_fail)
    assert await empty.revision() == "0001"
    assert await read(empty, "accounts", "name") == [("李雷",), ("王芳",)]
    await empty.upgrade()
    assert await empty.is_current()


def _upgrade_and_fail(conn: Connection) -> None:
    command.upgrade(_alembic(conn), "head")
    raise ZeroDivisionError
