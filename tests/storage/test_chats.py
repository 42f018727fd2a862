"""Where each chat stands: who moved it last wins, and only once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from storage import chats
from storage.chats import ChatRow
from storage.database import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)


def row(person: int, revision: int = 1, pending: bytes | None = None, **fields: object) -> ChatRow:
    made = ChatRow(
        person_id=person,
        language="zh",
        revision=revision,
        flow=None,
        draft_of=None,
        draft=None,
        expires_at=None,
        message_id=None,
        keyboard=False,
        listed=None,
        secret_until=None,
        pending=pending,
        blocked_at=None,
        updated_at=NOW,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


async def save(database: Database, *rows: ChatRow) -> set[int]:
    async with database.write() as conn:
        return await chats.save(conn, rows)


async def get(database: Database, person: int) -> ChatRow:
    async with database.read() as conn:
        return (await chats.get(conn, [person]))[person]


async def test_many_chats_are_written_in_one_go(database: Database) -> None:
    assert await save(database, row(1), row(2)) == {1, 2}
    assert await save(database, row(1, 2), row(2, 2), row(3)) == {1, 2, 3}


async def test_who_worked_from_an_older_revision_loses(database: Database) -> None:
    await save(database, row(1))
    await save(database, row(1, 2, language="en"))
    assert await save(database, row(1, 2, language="zh")) == set()
    assert (await get(database, 1)).language == "en"


async def test_of_two_that_make_the_same_chat_one_wins(database: Database) -> None:
    wins = await asyncio.gather(*(save(database, row(1)) for _ in range(10)))
    assert sorted(len(won) for won in wins) == [0] * 9 + [1]


async def test_what_is_not_shown_yet_is_found_and_noted_once_shown(database: Database) -> None:
    await save(database, row(1, pending=b"sealed"), row(2))
    async with database.write() as conn:
        assert [found.person_id for found in await chats.take_left(conn, NOW, worker="one", until=LATER)] == [1]
        await chats.shown(conn, [(1, 1, 77, None)])
    shown = await get(database, 1)
    assert (shown.message_id, shown.pending) == (77, None)


async def test_a_note_of_an_older_revision_changes_nothing(database: Database) -> None:
    await save(database, row(1))
    await save(database, row(1, 2, pending=b"sealed"))
    async with database.write() as conn:
        await chats.shown(conn, [(1, 1, 77, None)])
    assert (await get(database, 1)).pending == b"sealed"


async def test_a_draft_that_died_is_emptied_but_its_name_is_kept(database: Database) -> None:
    await save(database, row(1, flow="register", draft=b"sealed", expires_at=NOW))
    async with database.write() as conn:
        assert await chats.expire(conn, NOW) == 1
    dead = await get(database, 1)
    assert (dead.draft, dead.flow) == (None, "register")
