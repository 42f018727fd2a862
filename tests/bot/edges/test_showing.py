"""Who was away for longer than a lease: what was to be sent is looked at once more, at the last moment."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.holding import LEASE
from bot.showing import Showing
from bot.telegram import RawBot
from core.core import Core
from storage import chats
from storage.chats import ChatRow
from storage.database import Database
from tests.bot.edges.telegram_stub import TelegramStub
from tests.conftest import SetClock
from tests.storage.test_chats import row

CALLS: Any = [{"method": "sendMessage", "params": {"chat_id": 7, "text": text}, "screen": False} for text in "ab"]

Make = Callable[[str], Showing]


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
    one.start(answer, CALLS, answer.updated_at + LEASE)
    await telegram.until(lambda: telegram.calls("sendMessage"))


def sent(telegram: TelegramStub) -> str:
    return "".join(call["text"] for call in telegram.calls("sendMessage"))


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
