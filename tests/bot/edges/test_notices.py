"""Notices: sent after the act, tried again while that helps, given up when it does not."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import notices as rules
from bot.notices import Notices, pause_after
from bot.telegram import RawBot
from core.removals import Removal
from storage import outbox as queries
from storage.database import Database
from storage.outbox import Due
from storage.tables.accounts import outbox
from tests.bot.edges.telegram_stub import TelegramStub
from tests.conftest import SetClock

BLOCKED = "Forbidden: bot was blocked by the user"


async def worded(due: Due) -> str | None:
    """The texts' stand-in: the kind and its parameters."""
    return f"{due.kind} {due.params['number']}"


async def nobody_asks(_conn: AsyncConnection, _due: Due) -> None:
    """Whom a notice did not reach is asked for elsewhere."""


class Telling:
    """An outbox and what sends it."""

    def __init__(self, database: Database, raw: RawBot, clock: SetClock) -> None:
        self.database = database
        self.raw = raw
        self.clock = clock
        self.notices = self.another()

    def another(self, **changes: Any) -> Notices:
        known = {"database": self.database, "bot": self.raw, "clock": self.clock, "render": worded}
        return Notices(**{**known, "unreached": nobody_asks, **changes})

    async def add(self, *people: int, due_in: timedelta = timedelta(0)) -> None:
        """One notice for each, numbered in their order."""
        now: datetime = self.clock()
        async with self.database.write() as conn:
            for number, person in enumerate(people, start=1):
                row = {"telegram_user_id": person, "kind": "k", "params": {"number": number}, "created_at": now}
                await conn.execute(insert(outbox).values(due_at=now + due_in, **row))

    async def add_removal(self, person: int, *, message_id: int, due_in: timedelta = timedelta(0)) -> None:
        """A message of the bot's that is to go."""
        now: datetime = self.clock()
        row = {"telegram_user_id": person, "kind": Removal.EXPORT.value, "params": {"message_id": message_id}}
        async with self.database.write() as conn:
            await conn.execute(insert(outbox).values(**row, created_at=now, due_at=now + due_in))

    async def rows(self) -> Sequence[Any]:
        async with self.database.read() as conn:
            return (await conn.execute(select(outbox).order_by(outbox.c.id))).all()

    async def row(self) -> Any:
        [row] = await self.rows()
        return row


@pytest.fixture
def telling(database: Database, raw: RawBot, clock: SetClock) -> Telling:
    return Telling(database, raw, clock)


def received(telegram: TelegramStub) -> list[tuple[int, str]]:
    return [(asked["chat_id"], asked["text"]) for asked in telegram.calls("sendMessage")]


async def test_a_notice_is_sent_once_as_plain_text(telling: Telling, telegram: TelegramStub) -> None:
    await telling.add(7)
    assert await telling.notices.send_due() == 1
    assert await telling.notices.send_due() == 0
    plain = {"chat_id": 7, "text": "k 1", "link_preview_options": {"is_disabled": True}}
    assert telegram.calls("sendMessage") == [plain]
    row = await telling.row()
    assert (row.sent_at, row.dead_at, row.error) == (telling.clock(), None, None)


async def test_a_notice_waits_until_it_is_due(telling: Telling, telegram: TelegramStub) -> None:
    await telling.add(7, due_in=timedelta(hours=1))
    assert await telling.notices.send_due() == 0
    telling.clock.advance(hours=1)
    assert await telling.notices.send_due() == 1
    assert received(telegram) == [(7, "k 1")]


async def test_one_person_reads_their_notices_in_order_and_others_meanwhile(
    telling: Telling, telegram: TelegramStub
) -> None:
    await telling.add(7, 7, 8, 7)
    assert await telling.notices.send_due() == 2
    while await telling.notices.send_due():
        pass
    assert [text for person, text in received(telegram) if person == 7] == ["k 1", "k 2", "k 4"]
    assert received(telegram)[:2] in ([(7, "k 1"), (8, "k 3")], [(8, "k 3"), (7, "k 1")])


