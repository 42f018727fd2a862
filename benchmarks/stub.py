"""A Bot API server that plays the people of a round: `python -m benchmarks.stub PLAN`, a process of its own.

It says what happens as lines of JSON on stdout: the port, then `first` (the first answer), `begin` and `end` of each
measured window, and `over` with what was lost. It ends with its stdin.
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
import uvloop

from benchmarks.people import Crowd, Tally, Walk
from benchmarks.wire import Wire, response

_MOST: Final = 100  # updates in one answer, as Telegram does it
_DRAIN_SECONDS: Final = 10.0
_STEPS_IN: Final = 2  # newcomers have begun and answered the first question
_UPDATES_A_ROUND: Final = 10_000_000  # more than any sends
_LET_IN: Final = 100  # newcomers at a time
_QUIET_SECONDS: Final = 0.5  # time for a doubled answer to show itself
_ME: Final = {
    "id": 700003,
    "is_bot": True,
    "first_name": "Benchmark",
    "username": "benchmark_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
}
_TRUE: Final = response(b'{"ok":true,"result":true}')
_SENT: Final = b'{"ok":true,"result":{"message_id":%d,"from":%b,"chat":{"id":%d,"type":"private","first_name":"\xe5\xb0\x8f\xe6\x98\x8e"},"date":1790000000,"text":%b}}'  # noqa: E501


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round is. Lengths are seconds; `pace` is messages a second in the gentle window.

    Args:
        round: its number, so that no round's updates have the ids of another's.
        newcomers: who open a dialog at the end and leave it open, and `opening` the seconds they may take for it.
    """

    walk: Walk
    people: int
    warm: float
    rush: float
    gentle: float
    pace: float
    idle: float
    opening: float = 0.0
    newcomers: int = 0
    round: int = 0


