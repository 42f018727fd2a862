"""A server that does nothing but answer, for the ceiling of the load: `python -m benchmarks.http.trivial PORT`."""

import asyncio
import sys

import uvloop

from benchmarks.wire import Wire, response

_ANSWER = response(b'{"code":0,"data":null,"msg":"ok"}')


class _Connection(Wire):
    def received(self, head: bytes, body: bytes) -> None:  # noqa: ARG002 - nobody reads the request
        self.transport.write(_ANSWER)


async def main(port: int) -> None:
    """Serves until it is ended."""
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