async def test_a_server_that_is_away_is_tried_again_with_growing_pauses(
    telling: Telling, telegram: TelegramStub
) -> None:
    await telling.add(7)
    for pause in (5, 10, 20):
        telegram.fail("sendMessage", 502, "Bad Gateway")
        assert await telling.notices.send_due() == 1
        assert (await telling.row()).due_at == telling.clock() + timedelta(seconds=pause)
        assert await telling.notices.send_due() == 0
        telling.clock.advance(seconds=pause)
    await telling.notices.send_due()
    assert (await telling.row()).sent_at == telling.clock()


def test_pauses_grow_to_ten_minutes_and_no_further() -> None:
    assert [pause_after(attempt).total_seconds() for attempt in (1, 2, 7, 8, 100)] == [5, 10, 320, 600, 600]


async def test_telegram_says_how_long_to_wait_and_is_obeyed(telling: Telling, telegram: TelegramStub) -> None:
    await telling.add(7)
    telegram.fail("sendMessage", 429, "Too Many Requests: retry after 33", retry_after=33)
    await telling.notices.send_due()
    assert (await telling.row()).due_at == telling.clock() + timedelta(seconds=33)


@pytest.mark.parametrize(
    ("status", "description", "error"),
    [
        (403, BLOCKED, "blocked"),
        (403, "Forbidden: user is deactivated", "blocked"),
        (400, "Bad Request: chat not found", "Chat not found"),
    ],
)
async def test_who_cannot_be_reached_is_left_in_peace(
    telling: Telling, telegram: TelegramStub, status: int, description: str, error: str
) -> None:
    await telling.add(7)
    telegram.fail("sendMessage", status, description)
    await telling.notices.send_due()
    row = await telling.row()
    assert (row.dead_at, row.sent_at) == (telling.clock(), None)
    assert row.error == error
    telling.clock.advance(days=1)
    assert await telling.notices.send_due() == 0


async def test_one_who_blocked_the_bot_keeps_nobody_else_waiting(telling: Telling, telegram: TelegramStub) -> None:
    await telling.add(7, 8)
    telegram.fail("sendMessage", 403, BLOCKED)
    await telling.notices.send_due()
    rows = await telling.rows()
    assert [row.sent_at is not None for row in rows].count(True) == 1
    assert [row.error for row in rows].count("blocked") == 1


async def test_a_notice_nobody_wants_any_more_is_not_sent(telling: Telling, telegram: TelegramStub) -> None:
    async def nothing(_: Due) -> str | None:
        return None

    await telling.add(7)
    await telling.another(render=nothing).send_due()
    assert (await telling.row()).error == "not wanted any more"
    assert received(telegram) == []


async def test_a_notice_that_cannot_be_worded_keeps_nobody_else_waiting(
    telling: Telling, telegram: TelegramStub
) -> None:
    async def broken(due: Due) -> str | None:
        if due.telegram_user_id == 7:
            raise LookupError("no such text")
        return "hello"

    await telling.add(7, 8)
    await telling.another(render=broken).send_due()
    first, second = await telling.rows()
    assert (first.sent_at, first.dead_at, first.error) == (None, None, "LookupError")
    assert second.sent_at is not None


async def test_a_message_is_taken_away_when_its_time_is_over(telling: Telling, telegram: TelegramStub) -> None:
    await telling.add_removal(7, message_id=99, due_in=timedelta(hours=24))
    await telling.notices.send_due()
    assert telegram.calls("deleteMessage") == []
    telling.clock.advance(hours=24)
    await telling.notices.send_due()
    assert telegram.calls("deleteMessage") == [{"chat_id": 7, "message_id": 99}]
    assert (await telling.row()).sent_at == telling.clock()


