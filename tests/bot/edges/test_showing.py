"""Who was away for longer than a lease: what was to be sent is looked at once more, at the last moment."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.holding import LEASE, Holding, ShowingLease
from bot.showing import Showing
from bot.telegram import NotOurs, RawBot
from core.core import Core
from storage import chats
from storage.chats import ChatRow
from storage.database import Database
from tests.bot.edges.telegram_stub import TelegramStub
from tests.conftest import SetClock
from tests.storage.test_chats import row

CALLS: Any = [{"method": "sendMessage", "params": {"chat_id": 7, "text": text}, "screen": False} for text in "ab"]

Make = Callable[[str], Showing]

# On SQLite one bot has the file to itself.
others_may_take_it = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def showing(database: Database, raw: RawBot, clock: SetClock, core: Core) -> Make:
    """What shows the answers of a worker of that name."""
    return lambda name: Showing(database, raw, clock, worker=name, photos=core.photos, on_free=lambda _chat: None)


async def commit(database: Database, clock: SetClock, worker: str) -> ChatRow:
    answer = row(7, pending=b"sealed", updated_at=clock())
    async with database.write() as conn:
        await chats.save(conn, [answer], worker=worker, until=clock() + LEASE)
    return answer


async def begin(telegram: TelegramStub, one: Showing, answer: ChatRow) -> None:
    """The answer's first call is made, and has to be made again in a second."""
    telegram.fail("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1)
    one.start(answer, CALLS)
    await telegram.until(lambda: telegram.calls("sendMessage"))


def sent(telegram: TelegramStub) -> str:
    return "".join(call["text"] for call in telegram.calls("sendMessage"))


@others_may_take_it
async def test_what_another_worker_has_taken_over_is_not_sent_any_more(
    database: Database, telegram: TelegramStub, clock: SetClock, showing: Make
) -> None:
    one = showing("one")
    await begin(telegram, one, await commit(database, clock, "one"))
    clock.advance(seconds=11)
    async with database.write() as conn:
        assert await chats.take_left(conn, clock(), worker="two", until=clock() + LEASE)
    await one.close(5)
    assert sent(telegram) == "a"
    async with database.read() as conn:
        assert (await chats.get(conn, [7]))[7].pending


@others_may_take_it
async def test_who_was_away_and_has_lost_nothing_goes_on_and_has_the_lease_again(
    database: Database, telegram: TelegramStub, clock: SetClock, showing: Make
) -> None:
    one = showing("one")
    await begin(telegram, one, await commit(database, clock, "one"))
    clock.advance(seconds=11)
    await telegram.until(lambda: sent(telegram) == "aab")
    async with database.write() as conn:
        assert not await chats.is_left(conn, clock() + LEASE - timedelta(seconds=1))
    await one.close(5)
    async with database.read() as conn:
        assert (await chats.get(conn, [7]))[7].pending is None


@others_may_take_it
async def test_what_is_lost_stays_lost_whatever_is_renewed_of_its_chat(database: Database, clock: SetClock) -> None:
    answer = await commit(database, clock, "one")
    lease = ShowingLease(database, clock, "one", answer)
    lease.kept(answer.revision + 1, clock() + 9 * LEASE)
    clock.advance(seconds=11)
    async with database.write() as conn:
        assert await chats.take_left(conn, clock(), worker="two", until=clock() + LEASE)
    for _ in range(2):
        with pytest.raises(NotOurs):
            await lease.check()


@others_may_take_it
async def test_a_renewal_that_waited_for_longer_than_a_lease_is_made_again(database: Database, clock: SetClock) -> None:
    answer = await commit(database, clock, "one")
    clock.advance(seconds=11)
    async with database.write() as conn:
        await chats.set_listed(conn, {7: "guest zh"})
        checking = asyncio.create_task(ShowingLease(database, clock, "one", answer).check())
        await asyncio.sleep(0.2)
        assert not checking.done()
        clock.advance(seconds=11)
    await checking
    async with database.read() as conn:
        assert not await chats.is_left(conn, clock() + LEASE - timedelta(seconds=1))


@others_may_take_it
async def test_an_answer_whose_lease_is_renewed_all_along_asks_nobody(
    database: Database, telegram: TelegramStub, clock: SetClock, showing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.holding._RENEW_EVERY", 0.02)
    one = showing("one")
    telegram.slow("sendMessage", 0.3)
    one.start(await commit(database, clock, "one"), CALLS)
    await telegram.until(lambda: sent(telegram) == "a")
    renewed = asyncio.Event()

    def kept(answers: Iterable[tuple[int, int]], until: datetime) -> None:
        one.kept(answers, until)
        renewed.set()

    clock.advance(seconds=7)
    renewing = asyncio.create_task(Holding(database, clock, "one").renew(list, lambda: one.chats, kept))
    await renewed.wait()
    async with database.write() as conn:
        await chats.set_listed(conn, {7: "guest zh"})  # whoever asks now waits
        clock.advance(seconds=5)
        await telegram.until(lambda: sent(telegram) == "ab", seconds=2)
    renewing.cancel()
    await one.close(5)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_on_sqlite_an_old_answer_asks_nobody(
    database: Database, telegram: TelegramStub, clock: SetClock, showing: Make
) -> None:
    one = showing("one")
    telegram.slow("sendMessage", 0.1)
    one.start(await commit(database, clock, "one"), CALLS)
    await telegram.until(lambda: sent(telegram) == "a")
    clock.advance(seconds=60)
    async with database.write():
        await telegram.until(lambda: sent(telegram) == "ab", seconds=2)
    await one.close(5)
