"""Telegram's limit for a bot is one, however many workers send."""

import asyncio
from collections.abc import Iterator

import pytest

from bot.pace import Pace, Shares
from storage.database import Database
from tests.conftest import SetClock
from tests.databases import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


async def _nothing() -> bool:
    return True


async def _taken_in(pace: Pace, seconds: float) -> int:
    """How many calls the pace lets through."""
    calls = 0
    with_end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < with_end:
        try:
            async with asyncio.timeout(with_end - asyncio.get_running_loop().time()):
                await pace.process_request(_nothing, (), {}, "sendMessage", {"chat_id": 5}, None)
        except TimeoutError:
            break
        calls += 1
    return calls


async def test_a_share_is_kept_to_also_when_it_is_less_than_one_message_a_second() -> None:
    pace = Pace(30)
    pace.divide(10)
    assert await _taken_in(pace, 0.3) <= 4  # three at once, and what 0.3 seconds let through
    pace.divide(60)
    assert await _taken_in(pace, 0.3) == 1


@pytest.mark.slow
async def test_workers_share_the_limit_and_divide_it_anew_when_one_comes_or_goes(url: str, clock: SetClock) -> None:
    database = Database(url)
    paces = [Divided(), Divided(), Divided()]
    shares = [Shares(database, pace, clock=clock, worker=f"worker {n}") for n, pace in enumerate(paces)]
    first, second, third = (asyncio.create_task(each.run()) for each in shares)
    await _until(paces, shares, 3)
    third.cancel()
    await asyncio.wait([third])
    await _until(paces[:2], shares[:2], 2)
    first.cancel()
    await asyncio.wait([first])
    clock.advance(seconds=31)  # and of one that was killed nothing is heard any more
    await _until(paces[1:2], shares[1:2], 1)
    second.cancel()
    await asyncio.wait([second])
    await database.dispose()


class Divided(Pace):
    """A pace whose share can be looked at."""

    workers = 1

    def __init__(self) -> None:
        super().__init__(30)

    def divide(self, workers: int) -> None:
        super().divide(workers)
        self.workers = workers


async def _until(paces: list[Divided], shares: list[Shares], workers: int) -> None:
    async with asyncio.timeout(20):
        while [pace.workers for pace in paces] != [workers] * len(paces):
            for share in shares:
                share.recount()  # as hearing of the others does
            await asyncio.sleep(0.02)
