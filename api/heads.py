"""A request's head, which the server reads before any route: bounded in bytes and in time (CONTRACT.md 3.12).

httptools bounds neither, and uvicorn waits for ever for who connects and says nothing: a thousand such connections
would keep everybody out, and a head without an end would take all memory.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD: Final = 64 * 1024
HEAD_SECONDS: Final = 15.0  # from the connection, or from the first byte of one of its later requests


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol; whose head is too long or too slow is cut off: there is no request yet to be answered."""

    _late: asyncio.TimerHandle | None = None
    _size = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head is waited for."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """More of a head, or of a body, or both."""
        waiting = self._late
        super().data_received(data)
        if self._late is None and self.cycle is not None and self.cycle.response_complete:
            self._wait()  # answered, and what came is no head: uvicorn waits for nothing any more
        elif waiting is not None and waiting is self._late and self._in_head:  # all of it was of one head
            self._size += len(data)
            if self._size > MAX_HEAD:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """A later request of the connection begins: its head is waited for, too."""
        super().on_message_begin()
        self._size, self._in_head = 0, True
        if self._late is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """There is a request; its body has bounds of its own (api/middleware.py)."""
        self._in_head = False
        self._end()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._end()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._cut)

    def _cut(self) -> None:
        if self.flow.read_paused:  # the requests before it are still at work: its head may have come, and not be read
            self._wait()
        else:
            self.transport.abort()

    def _end(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
