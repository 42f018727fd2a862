"""Photos that people send: the front door, and the sealed keeping of what came through it (SECURITY.md Photos)."""

import asyncio
import os
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Final

from core.picture_work import PictureWork
from core.pictures import MediaType, Photo, judge
from core.sealing import HEADER_BYTES, Sealer, sealed_by
from core.workers import Workers
from storage.photos import PhotoStore

_MAX_THREADS: Final = 2  # each has a process that may need some 600 MB for the largest photo
_QUEUE_PER_THREAD: Final = 8
_LOOKS_AT_ONCE: Final = 2  # the others wait for theirs: a screen full of photos must not turn away who sends some


class PhotoKind(StrEnum):
    """What a photo is kept for: the first part of its name in the store."""

    CERTIFICATE = "certificate"
    AVATAR = "avatar"


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo in the store, under the name `path`. `size` is of the photo in bytes, before it was sealed."""

    path: str
    media_type: MediaType
    size: int
    width: int
    height: int
    sha256: str
    likeness: str | None = None


class Photos:
    """Takes photos in, keeps them sealed, gives them out. Who may do so is for the noun that they belong to."""

    def __init__(self, store: PhotoStore, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._workers = Workers(
            "photo",
            min(_MAX_THREADS, os.cpu_count() or 1),
            queue_per_thread=_QUEUE_PER_THREAD,
            seconds=1.0,
            busy="photo.busy",
            step_back=False,  # they only wait for processes, which do
        )
        self._work = PictureWork()
        self._looks = asyncio.Semaphore(_LOOKS_AT_ONCE)

    async def take(self, received: BinaryIO, *, side: int | None = None, least: int = 0) -> Photo:
        """The photo in a file (one that can seek), written anew from its bare pixels: upright, JPEG or PNG as it came.

        With `side` it is made smaller until no side has more pixels, and is a JPEG; `least` pixels its shorter side
        must have. Raises InvalidValue (`photo.empty`, `.too_big`, `.not_a_picture`, `.heic`, `.pdf`, `.polyglot`,
        `.animated`, `.too_many_pixels`, `.too_small`, `.damaged`), Busy when too many wait, or StorageError when what
        reads pictures keeps dying.
        """

        def take() -> Photo:
            judge(received)  # what is no picture costs no process
            received.seek(0)
            return self._work.take(received.read(), side, least)

        return await self._workers.run(take)

    async def small(self, path: str, side: int) -> bytes:
        """The photo of that name as a JPEG to be looked at, no side longer. Raises as `read` does, and Busy."""
        async with self._looks:
            content = await self.read(path)
            return await self._workers.run(lambda: self._work.small(content, side))

    async def keep(self, path: str, photo: Photo) -> StoredPhoto:
        """Puts a photo into the store under a name that was expected (core/photo_arrivals.py). Raises StorageError."""
        sealed = await asyncio.to_thread(self._sealer.seal, photo.content, path.encode())
        await self._store.put(path, sealed)
        size = (len(photo.content), photo.width, photo.height)
        return StoredPhoto(path, photo.media_type, *size, photo.sha256, photo.likeness)

    async def read(self, path: str) -> bytes:
        """The photo of that name, opened. Raises StorageError, also when it is not there, and SealBroken."""
        sealed = await self._store.get(path)
        return await asyncio.to_thread(self._sealer.open, sealed, path.encode())

    async def sealed_by(self, path: str) -> str:
        """The id of the key that sealed the photo of that name. Raises as `read` does, without reading all of it."""
        return sealed_by(await self._store.head(path, HEADER_BYTES))

    async def seal_anew(self, path: str, fresh: str) -> None:
        """Keeps the photo once more, under another name and sealed by the present key. Raises as `read` does."""
        content = await self.read(path)
        await self._store.put(fresh, await asyncio.to_thread(self._sealer.seal, content, fresh.encode()))

    async def delete(self, path: str) -> None:
        """Takes the photo of that name out of the store; nothing happens when it is not there. Raises StorageError."""
        await self._store.delete(path)

    def close(self) -> None:
        """Ends the threads and what they have done; what waits is dropped."""
        self._workers.close()
        self._work.close()


def new_name(kind: PhotoKind) -> str:
    """A name for a photo in the store; it tells nothing but what the photo is kept for."""
    return f"{kind}/{secrets.token_hex(16)}"
