"""Many deliveries at one time share a transaction, and each is told what became of its own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.gathering import Gathering
from storage import inbox
from storage.database import Database
from storage.errors import StorageError
from storage.inbox import Adding, NewUpdate
from tests.bot.edges.receiving import NOW, Receiving
from tests.bot.edges.telegram_stub import BOT_ID


@dataclass
class Counter:
    """Where deliveries are committed, one transaction at a time; how many transactions were begun."""

    database: Database
    begun: int = 0
    free: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def receive(self, add: Adding) -> int:
        async with self.free, self.database.write() as conn:
            self.begun += 1
            return await add(conn)


@pytest.fixture
def counter(database: Database) -> Counter:
    return Counter(database)


@pytest.fixture
def gathering(counter: Counter) -> Gathering:
    return Gathering(counter.receive)


def delivery(update_id: int) -> Adding:
    async def add(conn: AsyncConnection) -> int:
        return await inbox.add(conn, BOT_ID, NOW, [NewUpdate(update_id, 7, b"sealed")])

    return add


def broken(error: Exception) -> Adding:
    async def add(_conn: AsyncConnection) -> int:
        raise error

    return add


async def deliver(counter: Counter, gathering: Gathering, *adds: Adding) -> Sequence[int | BaseException]:
    """All of them arrive while something else is at work; what each is told."""
    async with counter.free:
        told = asyncio.gather(*map(gathering.receive, adds), return_exceptions=True)
        await asyncio.sleep(0)
    return await told


async def test_what_comes_while_another_is_at_work_shares_a_transaction(
    counter: Counter, gathering: Gathering, receiving: Receiving
) -> None:
    told = await deliver(counter, gathering, delivery(13), delivery(11), delivery(11), delivery(12))
    assert told == [1, 1, 0, 1]
    assert await receiving.ids() == [13, 11, 12], "in the order of their arrival"
    assert counter.begun == 1


async def test_what_comes_when_a_transaction_has_begun_has_the_next(
    counter: Counter, gathering: Gathering, receiving: Receiving
) -> None:
    late: list[asyncio.Task[int]] = []

    async def add_and_be_interrupted(conn: AsyncConnection) -> int:
        added = await delivery(11)(conn)
        late.append(asyncio.create_task(gathering.receive(delivery(12))))
        await asyncio.sleep(0)
        return added

    assert await deliver(counter, gathering, add_and_be_interrupted) == [1]
    assert await late[0] == 1
    assert (await receiving.ids(), counter.begun) == ([11, 12], 2)


async def test_one_that_cannot_be_stored_keeps_none_of_the_others_away(
    counter: Counter, gathering: Gathering, receiving: Receiving
) -> None:
    fault = ValueError("no update as we know them")
    assert await deliver(counter, gathering, delivery(11), broken(fault), delivery(12)) == [1, fault, 1]
    assert await receiving.ids() == [11, 12]


async def test_when_the_database_is_away_everybody_is_told_at_once(
    counter: Counter, gathering: Gathering, receiving: Receiving
) -> None:
    away = StorageError("The database does not work.")
    assert await deliver(counter, gathering, delivery(11), broken(away), delivery(12)) == [away, away, away]
    assert (await receiving.ids(), counter.begun) == ([], 1)
    assert await deliver(counter, gathering, delivery(11)) == [1], "Telegram delivers it again"


async def test_when_no_transaction_begins_nobody_waits_for_ever() -> None:
    away = StorageError("The database is too busy.")

    async def refuse(_add: Adding) -> int:
        await asyncio.sleep(0)
        raise away

    gathering = Gathering(refuse)
    told = await asyncio.gather(
        gathering.receive(delivery(11)), gathering.receive(delivery(12)), return_exceptions=True
    )
    assert [away, away] == [*told]
