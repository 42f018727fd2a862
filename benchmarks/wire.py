"""HTTP/1.1 with as little work as can be, for the stub and the client that measures it: it must not be the limit."""

import asyncio
from abc import abstractmethod
from typing import cast


class Wire(asyncio.Protocol):
    """Cuts what arrives into messages with a Content-Length and hands each to `received`."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._buffer = b""

    @abstractmethod
    def received(self, head: bytes, body: bytes) -> None:
        """One message; `head` is its first line and headers."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's does not say that it is one

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            head = buffer[:end]
            start = end + 4
            stop = start + _length(head)
            if len(buffer) < stop:
                break
            body, buffer = buffer[start:stop], buffer[stop:]
            self.received(head, body)
        self._buffer = buffer


def response(body: bytes) -> bytes:
    """A 200 with this JSON."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _length(head: bytes) -> int:
    lower = head.lower()
    found = lower.find(b"\r\ncontent-length:")
    if found < 0:
        return 0
    return int(lower[found + 17 :].split(b"\r\n", 1)[0])
