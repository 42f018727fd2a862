"""Webhook delivery: the secret, retries, calls in the answer, lanes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest

from sandbox import webhook
from sandbox.client import Chat, Sandbox
from tests.sandbox.conftest import RawApi

Answer = Callable[[dict[str, Any]], Awaitable[web.Response]]


class Hook:
    """A bot's own address: keeps what comes, answers as told."""

    def __init__(self) -> None:
        self.url = ""
        self.secrets: list[str] = []
        self.updates: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.answer: Answer = self._ok

    async def _ok(self, _update: dict[str, Any]) -> web.Response:
        return web.Response()

    async def handle(self, request: web.Request) -> web.Response:
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token", ""))
        update = await request.json()
        self.updates.put_nowait(update)
        return await self.answer(update)

    async def text(self) -> str:
        """The text of the next message that comes."""
        update = await asyncio.wait_for(self.updates.get(), 5)
        return str(update["message"]["text"])


@pytest.fixture
async def hook(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hook]:
    monkeypatch.setattr(webhook, "FIRST_PAUSE", 0.05)
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def test_what_waited_is_delivered_with_the_secret(bot: Bot, li: Chat, hook: Hook) -> None:
    await bot.set_webhook(hook.url, secret_token="s3cret_-")
    assert await hook.text() == "/start"
    assert hook.secrets == ["s3cret_-"]
    await li.send("hello", wait=False)
    assert await hook.text() == "hello"


async def test_a_client_sees_that_an_update_was_taken(bot: Bot, li: Chat, hook: Hook) -> None:
    async def answer(update: dict[str, Any]) -> web.Response:
        await bot.send_message(update["message"]["chat"]["id"], "got it")
        return web.Response()

    hook.answer = answer
    await bot.set_webhook(hook.url)
    await li.send("hello")
    assert li.screen == "got it"


async def test_a_refused_update_comes_again_and_others_of_the_chat_wait(bot: Bot, li: Chat, hook: Hook) -> None:
    refusals = [500, 404]

    async def answer(_update: dict[str, Any]) -> web.Response:
        return web.Response(status=refusals.pop(0) if refusals else 204)

    hook.answer = answer
    await li.send("next", wait=False)
    await bot.set_webhook(hook.url)
    assert [await hook.text() for _ in range(4)] == ["/start", "/start", "/start", "next"]
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 404 Not Found"


def test_the_pauses_between_tries_double_up_to_a_minute() -> None:
    assert list(islice(webhook.pauses(), 8)) == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_what_is_a_day_old_is_not_tried_again(bot: Bot, li: Chat, hook: Hook, sandbox: Sandbox) -> None:
    async def answer(update: dict[str, Any]) -> web.Response:
        return web.Response(status=500 if update["message"]["text"] == "/start" else 200)

    hook.answer = answer
    await bot.set_webhook(hook.url)
    assert await hook.text() == "/start"
    await sandbox.set_clock(25 * 3600)
    await li.send("a day later", wait=False)
    texts = [await hook.text()]
    while texts[-1] == "/start":  # what was on its way
        texts.append(await hook.text())
    assert texts[-1] == "a day later"
    assert (await bot.get_webhook_info()).pending_update_count == 0


async def test_retry_after_is_honoured(bot: Bot, li: Chat, hook: Hook) -> None:
    async def answer(_update: dict[str, Any]) -> web.Response:
        first = hook.updates.qsize() == 1
        return web.Response(status=503, headers={"Retry-After": "1"}) if first else web.Response()

    hook.answer = answer
    await bot.set_webhook(hook.url)
    await asyncio.sleep(0.4)
    assert hook.updates.qsize() == 1
    assert [await hook.text(), await hook.text()] == ["/start", "/start"]


async def test_a_bot_that_listens_later_gets_what_it_missed(bot: Bot, li: Chat, hook: Hook) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")
    await asyncio.sleep(0.1)
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.set_webhook(hook.url)
    assert await hook.text() == "/start"


async def test_a_call_in_the_answer_is_carried_out(bot: Bot, li: Chat, hook: Hook) -> None:
    async def answer(update: dict[str, Any]) -> web.Response:
        chat_id = update["message"]["chat"]["id"]
        return web.json_response({"method": "sendMessage", "chat_id": chat_id, "text": "by answer"})

    hook.answer = answer
    await bot.set_webhook(hook.url)
    await li.expect("by answer")


async def test_a_press_does_not_wait_for_a_text_of_the_same_person(bot: Bot, li: Chat, hook: Hook) -> None:
    stuck = asyncio.Event()

    async def answer(update: dict[str, Any]) -> web.Response:
        if "message" in update:
            await stuck.wait()
        return web.Response()

    hook.answer = answer
    menu = InlineKeyboardMarkup([[InlineKeyboardButton("OK", callback_data="x")]])
    await bot.send_message(li.id, "?", reply_markup=menu)
    await bot.set_webhook(hook.url)
    await hook.text()
    await li.send("waits", wait=False)
    await li.press("OK", wait=False)
    update = await asyncio.wait_for(hook.updates.get(), 5)
    assert update["callback_query"]["data"] == "x"
    stuck.set()
    assert await hook.text() == "waits"


async def test_pending_updates_can_be_dropped(bot: Bot, li: Chat, hook: Hook) -> None:
    await bot.set_webhook(hook.url, drop_pending_updates=True)
    await li.send("new", wait=False)
    assert await hook.text() == "new"


async def test_polling_goes_on_where_the_webhook_ended(bot: Bot, li: Chat, hook: Hook) -> None:
    await bot.set_webhook("http://127.0.0.1:9/hook")
    await bot.delete_webhook()
    assert len(await bot.get_updates()) == 1
    assert (await bot.get_webhook_info()).url == ""


async def test_setting_a_webhook_ends_a_poll(api: RawApi, bot: Bot, hook: Hook) -> None:
    poll = asyncio.create_task(api.refusal("getUpdates", timeout=10))
    await asyncio.sleep(0.05)
    await bot.set_webhook(hook.url)
    assert await poll == "Conflict: terminated by setWebhook request"


@pytest.mark.parametrize(
    ("url", "secret", "reason"),
    [
        ("ftp://127.0.0.1/hook", "", "an https url must be provided"),
        ("https://example.org/hook", "", "this machine only"),
        ("http://127.0.0.1/hook", "x" * 257, "Secret token is too long"),
        ("http://127.0.0.1/hook", "no spaces", "Secret token contains unallowed characters"),
    ],
)
async def test_a_wrong_webhook_is_refused(bot: Bot, sandbox: Sandbox, url: str, secret: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        await bot.set_webhook(url, secret_token=secret)
