"""Bytes as material: numbers, choices and texts are cut from them one after another; when they end, all is zero."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Material:
    """A fuzzer's bytes, used up from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def number(self) -> int:
        """0 to 255."""
        first, self._data = self._data[:1], self._data[1:]
        return first[0] if first else 0

    def one_of(self, options: Sequence[T]) -> T:
        """Any of at most 256 options."""
        return options[self.number() % len(options)]

    def yes(self) -> bool:
        """Or no."""
        return self.number() % 2 == 1

    def text(self) -> str:
        """At most 255 bytes of UTF-8, of which what is none is left out."""
        length = self.number()
        part, self._data = self._data[:length], self._data[length:]
        return part.decode("utf-8", "ignore")

    def rest(self) -> bytes:
        """All that is left."""
        rest, self._data = self._data, b""
        return rest
