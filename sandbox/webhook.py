"""Updates handed to a bot's own address, again and again until it takes them."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import orjson
from yarl import URL

from sandbox.errors import bad_request
from sandbox.model import Bot, Webhook
from sandbox.updates import Update

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
ANSWER_TIMEOUT = 60.0
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})

CarryOut = Callable[[Bot, dict[str, Any]], Awaitable[None]]


def checked_url(url: str) -> str:
    """A webhook address on this machine; the sandbox calls no other, and needs no TLS for this one.

    Raises:
        ApiError: 400 for any other address.
    """
    try:
        parsed = URL(url)
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if parsed.scheme not in {"http", "https"}:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if parsed.host not in _THIS_MACHINE:
        raise bad_request("bad webhook: the sandbox delivers to this machine only")
    return url


def checked_secret(secret: str) -> str:
    """A ``secret_token``.

    Raises:
        ApiError: 400 for one that is too long or has other characters than Telegram takes.
    """
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    return secret


def pauses() -> Iterator[float]:
    """The seconds between one try and the next: each twice the last, up to a minute."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)


class Webhooks:
    """The deliveries of all bots that have a webhook."""

    def __init__(self) -> None:
        self._deliveries: dict[int, _Delivery] = {}
        self.carry_out: CarryOut | None = None

    def start(self, bot: Bot) -> None:
        """Delivers a bot's updates, those that wait already first."""
        self.stop(bot)
        if bot.webhook:
            self._deliveries[bot.id] = _Delivery(bot, bot.webhook, self.carry_out)

    def stop(self, bot: Bot) -> None:
        """Ends a bot's delivery; what was not taken waits on."""
        bot.updates.on_arrival = None
        delivery = self._deliveries.pop(bot.id, None)
        if delivery:
            delivery.cancel()

    async def close(self) -> None:
        """Ends all deliveries and waits for them."""
        tasks = [task for delivery in self._deliveries.values() for task in delivery.cancel()]
        self._deliveries.clear()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Delivery:
    """One lane after another's updates: within a lane in order, lanes side by side up to ``max_connections``."""

    def __init__(self, bot: Bot, webhook: Webhook, carry_out: CarryOut | None) -> None:
        self._bot = bot
        self._webhook = webhook
        self._carry_out = carry_out
        self._slots = asyncio.Semaphore(webhook.max_connections)
        self._lanes: dict[str, deque[Update]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._seen: set[int] = set()
        self._session: aiohttp.ClientSession | None = None
        bot.updates.on_arrival = self._sort
        self._sort()

    def cancel(self) -> list[asyncio.Task[Any]]:
        """Stops, and gives the tasks that end soon."""
        tasks: list[asyncio.Task[Any]] = list(self._tasks)
        for task in tasks:
            task.cancel()
        if self._session:
            tasks.append(asyncio.ensure_future(self._session.close()))
        return tasks

    def _sort(self) -> None:
        for update in self._bot.updates.all():
            if update.id in self._seen:
                continue
            self._seen.add(update.id)
            lane = self._lanes.setdefault(update.lane, deque())
            lane.append(update)
            if len(lane) == 1:
                task = asyncio.ensure_future(self._run(update.lane))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _run(self, name: str) -> None:
        lane = self._lanes[name]
        while lane:
            update = lane[0]
            waits = pauses()
            while not self._is_done(update):
                asked_to_wait = await self._deliver(update)
                if asked_to_wait is None:
                    self._bot.updates.confirm(update)
                    continue
                await asyncio.sleep(asked_to_wait or next(waits))
            lane.popleft()
            self._seen.discard(update.id)
        del self._lanes[name]

    def _is_done(self, update: Update) -> bool:
        self._bot.updates.forget_old()
        return update.confirmed.is_set()

    async def _deliver(self, update: Update) -> float | None:
        """One try. None when the bot took it, else the seconds it asked to be left alone (0: the usual pause)."""
        headers = {"Content-Type": "application/json"}
        if self._webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self._webhook.secret_token
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_TIMEOUT))
        try:
            async with (
                self._slots,
                self._session.post(self._webhook.url, data=orjson.dumps(update.as_json()), headers=headers) as answer,
            ):
                if 200 <= answer.status < 300:
                    await self._act_on(await answer.read())
                    return None
                self._note(f"Wrong response from the webhook: {answer.status} {answer.reason}")
                wait = answer.headers.get("Retry-After", "")
                return float(wait) if wait.isascii() and wait.isdigit() else 0.0
        except (aiohttp.ClientError, TimeoutError) as error:
            self._note(str(error) or type(error).__name__)
            return 0.0

    async def _act_on(self, body: bytes) -> None:
        """A call in the answer's body is carried out; its result is not told to anyone."""
        try:
            call = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        if isinstance(call, dict) and call.get("method") and self._carry_out:
            await self._carry_out(self._bot, call)

    def _note(self, message: str) -> None:
        self._webhook.last_error_date = int(time.time())
        self._webhook.last_error_message = message
