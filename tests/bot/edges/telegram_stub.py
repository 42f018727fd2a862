"""A Bot API server that answers what a test tells it to and remembers what it was asked."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import orjson
from aiohttp import web

TOKEN = "123456789:AAtest-token-that-must-never-be-seen-0"
BOT_ID = 123456789
_ME = {"id": BOT_ID, "is_bot": True, "first_name": "Clinic", "username": "clinic_bot"}

Failure = Callable[[], web.Response]


@dataclass(frozen=True)
class Asked:
    """One call: the method as it was spelt in lower case, its parameters, the files' bytes by part name."""

    method: str
    params: dict[str, Any]
    files: dict[str, bytes]


class TelegramStub:
    """Real HTTP on a free port of this machine. `stop` and `start` make it go away and come back at the same address.

    getUpdates hands out `waiting` until an offset confirms them, as Telegram does.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.waiting: list[dict[str, Any]] = []
        self.confirmed: list[int] = []
        self.results: dict[str, Any] = {"getme": _ME, "sendmessage": {"message_id": 1}}
        self.connections: set[object] = set()
        self.url = ""
        self._pauses: dict[str, float] = {}
        self._failures: dict[str, deque[Failure]] = defaultdict(deque)
        self._arrived = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def arrive(self, *updates: dict[str, Any]) -> None:
        """People did something: these updates wait for the bot."""
        self.waiting.extend(updates)
        self._arrived.set()

    def fail(self, method: str, status: int, description: str, times: int = 1, **parameters: Any) -> None:
        """The next calls of the method are refused as the Bot API refuses."""
        body = {"ok": False, "error_code": status, "description": description}
        if parameters:
            body["parameters"] = parameters
        self.fail_raw(method, status, orjson.dumps(body), times)

    def fail_raw(self, method: str, status: int, body: bytes, times: int = 1) -> None:
        """The next calls are answered with these bytes, whatever they are."""
        self._failures[method.lower()].extend([lambda: web.Response(status=status, body=body)] * times)

    def slow(self, method: str, seconds: float) -> None:
        """From now on answers to this method take a while."""
        self._pauses[method.lower()] = seconds

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The parameters of every call of a method so far."""
        return [asked.params for asked in self.asked if asked.method == method.lower()]

    async def until(self, happened: Callable[[], object], seconds: float = 5.0) -> None:
        """Waits until something is true; fails the test when it does not come true."""
        async with asyncio.timeout(seconds):
            while not happened():
                await asyncio.sleep(0.005)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        method = request.path.rpartition("/")[2].lower()
        asked = await _asked(request, method)
        self.asked.append(asked)
        await asyncio.sleep(self._pauses.get(method, 0))
        if self._failures[method]:
            return self._failures[method].popleft()()
        if f"/bot{TOKEN}/" not in request.path:
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        if method == "getupdates":
            return _ok(await self._updates(asked.params))
        return _ok(self.results.get(method, True))

    async def _updates(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        offset = int(params.get("offset", 0))
        self.confirmed += [update["update_id"] for update in self.waiting if update["update_id"] < offset]
        self.waiting = [update for update in self.waiting if update["update_id"] >= offset]
        if not self.waiting:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), timeout=min(float(params.get("timeout", 0)), 0.2))
            except TimeoutError:
                return []
        return self.waiting[:100]


def message(update_id: int, text: str = "hello", person: int = 7) -> dict[str, Any]:
    """An update: a person wrote in their private chat."""
    sender = {"id": person, "is_bot": False, "first_name": "Li", "language_code": "zh-hans"}
    chat = {"id": person, "type": "private", "first_name": "Li"}
    written = {"message_id": update_id, "date": 1_790_000_000, "chat": chat, "from": sender, "text": text}
    return {"update_id": update_id, "message": written}


async def _asked(request: web.Request, method: str) -> Asked:
    if request.content_type == "application/json":
        return Asked(method, orjson.loads(await request.read()), {})
    params: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = value.file.read()
        else:
            params[name] = value
    return Asked(method, params, files)


def _ok(result: Any) -> web.Response:
    return web.Response(body=orjson.dumps({"ok": True, "result": result}), content_type="application/json")
