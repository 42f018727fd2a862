"""The inbox: taken once, handled in order, never by two at a time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from storage import inbox
from storage.database import Database
from storage.inbox import NewUpdate, Waiting
from storage.tables.updates import inbox as table

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
BOT = 7_000_000_001  # Telegram's ids pass 32 bits


def updates(*people: int | None, first: int = 1) -> list[NewUpdate]:
    return [NewUpdate(first + number, person, b"sealed") for number, person in enumerate(people)]


async def add(database: Database, new: Sequence[NewUpdate]) -> int:
    async with database.write() as conn:
        return await inbox.add(conn, BOT, NOW, new)


async def claim(database: Database, worker: str = "one", now: datetime = NOW, most: int = 10) -> list[Waiting]:
    async with database.write() as conn:
        found = await inbox.waiting(conn, now=now, most=most)
        await inbox.claim(conn, [each.seq for each in found], worker=worker, until=now + LEASE)
    return found


async def finish(database: Database, claimed: Sequence[Waiting]) -> int:
    async with database.write() as conn:
        return await inbox.finish(conn, [each.seq for each in claimed], NOW)


async def test_an_update_that_comes_twice_is_taken_once(database: Database) -> None:
    assert await add(database, updates(5, 6)) == 2
    assert await add(database, updates(5, 6, 7)) == 1


async def test_an_update_without_a_sender_is_done_unseen(database: Database) -> None:
    await add(database, updates(None))
    assert await claim(database) == []


async def test_ids_that_do_not_rise_are_taken_in_the_order_of_arrival(database: Database) -> None:
    await add(database, updates(5, first=90))
    await add(database, updates(5, first=10))
    (first,) = await claim(database)
    assert first.update_id == 90


async def test_one_persons_updates_are_never_claimed_side_by_side(database: Database) -> None:
    await add(database, updates(5, 5, 6))
    taken = await claim(database)
    assert [(each.person_id, each.update_id) for each in taken] == [(5, 1), (6, 3)]
    assert await claim(database, "two") == []
    await finish(database, taken)
    assert [each.update_id for each in await claim(database)] == [2]


async def test_of_many_workers_each_update_goes_to_one(database: Database) -> None:
    await add(database, updates(*range(100, 140)))
    taken = await asyncio.gather(*(claim(database, f"worker {n}") for n in range(8)))
    rest = await claim(database, "late", most=100)
    seqs = [each.seq for claimed in (*taken, rest) for each in claimed]
    assert len(seqs) == len(set(seqs)) == 40


async def test_a_claim_that_runs_out_is_free_again(database: Database) -> None:
    await add(database, updates(5))
    await claim(database)
    assert await claim(database, "two", NOW + LEASE - timedelta(seconds=1)) == []
    (again,) = await claim(database, "two", NOW + LEASE)
    assert again.attempts == 0  # a killed worker is no fault of the update


async def test_finishing_twice_counts_once(database: Database) -> None:
    await add(database, updates(5))
    taken = await claim(database)
    assert await finish(database, taken) == 1
    assert await finish(database, taken) == 0


async def test_what_is_put_back_waits_and_what_follows_waits_with_it(database: Database) -> None:
    await add(database, updates(5, 5))
    (first,) = await claim(database)
    later = NOW + timedelta(seconds=10)
    async with database.write() as conn:
        await inbox.put_back(conn, first.seq, worker="one", not_before=later, error="fault")
    assert await claim(database) == []
    assert [each.seq for each in await claim(database, now=later)] == [first.seq]


async def test_a_parked_update_lets_the_next_one_through(database: Database) -> None:
    await add(database, updates(5, 5))
    (first,) = await claim(database)
    async with database.write() as conn:
        await inbox.park(conn, first.seq, worker="one", now=NOW, error="fault")
    assert [each.update_id for each in await claim(database)] == [2]


async def test_what_is_done_parked_or_of_nobody_is_emptied_at_once(database: Database) -> None:
    await add(database, updates(5, 6, None))
    done, parked = await claim(database)
    await finish(database, [done])
    async with database.write() as conn:
        await inbox.park(conn, parked.seq, worker="one", now=NOW, error="fault")
    async with database.read() as conn:
        assert list((await conn.execute(select(table.c.payload))).scalars()) == [None, None, None]


async def test_done_updates_are_remembered_and_then_purged(database: Database) -> None:
    await add(database, updates(5))
    await finish(database, await claim(database))
    async with database.write() as conn:
        assert await inbox.purge(conn, before=NOW) == 0
        assert await inbox.purge(conn, before=NOW + timedelta(seconds=1)) == 1


async def test_a_claim_is_kept_by_its_worker_alone(database: Database) -> None:
    await add(database, updates(5, 6))
    seqs = [each.seq for each in await claim(database)]
    async with database.write() as conn:
        await inbox.keep(conn, seqs, worker="two", until=NOW + LEASE * 3)
        await inbox.keep(conn, seqs[:1], worker="one", until=NOW + LEASE * 3)
    assert [each.seq for each in await claim(database, "two", NOW + LEASE)] == seqs[1:]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_renews_waits_for_nobody_and_keeps_all_the_others(database: Database) -> None:
    await add(database, updates(5, 6))
    seqs = [each.seq for each in await claim(database)]
    async with database.write() as stopped:
        await inbox.claim(stopped, seqs[:1], worker="one", until=NOW + LEASE)
        async with database.write() as conn:
            await inbox.keep(conn, seqs, worker="one", until=NOW + LEASE * 3)
    assert [each.person_id for each in await claim(database, "two", NOW + LEASE * 2)] == [5]


async def test_who_lost_an_update_can_neither_free_nor_park_it(database: Database) -> None:
    """Its lease ended while it was at work, and another has begun by now."""
    await add(database, updates(5))
    (lost,) = await claim(database, "one")
    await claim(database, "two", NOW + LEASE)
    async with database.write() as conn:
        await inbox.put_back(conn, lost.seq, worker="one", not_before=NOW, error="fault")
        assert not await inbox.park(conn, lost.seq, worker="one", now=NOW, error="fault")
    assert await claim(database, "three", NOW + LEASE) == []


async def test_whoever_takes_them_one_persons_updates_are_done_in_their_order(database: Database) -> None:
    """Four workers at once, each now and then too slow, so that another finds the person's next update."""
    people, each = range(1, 7), 8
    for number in range(each):
        await add(database, updates(*people, first=1 + number * len(people)))
    done: dict[int, list[int]] = {person: [] for person in people}

    async def work(name: str) -> None:
        while sum(map(len, done.values())) < each * len(people):
            async with database.write() as conn:
                found = await inbox.waiting(conn, now=NOW, most=3)
                if name == "slow":
                    await asyncio.sleep(0.002)
                await inbox.finish(conn, [waiting.seq for waiting in found], NOW)
                for waiting in found:
                    done[waiting.person_id].append(waiting.seq)
            await asyncio.sleep(0)

    await asyncio.wait_for(asyncio.gather(*(work(name) for name in ("one", "two", "three", "slow"))), 30)
    for seqs in done.values():
        assert seqs == sorted(set(seqs))
        assert len(seqs) == each
