"""A bare client that measures the stub itself: `python -m benchmarks.client PORT SECONDS`; says calls a second."""

import asyncio
import sys
import time

import uvloop

from benchmarks.wire import Wire

_CONNECTIONS = 32
_BODY = '{"chat_id":1,"text":"（1/9）为谁注册？"}'.encode()
_REQUEST = b"POST /bot1:x/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)


class _Caller(Wire):
    calls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.write(_REQUEST)

    def received(self, head: bytes, body: bytes) -> None:  # noqa: ARG002 - nobody reads the answer
        type(self).calls += 1
        self.transport.write(_REQUEST)


async def main(port: int, seconds: float) -> None:
    """Calls on many connections at once, each call after the answer to the one before."""
    loop = asyncio.get_running_loop()
    for _ in range(_CONNECTIONS):
        await loop.create_connection(_Caller, "127.0.0.1", port)
    await asyncio.sleep(seconds / 4)
    before, began = _Caller.calls, time.perf_counter()
    await asyncio.sleep(seconds)
    print((_Caller.calls - before) / (time.perf_counter() - began))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2])))
