"""The files of an export: zips of bounded size, each in a file without a name, which is gone with its process."""

import asyncio
import tempfile
from collections.abc import AsyncIterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import IO, Any, Final, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import orjson

from core.export_data import PhotoFile

MAX_PART: Final = 45 * 1024 * 1024
"""Bots upload 50 MB (SECURITY.md Privacy)."""
_ENTRY_BYTES: Final = 512  # what a zip needs for an entry beside its content


class Part:
    """One zip. Its file has no name, so no other program opens it, and a kill leaves nothing behind.

    Raises OSError when the disk is full. Use it as a context manager.
    """

    def __init__(self, now: datetime) -> None:
        """`now`, in the clinic's zone, is when everything in it was made."""
        self._made = now
        self.file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._zip = ZipFile(self.file, "w")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, ValueError):  # what is given up in the middle need not be a whole zip
            self._zip.close()
        self.file.close()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self.file.tell()

    async def add_text(self, name: str, text: str) -> None:
        """A text; with the mark that tells Windows it is UTF-8."""
        await self._add(self._entry(name, ZIP_DEFLATED), text.encode("utf-8-sig"))

    async def add_json(self, name: str, value: Any) -> None:
        """A value, written so that people can read it too."""
        await self._add(self._entry(name, ZIP_DEFLATED), await asyncio.to_thread(_json, value))

    async def add_json_list(self, name: str, pages: AsyncIterable[Sequence[Any]]) -> None:
        """A list that may be long, written a page at a time."""
        with self._zip.open(self._entry(name, ZIP_DEFLATED), "w") as member:
            before = b"["
            async for page in pages:
                await asyncio.to_thread(_write, member, before, page)
                before = b","
            member.write(b"\n]\n" if before == b"," else b"[]\n")

    async def add_photo(self, name: str, content: bytes) -> None:
        """A photo, which gets no smaller by packing."""
        await self._add(self._entry(name, ZIP_STORED), content)

    async def close(self) -> None:
        """Ends the zip; its file can be read from the start."""
        await asyncio.to_thread(self._zip.close)
        self.file.seek(0)

    async def _add(self, entry: ZipInfo, content: bytes) -> None:
        await asyncio.to_thread(self._zip.writestr, entry, content)

    def _entry(self, name: str, compression: int) -> ZipInfo:
        entry = ZipInfo(name, self._made.timetuple()[:6])
        entry.compress_type = compression
        entry.external_attr = 0o600 << 16
        return entry


def shared_out(photos: Sequence[PhotoFile], used: int, limit: int = MAX_PART) -> list[list[PhotoFile]]:
    """The photos by the part they go into, in their order; `used` bytes of the first part are taken already."""
    parts: list[list[PhotoFile]] = [[]]
    for photo in photos:
        size = photo.size + _ENTRY_BYTES
        if used + size > limit and used:
            parts.append([])
            used = 0
        parts[-1].append(photo)
        used += size
    return parts


def _write(member: IO[bytes], before: bytes, values: Sequence[Any]) -> None:
    """Writes some of the values of a list, the first one behind what stands before it."""
    for value in values:
        member.write(before + b"\n" + _json(value))
        before = b","


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)  # columns' names are no mere str
