"""A Bot API server that plays others at a steady pace, people who log in, and doctors who send photos.

`python -m benchmarks.neighbours.load`, a process of its own. A line of JSON on stdin is a window to play, one on stdout
what was measured in it; it ends with its stdin.
"""

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
import uvloop

from benchmarks.neighbours.pictures import photo
from benchmarks.neighbours.walkers import FILE, Walker, logging_in, sending_photos
from benchmarks.people import Crowd, Tally
from benchmarks.wire import Wire, response

_OTHERS: Final = 200
_LOGGING_IN: Final = 24
_SENDING: Final = 8
_MOST: Final = 100  # updates in one answer, as Telegram does it
_PATIENCE: Final = 100.0
_SETTLING: Final = 0.5
_LEAD: Final = 2.0  # until the queues are full
_ME: Final = {"id": 700003, "is_bot": True, "first_name": "Benchmark", "username": "benchmark_bot"}
_TRUE: Final = response(b'{"ok":true,"result":true}')


@dataclass(frozen=True, slots=True)
class Window:
    """What goes on for so many seconds: others at `pace` messages a second (0: as fast as they are answered; None: not
    at all), people who log in, photos."""

    seconds: float
    pace: float | None = None
    logins: bool = False
    photos: bool = False


class Load:
    """The server's side that all its connections share."""

    def __init__(self) -> None:
        self._photo = photo(0)
        self.crowd = Crowd("register", _OTHERS, self._arrive)
        size = len(self._photo)
        self.logging_in = [Walker(number, logging_in(number), size, self._arrive) for number in range(_LOGGING_IN)]
        self.sending = [Walker(1000 + number, sending_photos(number), size, self._arrive) for number in range(_SENDING)]
        self._walkers = {walker.id: walker for walker in (*self.logging_in, *self.sending)}
        self.asked = asyncio.Event()
        self._updates: deque[tuple[int, bytes]] = deque()
        self._last_id = 0
        self._message_id = 1_000_000_000
        self._polling: Wire | None = None

    def call(self, wire: Wire, method: str, body: bytes) -> None:
        """Answers one call."""
        match method:
            case "getupdates":
                self._poll(wire, _params(body))
            case "sendmessage" | "editmessagetext":
                wire.transport.write(self._sent(_params(body)))
            case "getme":
                wire.transport.write(_ok(_ME))
            case "getfile":
                wire.transport.write(_ok({"file_id": FILE, "file_size": len(self._photo), "file_path": FILE}))
            case "photo":  # FILE, as it is downloaded
                wire.transport.write(response(self._photo))
            case _:
                wire.transport.write(_TRUE)

    def gone(self, wire: Wire) -> None:
        """Forgets a connection."""
        if self._polling is wire:
            self._polling = None

    async def play(self, window: Window) -> dict[str, Any]:
        """Plays a window to its end. Raises TimeoutError with what the bot last said to who still waits."""
        walkers = [*(self.logging_in if window.logins else ()), *(self.sending if window.photos else ())]
        for walker in walkers:
            walker.walk()
        if walkers:
            await asyncio.sleep(_LEAD)
        before = sum(walker.counted for walker in walkers)
        tally = self.crowd.tally = Tally()
        began, cpu = time.monotonic(), time.process_time()
        await self._others(window)
        seconds, used = time.monotonic() - began, time.process_time() - cpu
        counted = sum(walker.counted for walker in walkers) - before
        for walker in walkers:
            walker.rest()
        await self._until(lambda: not self.crowd.waiting and not any(walker.waits for walker in walkers))
        self.crowd.tally = Tally()
        return {
            "began": began,
            "seconds": seconds,
            "load_busy": used / seconds,
            "counted": counted,
            "steps": tally.steps,
            "wrong": tally.wrong + tally.doubled,
            "latencies_ms": sorted(1000 * latency for latency in tally.latencies),
        }

    async def _others(self, window: Window) -> None:
        if window.pace is None:
            await asyncio.sleep(window.seconds)
        elif window.pace == 0:
            self.crowd.rush()
            await asyncio.sleep(window.seconds)
            self.crowd.rest()
        else:
            began = time.perf_counter()  # as the crowd counts
            for number in range(int(window.seconds * window.pace)):
                moment = began + number / window.pace
                await asyncio.sleep(max(0, moment - time.perf_counter()))
                self.crowd.due(moment)

    async def settle(self) -> None:
        """Has everybody register who is to have an account."""
        walkers = self._walkers.values()
        for walker in walkers:
            walker.walk()
        await self._until(lambda: all(walker.settled for walker in walkers))
        for walker in walkers:
            walker.rest()
        await self._until(lambda: not any(walker.waits for walker in walkers))

    async def _until(self, true: Any) -> None:
        until = time.monotonic() + _PATIENCE
        while not true():
            if time.monotonic() > until:
                stuck = [walker.heard for walker in self._walkers.values() if walker.waits][:3]
                raise TimeoutError(f"Nothing happens any more; last heard: {stuck}, {self.crowd.surprises}")
            await asyncio.sleep(0.01)
        await asyncio.sleep(_SETTLING)

    def _sent(self, params: dict[str, Any]) -> bytes:
        chat_id, text = int(params["chat_id"]), params["text"]
        self._message_id += 1
        message_id = int(params.get("message_id", self._message_id))
        if walker := self._walkers.get(chat_id):
            walker.answered(message_id, text, params.get("reply_markup"))
        else:
            self.crowd.answered(chat_id, text)
        chat = {"id": chat_id, "type": "private", "first_name": "小明"}
        return _ok({"message_id": message_id, "from": _ME, "chat": chat, "date": 1_790_000_000, "text": text})

    def _arrive(self, update: bytes) -> None:
        """Queues an update, numbered in the order of all."""
        self._last_id += 1
        self._updates.append((self._last_id, b'{"update_id":%d%b' % (self._last_id, update[update.index(b",") :])))
        if self._polling is not None and len(self._updates) == 1:
            # At the next turn of the loop, so that what happens at one moment goes in one answer.
            asyncio.get_running_loop().call_soon(self._answer)

    def _poll(self, wire: Wire, params: dict[str, Any]) -> None:
        offset = int(params.get("offset") or 0)
        while self._updates and self._updates[0][0] < offset:
            self._updates.popleft()
        self._polling = wire
        self.asked.set()
        if self._updates or not int(params.get("timeout") or 0):
            self._answer()

    def _answer(self) -> None:
        wire, self._polling = self._polling, None
        if wire is not None:
            batch = b",".join(update for _, update in islice(self._updates, _MOST))
            wire.transport.write(response(b'{"ok":true,"result":[%b]}' % batch))


class _Connection(Wire):
    def __init__(self, load: Load) -> None:
        super().__init__()
        self._load = load

    def received(self, head: bytes, body: bytes) -> None:
        path = head[: head.index(b"\r\n")].split(b" ", 2)[1]
        self._load.call(self, path[path.rindex(b"/") + 1 :].decode().lower(), body)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._load.gone(self)


def _params(body: bytes) -> dict[str, Any]:
    if body[:1] == b"{":
        parsed: dict[str, Any] = orjson.loads(body)
        return parsed
    return {key: values[0] for key, values in parse_qs(body.decode()).items()}


def _ok(result: Any) -> bytes:
    return response(orjson.dumps({"ok": True, "result": result}))


def _say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


async def main() -> None:
    """Serves until stdin ends."""
    loop = asyncio.get_running_loop()
    load = Load()
    server = await loop.create_server(lambda: _Connection(load), "127.0.0.1", 0, backlog=1024)
    _say(port=server.sockets[0].getsockname()[1])
    await load.asked.wait()
    await load.settle()
    _say(settled=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        _say(**await load.play(Window(**json.loads(line))))


if __name__ == "__main__":
    uvloop.run(main())