@pytest.mark.parametrize(
    ("status", "description", "tried_again", "error"),
    [
        (400, "Bad Request: message to delete not found", False, None),  # the person was quicker
        (400, "Bad Request: message can't be deleted", False, "Message can't be deleted"),
        (403, BLOCKED, True, "blocked"),
        (502, "Bad Gateway", True, "Bad Gateway"),
    ],
)
async def test_a_message_that_cannot_be_taken_away_now(
    telling: Telling, telegram: TelegramStub, status: int, description: str, tried_again: bool, error: str | None
) -> None:
    await telling.add_removal(7, message_id=99)
    telegram.fail("deleteMessage", status, description)
    await telling.notices.send_due()
    assert (await telling.row()).error == error
    telling.clock.advance(hours=1)
    await telling.notices.send_due()
    assert len(telegram.calls("deleteMessage")) == (2 if tried_again else 1)


async def test_a_notice_that_is_days_late_is_given_up(telling: Telling, telegram: TelegramStub) -> None:
    await telling.add(7)
    telling.clock.advance(days=4)
    await telling.notices.send_due()
    assert (await telling.row()).error == "too old"
    assert received(telegram) == []


async def test_killed_while_sending_it_is_sent_when_the_lease_has_run_out(
    telling: Telling, telegram: TelegramStub
) -> None:
    await telling.add(7)
    async with telling.database.write() as conn:  # a process claims it, and is killed before it can send
        assert len(await queries.claim(conn, now=telling.clock(), lease=rules.LEASE, most=10)) == 1
    assert await telling.notices.send_due() == 0
    telling.clock.advance(seconds=rules.LEASE.total_seconds() - 1)
    assert await telling.notices.send_due() == 0
    telling.clock.advance(seconds=1)
    assert await telling.notices.send_due() == 1
    assert received(telegram) == [(7, "k 1")]


async def test_two_processes_never_send_the_same_notice(telling: Telling, telegram: TelegramStub) -> None:
    await telling.add(*range(1, 41))
    both = [telling.another(), telling.another()]
    while any(await asyncio.gather(*(notices.send_due() for notices in both))):
        pass
    assert sorted(person for person, _ in received(telegram)) == list(range(1, 41))


async def test_two_processes_keep_one_persons_order(telling: Telling, telegram: TelegramStub) -> None:
    await telling.add(*[7] * 10)
    both = [telling.another(), telling.another()]
    while len(received(telegram)) < 10:
        await asyncio.gather(*(notices.send_due() for notices in both))
    assert [text for _, text in received(telegram)] == [f"k {number}" for number in range(1, 11)]


async def test_it_runs_by_itself_and_is_woken(telling: Telling, telegram: TelegramStub) -> None:
    running = asyncio.create_task(telling.notices.run())
    await asyncio.sleep(0.05)  # it has looked, found nothing and sleeps
    await telling.add(7)
    telling.notices.wake()
    await telling.notices.idle()
    assert received(telegram) == [(7, "k 1")]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_one_chat_is_told_one_thing_at_a_time_with_a_pause_whoever_tells_it(
    telling: Telling, telegram: TelegramStub, clock: SetClock
) -> None:
    one, two = (telling.another(apart=timedelta(seconds=1)) for _ in range(2))
    await telling.add(5, 5, 6)
    assert await one.send_due() == 2
    assert await two.send_due() == 0
    clock.advance(seconds=1)
    assert await two.send_due() == 1
    assert [call["text"] for call in telegram.calls("sendMessage") if call["chat_id"] == 5] == ["k 1", "k 2"]


async def test_who_was_away_for_longer_than_the_lease_sends_nothing_that_others_have_overtaken(
    telling: Telling, telegram: TelegramStub, clock: SetClock
) -> None:
    going_on = asyncio.Event()

    async def away(due: Due) -> str | None:
        await going_on.wait()
        return await worded(due)

    await telling.add(5, 5)
    sleeper = asyncio.create_task(telling.another(render=away).send_due())
    while (await telling.rows())[0].claimed_until is None:
        await asyncio.sleep(0.01)
    clock.advance(seconds=31)
    for _ in range(2):
        assert await telling.notices.send_due() == 1
    going_on.set()
    assert await sleeper == 1
    assert received(telegram) == [(5, "k 1"), (5, "k 2")]


