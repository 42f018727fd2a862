"""getUpdates: what it hands out, when it forgets, whom it refuses."""

from __future__ import annotations

import asyncio
import time

import pytest
from telegram import Bot

from sandbox.client import Chat, Sandbox
from sandbox.methods.receiving import seconds_to_wait
from sandbox.server import serve
from tests.sandbox.conftest import RawApi, library_bot

DAY = 24 * 3600


async def texts(bot: Bot, offset: int = 0, limit: int = 100) -> list[str]:
    """What getUpdates gives now, as the texts of its messages."""
    updates = await bot.get_updates(offset, limit)
    return [update.effective_message.text or "" for update in updates if update.effective_message]


async def say(chat: Chat, *words: str) -> None:
    for word in words:
        await chat.send(word, wait=False)


async def test_updates_come_again_until_an_offset_confirms_them(bot: Bot, li: Chat) -> None:
    await say(li, "a", "b")
    assert await texts(bot) == await texts(bot) == ["/start", "a", "b"]
    second = (await bot.get_updates())[1].update_id
    assert await texts(bot, second + 1) == ["b"]
    assert await texts(bot) == ["b"]


async def test_a_negative_offset_keeps_the_last_ones_only(bot: Bot, li: Chat) -> None:
    await say(li, "a", "b")
    assert await texts(bot, -1) == ["b"]
    assert await texts(bot) == ["b"]


async def test_the_limit_is_clamped(bot: Bot, li: Chat) -> None:
    await say(li, "a", "b")
    assert await texts(bot, limit=2) == ["/start", "a"]
    assert await texts(bot, limit=-5) == await texts(bot, limit=0) == ["/start"]
    assert await texts(bot, limit=1000) == ["/start", "a", "b"]


@pytest.mark.parametrize(("asked", "waited"), [(-3, 0), (0, 0), (25, 25), (50, 50), (3600, 50)])
def test_a_poll_waits_at_most_50_seconds(asked: int, waited: int) -> None:
    assert seconds_to_wait(asked) == waited


async def test_a_poll_wakes_when_an_update_comes(bot: Bot, li: Chat) -> None:
    last = (await bot.get_updates())[-1].update_id
    poll = asyncio.create_task(bot.get_updates(last + 1, timeout=10))
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await say(li, "hello")
    assert [update.message.text for update in await poll if update.message] == ["hello"]
    assert time.monotonic() - began < 1


async def test_a_second_poll_ends_the_first(api: RawApi, bot: Bot, li: Chat) -> None:
    last = (await bot.get_updates())[-1].update_id
    first = asyncio.create_task(api.refusal("getUpdates", offset=last + 1, timeout=10))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(bot.get_updates(last + 1, timeout=10))
    assert await first == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    await say(li, "hello")
    assert len(await second) == 1


async def test_no_polling_while_a_webhook_is_set(api: RawApi, bot: Bot) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")
    assert await api.refusal("getUpdates") == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    await bot.delete_webhook()
    assert (await api("getUpdates"))["ok"]


async def test_only_kinds_asked_for_are_made_from_then_on(bot: Bot, li: Chat) -> None:
    await bot.get_updates(-1, allowed_updates=["message"])
    await li.edit(li.messages[0], "changed", wait=False)
    await say(li, "new")
    assert await texts(bot) == ["/start", "new"]
    await bot.get_updates(allowed_updates=["edited_message"])
    await li.edit(li.messages[0], "changed again", wait=False)
    assert await texts(bot) == ["/start", "new", "changed again"]


async def test_an_update_shows_its_message_as_it_was(bot: Bot, li: Chat) -> None:
    sent = await li.send("before", wait=False)
    await li.edit(sent, "after", wait=False)
    assert await texts(bot) == ["/start", "before", "after"]


async def test_updates_are_gone_after_a_day(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.set_clock(DAY - 60)
    assert await texts(bot) == ["/start"]
    await sandbox.set_clock(DAY + 60)
    assert await texts(bot) == []


async def test_an_update_can_be_delivered_twice(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.change_bot(repeat=1)
    await say(li, "twice", "once")
    ids = [update.update_id for update in await bot.get_updates()]
    assert await texts(bot, ids[-1] + 1) == ["twice"]
    assert await texts(bot, ids[-1] + 1) == []


async def test_updates_can_be_delivered_out_of_order(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.change_bot(reverse=2)
    await say(li, "a", "b", "c")
    assert await texts(bot) == ["/start", "b", "a", "c"]


async def test_numbers_start_higher_after_a_restart() -> None:
    async def first_numbers() -> tuple[int, int]:
        async with serve() as server, library_bot(server.url) as bot:
            async with Sandbox.connect(server.url) as sandbox:
                await (await sandbox.people())[0].send("hi", wait=False)
            update = (await bot.get_updates())[0]
            assert update.message
            return update.update_id, update.message.message_id

    before = await first_numbers()
    await asyncio.sleep(0.25)
    after = await first_numbers()
    assert after[0] > before[0]
    assert after[1] > before[1]
    assert max(after) < 2**31


async def test_each_token_is_a_bot_of_its_own(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    async with library_bot(sandbox.url, "777:another-bot-token") as other:
        assert other.id == 777
        assert await other.get_updates() == ()
    assert await texts(bot) == ["/start"]
