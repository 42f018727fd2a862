"""Failures on demand."""

from __future__ import annotations

import asyncio
import time

import pytest
from telegram import Bot
from telegram.error import Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from sandbox.client import Chat, Sandbox, SandboxError
from tests.sandbox.conftest import RawApi


async def test_too_many_requests_names_the_seconds(api: RawApi, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.fail("error", "sendMessage", retry_after=3)
    assert await api("sendMessage", chat_id=li.id, text="x") == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }
    assert (await api("sendMessage", chat_id=li.id, text="x"))["ok"]


async def test_any_refusal_can_be_had_for_one_chat(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    han = await sandbox.person("韩梅梅")
    await han.send("/start", wait=False)
    blocked = "Forbidden: bot was blocked by the user"
    await sandbox.fail("error", "sendMessage", chat_id=li.id, status=403, description=blocked)
    assert await bot.send_message(han.id, "x")
    with pytest.raises(Forbidden):
        await bot.send_message(li.id, "x")


async def test_the_server_can_be_out_of_order_for_a_while(api: RawApi, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.fail("error", times=2, status=502, description="Bad Gateway")
    answers = [(await api("sendMessage", chat_id=li.id, text="x"))["ok"] for _ in range(3)]
    assert answers == [False, False, True]


async def test_a_slow_call_is_carried_out_late(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.fail("slow", "sendMessage", seconds=0.2)
    began = time.monotonic()
    await bot.send_message(li.id, "late")
    assert time.monotonic() - began >= 0.2


async def test_a_bot_that_did_not_wait_finds_its_call_carried_out_all_the_same(
    bot: Bot, li: Chat, sandbox: Sandbox
) -> None:
    await sandbox.fail("slow", "sendMessage", seconds=0.2)
    with pytest.raises(TimedOut):
        await bot.send_message(li.id, "late", read_timeout=0.05)
    await li.expect("late")


async def test_a_cut_connection_before_the_call(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.fail("cut", "sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(li.id, "x")
    await li.refresh()
    assert [message.text for message in li.messages] == ["/start"]


async def test_a_lost_answer_after_the_call(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.fail("cut_after", "sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(li.id, "x")
    await li.refresh()
    assert li.screen == "x"


async def test_polling_is_hit_only_by_name(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    await sandbox.fail("error", status=500)
    assert await bot.get_updates()
    await sandbox.heal()
    await sandbox.fail("error", "getUpdates", status=500)
    with pytest.raises(NetworkError):
        await bot.get_updates()


async def test_a_revoked_token(api: RawApi, bot: Bot, sandbox: Sandbox) -> None:
    await sandbox.change_bot(revoked=True)
    assert await api("getMe") == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    with pytest.raises(InvalidToken):
        await bot.get_me()
    await sandbox.change_bot(revoked=False)
    assert await bot.get_me()


@pytest.mark.parametrize(
    ("fault", "reason"), [({"kind": "fire"}, "kind is one of"), ({"kind": "slow", "speed": 1}, "no such setting")]
)
async def test_an_unknown_fault_is_refused(sandbox: Sandbox, fault: dict[str, object], reason: str) -> None:
    with pytest.raises(SandboxError, match=reason):
        await sandbox.request("POST", "/faults", json=fault)


async def test_the_traffic_shows_what_was_called_and_answered(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    await asyncio.gather(bot.send_message(li.id, "one"), bot.get_me())
    (call,) = await sandbox.traffic(chat=li, method="sendMessage")
    assert call["params"]["text"] == "one"
    assert call["answer"]["result"]["text"] == "one"
    assert bot.token not in str(await sandbox.traffic())


async def test_more_messages_a_second_than_the_limit_are_asked_to_wait(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    han = await sandbox.person("韩梅梅")
    await han.send("/start", wait=False)
    await sandbox.limit(per_chat=2, overall=3, seconds=60)
    for chat in (li, li, han):
        await bot.send_message(chat.id, "x")
    for chat in (li, han):  # too many to Li; too many together
        with pytest.raises(RetryAfter, match="Retry in "):
            await bot.send_message(chat.id, "x")
    await bot.send_chat_action(li.id, "typing")
    await sandbox.limit()
    await bot.send_message(li.id, "x")