class Stub:
    """The server's side that all its connections share."""

    def __init__(self, plan: Plan) -> None:
        self._last_id = plan.round * _UPDATES_A_ROUND
        self.crowd = Crowd(plan.walk, plan.people, self._arrive, first_update=self._last_id + 1)
        self.asked = asyncio.Event()
        self._plan = plan
        self._updates: deque[tuple[int, bytes]] = deque()
        self._polling: Wire | None = None
        self._answering = False
        self._message_id = 1_000_000_000
        self._me = orjson.dumps({key: _ME[key] for key in ("id", "is_bot", "first_name", "username")})

    def call(self, wire: Wire, method: bytes, body: bytes) -> None:
        """Answers one call."""
        if method == b"getupdates":
            self._poll(wire, _params(body))
        elif method == b"sendmessage":
            params = _params(body)
            wire.transport.write(self._send(int(params["chat_id"]), params["text"]))
        elif method == b"getme":
            wire.transport.write(response(orjson.dumps({"ok": True, "result": _ME})))
        else:
            self.crowd.called()
            wire.transport.write(_TRUE)

    def gone(self, wire: Wire) -> None:
        """Forgets a connection."""
        if self._polling is wire:
            self._polling = None

    def _send(self, chat_id: int, text: str) -> bytes:
        self.crowd.called()
        self.crowd.answered(chat_id, text)
        self._message_id += 1
        return response(_SENT % (self._message_id, self._me, chat_id, orjson.dumps(text)))

    def _arrive(self, update: bytes) -> None:
        self._last_id += 1
        self._updates.append((self._last_id, update))
        self._answer_soon()

    def _poll(self, wire: Wire, params: dict[str, Any]) -> None:
        offset = int(params.get("offset") or 0)
        while self._updates and self._updates[0][0] < offset:
            self._updates.popleft()
        self._polling = wire
        self.asked.set()
        if not int(params.get("timeout") or 0):
            self._answer()
        elif self._updates:
            self._answer_soon()

    def _answer_soon(self) -> None:
        # At the next turn of the loop, so that what happens at one moment goes in one answer.
        if self._polling is not None and not self._answering:
            self._answering = True
            asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        self._answering = False
        wire, self._polling = self._polling, None
        if wire is not None:
            batch = b",".join(update for _, update in islice(self._updates, _MOST))
            wire.transport.write(response(b'{"ok":true,"result":[%b]}' % batch))

    async def run(self) -> None:
        """Plays the round from the contestant's first getUpdates on."""
        plan, crowd = self._plan, self.crowd
        await self.asked.wait()
        crowd.due(time.perf_counter())
        while not crowd.all.steps:
            await asyncio.sleep(0.002)
        say("first")
        crowd.rush()
        await asyncio.sleep(plan.warm)
        if plan.rush:
            await self._window("rush", asyncio.sleep(plan.rush))
        crowd.rest()
        await self._drain()
        if plan.gentle:
            await self._window("gentle", self._pace(plan.gentle))
        lost = crowd.waiting
        if plan.idle:
            await self._window("idle", asyncio.sleep(plan.idle))
        if plan.newcomers:
            await self._window("opening", self._open(plan.newcomers, plan.opening))
            lost = max(lost, crowd.waiting)
        everything = crowd.all
        say(
            "over",
            lost=lost,
            opened=crowd.settled,
            steps=everything.steps,
            wrong=everything.wrong,
            doubled=everything.doubled,
            surprises=crowd.surprises,
        )

    async def _window(self, name: str, passing: Awaitable[None]) -> None:
        tally = self.crowd.tally = Tally()
        cpu, began = time.process_time(), time.perf_counter()
        say("begin", window=name)
        await passing
        took, used = time.perf_counter() - began, time.process_time() - cpu
        self.crowd.tally = Tally()  # answers go on coming
        latencies = sorted(tally.latencies)
        say(
            "end",
            window=name,
            seconds=took,
            stub_busy=used / took,
            p50_ms=_percentile(latencies, 0.5),
            p99_ms=_percentile(latencies, 0.99),
            max_ms=_percentile(latencies, 1),
            steps=tally.steps,
            calls=tally.calls,
        )

    async def _pace(self, seconds: float) -> None:
        gap, began = 1 / self._plan.pace, time.perf_counter()
        for number in range(int(seconds * self._plan.pace)):
            moment = began + number * gap
            await asyncio.sleep(max(0, moment - time.perf_counter()))
            self.crowd.due(moment)
        await self._drain()  # belongs to the window: whoever falls behind cannot leave out the latest answers

    async def _open(self, count: int, seconds: float) -> None:
        self.crowd.let_in(count, _STEPS_IN, _LET_IN)
        until = time.perf_counter() + seconds
        while self.crowd.settled < count and time.perf_counter() < until:
            await asyncio.sleep(0.05)
        self.crowd.close()
        await self._drain()

    async def _drain(self) -> None:
        until = time.perf_counter() + _DRAIN_SECONDS
        while self.crowd.waiting and time.perf_counter() < until:
            await asyncio.sleep(0.01)
        await asyncio.sleep(_QUIET_SECONDS)


class _Connection(Wire):
    def __init__(self, stub: Stub) -> None:
        super().__init__()
        self._stub = stub

    def received(self, head: bytes, body: bytes) -> None:
        path = head[: head.index(b"\r\n")].split(b" ", 2)[1]
        self._stub.call(self, path[path.rindex(b"/") + 1 :].lower(), body)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._stub.gone(self)


def _params(body: bytes) -> dict[str, Any]:
    if body[:1] == b"{":
        parsed: dict[str, Any] = orjson.loads(body)
        return parsed
    return {key: values[0] for key, values in parse_qs(body.decode()).items()}


def _percentile(ordered: list[float], share: float) -> float:
    """In milliseconds; 0 where nothing was measured."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


def say(event: str, **values: Any) -> None:
    """Tells the process that started this one."""
    print(json.dumps({"event": event, **values}), flush=True)


async def main(plan: Plan) -> None:
    """Serves until stdin ends."""
    loop = asyncio.get_running_loop()
    stub = Stub(plan)
    server = await loop.create_server(lambda: _Connection(stub), "127.0.0.1", 0, backlog=1024)
    say("listening", port=server.sockets[0].getsockname()[1])
    playing = asyncio.create_task(stub.run())
    await loop.run_in_executor(None, sys.stdin.read)
    playing.cancel()


if __name__ == "__main__":
    uvloop.run(main(Plan(**json.loads(sys.argv[1]))))
