"""Where each chat stands: who moved it last wins, and only once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from storage import chats
from storage.chats import ChatRow
from storage.database import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=10)
LATER = NOW + LEASE


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
        await chats.shown(conn, [(1, 1, 77, None)], worker="one")
    shown = await get(database, 1)
    assert (shown.message_id, shown.pending) == (77, None)


async def test_a_note_of_an_older_revision_changes_nothing(database: Database) -> None:
    await save_for(database, "one", row(1))
    await save_for(database, "one", row(1, 2, pending=b"sealed"))
    async with database.write() as conn:
        await chats.shown(conn, [(1, 1, 77, None)], worker="one")
    assert (await get(database, 1)).pending == b"sealed"


async def test_who_has_lost_an_answer_neither_notes_nor_keeps_it(database: Database) -> None:
    answer = row(1, pending=b"sealed")
    await save_for(database, "one", answer)
    assert await take_left(database, "two", LATER) == [1]
    async with database.write() as conn:
        await chats.shown(conn, [(1, 1, 77, None)], worker="one")
        assert not await chats.is_still_showing(conn, answer, worker="one", until=LATER + LEASE)
    assert (await get(database, 1)).pending == b"sealed"


async def test_an_answer_is_still_its_workers_until_another_has_taken_it_or_a_newer_one_is_there(
    database: Database,
) -> None:
    answer = row(1, pending=b"sealed")
    await save_for(database, "one", answer)
    async with database.write() as conn:
        assert await chats.is_still_showing(conn, answer, worker="one", until=LATER + LEASE)
    assert await take_left(database, "two", LATER) == []
    await save_for(database, "one", row(1, 2, pending=b"sealed"))
    async with database.write() as conn:
        assert not await chats.is_still_showing(conn, answer, worker="one", until=LATER + LEASE)


async def test_a_draft_that_died_is_emptied_but_its_name_is_kept(database: Database) -> None:
    await save(database, row(1, flow="register", draft=b"sealed", expires_at=NOW))
    async with database.write() as conn:
        assert await chats.expire(conn, NOW) == 1
    dead = await get(database, 1)
    assert (dead.draft, dead.flow) == (None, "register")


async def take_left(database: Database, worker: str, now: datetime = NOW) -> list[int]:
    async with database.write() as conn:
        taken = await chats.take_left(conn, now, worker=worker, until=now + LEASE)
    return [found.person_id for found in taken]


async def save_for(database: Database, worker: str, *rows: ChatRow) -> None:
    async with database.write() as conn:
        await chats.save(conn, rows, worker=worker, until=NOW + LEASE)


async def test_an_answer_is_its_workers_to_show_until_nothing_is_heard_of_that(database: Database) -> None:
    await save_for(database, "one", row(1, pending=b"sealed"))
    assert await take_left(database, "two", LATER - timedelta(seconds=1)) == []
    assert await take_left(database, "two", LATER) == [1]
    assert await take_left(database, "three", LATER) == []


async def test_who_renews_keeps_an_answer_and_nobody_renews_anothers(database: Database) -> None:
    await save_for(database, "one", row(1, pending=b"sealed"), row(2, pending=b"sealed"))
    async with database.write() as conn:
        assert await chats.keep_showing(conn, [1, 2], worker="two", until=LATER + LEASE) == []
        assert await chats.keep_showing(conn, [2], worker="one", until=LATER + LEASE) == [(2, 1)]
    assert await take_left(database, "two", LATER) == [1]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_renews_waits_for_nobody_and_keeps_all_the_others(database: Database) -> None:
    await save_for(database, "one", row(1, pending=b"sealed"), row(2, pending=b"sealed"))
    async with database.write() as stopped:
        await chats.set_listed(stopped, {1: "guest zh"})
        async with database.write() as conn:
            await chats.keep_showing(conn, [1, 2], worker="one", until=LATER + LEASE)
    assert await take_left(database, "two", LATER) == [1]


async def test_of_many_that_take_over_a_dead_workers_answers_each_goes_to_one(database: Database) -> None:
    await save_for(database, "dead", *(row(person, pending=b"sealed") for person in range(1, 41)))
    taken = await asyncio.gather(*(take_left(database, f"worker {n}", LATER) for n in range(6)))
    rest = await take_left(database, "late", LATER)
    assert sorted(person for people in (*taken, rest) for person in people) == list(range(1, 41))


async def test_who_takes_a_dead_workers_place_has_its_answers_at_once(database: Database) -> None:
    await save_for(database, "one", row(1, pending=b"sealed"))
    await save_for(database, "two", row(2, pending=b"sealed"))
    async with database.write() as conn:
        await chats.leave(conn, "one")
    assert await take_left(database, "one") == [1]
