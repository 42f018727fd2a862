"""Updates come in by polling: committed before Telegram is told, whatever else goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.intake import ALLOWED_UPDATES, Polling, person_of
from bot.sealed import open_json, update_context
from bot.telegram import RawBot, TokenRefused
from core.sealing import SealBroken
from tests.bot.edges.conftest import Said
from tests.bot.edges.receiving import NOW, Receiving
from tests.bot.edges.telegram_stub import BOT_ID, TelegramStub, message


@asynccontextmanager
async def polling(receiving: Receiving, raw: RawBot) -> AsyncIterator["asyncio.Task[None]"]:
    async with run(Polling(bot=raw, intake=receiving.intake, first_pause=0.01)) as task:
        yield task


@asynccontextmanager
async def run(poller: Polling) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(poller.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, TokenRefused):
            await task


async def test_an_update_is_stored_sealed_and_the_runner_woken(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    telegram.arrive(message(11, "my password"))
    async with polling(receiving, raw):
        await telegram.until(lambda: telegram.confirmed == [11])
    [row] = await receiving.stored()
    assert (row.bot_id, row.update_id, row.person_id, row.received_at) == (BOT_ID, 11, 7, NOW)
    assert b"password" not in row.payload
    assert open_json(receiving.sealer, row.payload, update_context(BOT_ID, 11)) == message(11, "my password")
    assert receiving.woken == 1


async def test_a_payload_opens_as_no_other_update(receiving: Receiving) -> None:
    await receiving.intake.take([message(11)])
    [row] = await receiving.stored()
    with pytest.raises(SealBroken):
        open_json(receiving.sealer, row.payload, update_context(BOT_ID, 12))


async def test_only_what_the_bot_understands_is_asked_for(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    async with polling(receiving, raw):
        await telegram.until(lambda: telegram.calls("getUpdates"))
    [first, *_] = telegram.calls("getUpdates")
    assert first == {"timeout": 50, "allowed_updates": list(ALLOWED_UPDATES)}


async def test_nothing_is_confirmed_before_it_is_committed(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    async with polling(receiving, raw):
        async with receiving.database.write() as held:
            await _block_inserts(held)
            telegram.arrive(message(11))
            await asyncio.sleep(0.1)
            assert telegram.waiting == [message(11)]
            assert telegram.confirmed == []
        await telegram.until(lambda: telegram.confirmed == [11])
    assert await receiving.ids() == [11]


async def _block_inserts(conn: AsyncConnection) -> None:
    """SQLite has one writer anyway; PostgreSQL is told to let nobody else write to the inbox."""
    if conn.dialect.name == "postgresql":
        await conn.execute(text("LOCK TABLE inbox IN EXCLUSIVE MODE"))


async def test_a_batch_is_one_insert_in_the_order_of_arrival(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    telegram.arrive(*(message(number) for number in range(100, 150)))
    async with polling(receiving, raw):
        await telegram.until(lambda: len(telegram.confirmed) == 50)
    assert await receiving.ids() == list(range(100, 150))
    assert receiving.woken == 1


async def test_an_update_that_comes_twice_is_taken_once(receiving: Receiving) -> None:
    assert await receiving.intake.take([message(11), message(12)]) == 2
    assert await receiving.intake.take([message(12), message(13)]) == 1
    assert await receiving.intake.take([message(11)]) == 0
    assert await receiving.ids() == [11, 12, 13]
    assert receiving.woken == 2


async def test_ids_that_begin_anew_lower_are_taken_too(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    """Telegram chooses a new place to count from after a quiet week: no highest id is ever remembered."""
    async with polling(receiving, raw):
        telegram.arrive(message(900))
        await telegram.until(lambda: telegram.confirmed == [900])
        telegram.asked.clear()
        await telegram.until(lambda: telegram.calls("getUpdates"))
        telegram.arrive(message(5))
        await telegram.until(lambda: 5 in telegram.confirmed)
    assert await receiving.ids() == [900, 5]


async def test_an_offset_confirms_once_and_is_not_kept(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    telegram.arrive(message(11))
    async with polling(receiving, raw):
        await telegram.until(lambda: len(telegram.calls("getUpdates")) >= 3)
    offsets = [asked.get("offset") for asked in telegram.calls("getUpdates")]
    assert offsets[:3] == [None, 12, None]


async def test_who_polls_again_after_others_confirms_nothing_by_what_it_knew(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    poller = Polling(bot=raw, intake=receiving.intake, first_pause=0.01)
    telegram.slow("getUpdates", 0.05)
    telegram.arrive(message(11))
    async with run(poller):  # it ends in the middle of the call that confirms
        await telegram.until(lambda: len(telegram.calls("getUpdates")) >= 2)
    async with run(poller):
        await telegram.until(lambda: len(telegram.calls("getUpdates")) > 2)
    assert [asked.get("offset") for asked in telegram.calls("getUpdates")][:3] == [None, 12, None]


async def test_a_storage_fault_pauses_says_so_once_and_loses_nothing(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub, said: Said
) -> None:
    await receiving.break_storage()
    telegram.arrive(message(11))
    async with polling(receiving, raw):
        await telegram.until(lambda: said("Updates cannot be stored"))
        await asyncio.sleep(0.15)
        assert telegram.confirmed == []
        await receiving.mend_storage()
        await telegram.until(lambda: telegram.confirmed == [11])
    assert await receiving.ids() == [11]
    assert said("Updates cannot be stored") == 1
    assert said("Updates are stored again") == 1


async def test_a_server_that_is_away_is_said_once_and_once_when_it_is_back(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub, said: Said
) -> None:
    await telegram.stop()
    async with polling(receiving, raw):
        await telegram.until(lambda: said("The Bot API server is away"))
        await asyncio.sleep(0.15)
        await telegram.start()
        telegram.arrive(message(11))
        await telegram.until(lambda: telegram.confirmed == [11])
    assert said("The Bot API server is away") == 1
    assert said("The Bot API server answers again") == 1


@pytest.mark.parametrize(
    ("status", "body"), [(500, b'{"ok":false,"description":"Internal"}'), (502, b"<html>"), (200, b"[1]"), (200, b"{}")]
)
async def test_answers_that_are_none_are_waited_out(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub, status: int, body: bytes
) -> None:
    telegram.fail_raw("getUpdates", status, body, times=2)
    telegram.arrive(message(11))
    async with polling(receiving, raw):
        await telegram.until(lambda: telegram.confirmed == [11])


async def test_too_many_requests_are_waited_out(receiving: Receiving, raw: RawBot, telegram: TelegramStub) -> None:
    telegram.fail("getUpdates", 429, "Too Many Requests: retry after 1", retry_after=1)
    telegram.arrive(message(11))
    async with polling(receiving, raw):
        await asyncio.sleep(0.3)
        assert len(telegram.calls("getUpdates")) == 1
        await telegram.until(lambda: telegram.confirmed == [11])


@pytest.mark.parametrize(("status", "description"), [(401, "Unauthorized"), (404, "Not Found")])
async def test_a_revoked_token_ends_the_polling_with_one_sentence(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub, status: int, description: str
) -> None:
    telegram.fail("getUpdates", status, description)
    async with polling(receiving, raw) as task:
        with pytest.raises(TokenRefused, match="@BotFather"):
            await asyncio.wait_for(task, 5)


async def test_another_poller_is_told_of_once_and_waited_out(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub, said: Said
) -> None:
    telegram.fail("getUpdates", 409, "Conflict: terminated by other getUpdates request", times=3)
    telegram.arrive(message(11))
    async with polling(receiving, raw):
        await telegram.until(lambda: telegram.confirmed == [11])
    assert said("Another process polls with this bot's token") == 1
    assert telegram.calls("deleteWebhook") == []


async def test_a_webhook_that_is_set_is_removed_because_polling_is_the_mode(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    telegram.fail("getUpdates", 409, "Conflict: can't use getUpdates method while webhook is active")
    telegram.arrive(message(11))
    async with polling(receiving, raw):
        await telegram.until(lambda: telegram.confirmed == [11])
    assert telegram.calls("deleteWebhook") == [{}]


async def test_stopping_in_the_middle_of_a_commit_leaves_it_whole(
    receiving: Receiving, raw: RawBot, telegram: TelegramStub
) -> None:
    async with polling(receiving, raw) as task:
        async with receiving.database.write() as held:
            await _block_inserts(held)
            telegram.arrive(message(11), message(12))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.sleep(0.05)
            assert not task.done()
        await asyncio.wait([task])
    assert await receiving.ids() == [11, 12]
    assert telegram.confirmed == []  # Telegram hands them out again, and they are known


SENDER = {"id": 7}


@pytest.mark.parametrize(
    ("update", "person"),
    [
        ({"message": {"from": SENDER, "chat": {"id": 7, "type": "private"}}}, 7),
        ({"message": {"from": SENDER, "chat": {"id": -100, "type": "group"}}}, 7),
        ({"edited_message": {"from": SENDER}}, 7),
        ({"callback_query": {"from": SENDER, "message": {"from": {"id": 99}}}}, 7),
        ({"my_chat_member": {"from": SENDER}}, 7),
        ({"channel_post": {"sender_chat": {"id": -100}}}, None),
        ({"message": {"sender_chat": {"id": -100}}}, None),
        ({"message": {"from": {"id": "7"}}}, None),
        ({"message": {"from": {"id": True}}}, None),
        ({"message": {"from": {"id": 2**63}}}, None),
        ({"message": [1]}, None),
        ({}, None),
    ],
)
def test_who_acts_is_the_sender_wherever_it_was(update: dict[str, Any], person: int | None) -> None:
    assert person_of({"update_id": 1, **update}) == person


async def test_an_update_without_a_sender_is_done_unseen(receiving: Receiving) -> None:
    await receiving.intake.take([{"update_id": 3, "poll": {}}])
    [row] = await receiving.stored()
    assert (row.person_id, row.payload, row.done_at) == (None, None, NOW)


@pytest.mark.parametrize(
    "odd", [{}, {"update_id": "1"}, {"update_id": -1}, {"update_id": True}, {"update_id": 2**63}, 5]
)
async def test_what_has_no_usable_id_does_not_hold_up_the_rest(receiving: Receiving, odd: Any) -> None:
    assert await receiving.intake.take([odd, message(11)]) == 1
    assert await receiving.ids() == [11]