async def test_who_was_away_does_not_renew_what_others_have_claimed_since(telling: Telling, clock: SetClock) -> None:
    await telling.add(5)
    held = clock() + rules.LEASE
    async with telling.database.write() as conn:
        await queries.claim(conn, now=clock(), lease=rules.LEASE, most=10)
        clock.advance(seconds=31)
        assert await queries.claim(conn, now=clock(), lease=rules.LEASE, most=10)
        assert await queries.keep(conn, [1], held=held, until=clock() + rules.LEASE) == set()


async def fails(_due: Due) -> str | None:
    raise LookupError("no such text")


async def unwanted(_due: Due) -> str | None:
    return None


@pytest.mark.parametrize("render", [fails, unwanted])
async def test_who_was_away_notes_nothing_of_what_another_sends_now(
    telling: Telling, clock: SetClock, render: rules.Render
) -> None:
    going_on = asyncio.Event()
    unheard: list[int] = []

    async def away(due: Due) -> str | None:
        await going_on.wait()
        return await render(due)

    async def ask_for(_conn: AsyncConnection, due: Due) -> None:
        unheard.append(due.id)

    await telling.add(5)
    sleeper = asyncio.create_task(telling.another(render=away, unreached=ask_for).send_due())
    while (await telling.row()).claimed_until is None:
        await asyncio.sleep(0.01)
    clock.advance(seconds=31)
    async with telling.database.write() as conn:
        assert await queries.claim(conn, now=clock(), lease=rules.LEASE, most=10)
    going_on.set()
    assert await sleeper == 1
    row = await telling.row()
    assert (row.claimed_until, row.dead_at, row.error, unheard) == (clock() + rules.LEASE, None, None, [])


async def test_one_that_is_erased_while_it_waits_takes_the_claim_from_none_of_the_others(
    telling: Telling, telegram: TelegramStub, clock: SetClock
) -> None:
    slow = asyncio.Event()

    async def in_its_time(due: Due) -> str | None:
        await slow.wait()
        return await worded(due)

    lease = timedelta(seconds=0.3)
    one, two = telling.another(render=in_its_time, lease=lease), telling.another(lease=lease)
    await telling.add(5, 6)
    sending = asyncio.create_task(one.send_due())
    while (await telling.rows())[0].claimed_until is None:
        await asyncio.sleep(0.01)
    async with telling.database.write() as conn:
        await conn.execute(delete(outbox).where(outbox.c.telegram_user_id == 5))
    for _ in range(2):
        clock.advance(seconds=0.2)
        async with asyncio.timeout(10):
            while (await telling.row()).claimed_until < clock() + lease:
                await asyncio.sleep(0.01)
        assert await two.send_due() == 0
    slow.set()
    assert await sending == 2
    assert received(telegram) == [(6, "k 2")]
    assert (await telling.row()).sent_at


async def test_what_waits_long_for_its_turn_is_not_sent_by_another_too(
    telling: Telling, telegram: TelegramStub, clock: SetClock
) -> None:
    """Under Telegram's limit a claimed notice may wait longer than its lease: it is renewed."""
    slow = asyncio.Event()

    async def in_its_time(due: Due) -> str | None:
        await slow.wait()
        return await worded(due)

    lease = timedelta(seconds=0.3)
    one, two = telling.another(render=in_its_time, lease=lease), telling.another(lease=lease)
    await telling.add(5)
    sending = asyncio.create_task(one.send_due())
    for _ in range(4):
        clock.advance(seconds=0.2)
        async with asyncio.timeout(10):
            while (until := (await telling.row()).claimed_until) is None or until < clock() + lease:
                await asyncio.sleep(0.01)
        assert await two.send_due() == 0
    slow.set()
    assert await sending == 1
    assert len(telegram.calls("sendMessage")) == 1
