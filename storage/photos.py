"""Where photos lie: a folder, or any object store that obstore knows by URL. What lies there is sealed by core."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from storage.errors import NotStored, StorageError

_CALL_SECONDS: Final = timedelta(seconds=30)
_RETRY_SECONDS: Final = timedelta(seconds=20)  # the library's own three minutes outlast anybody who waits


class PhotoStore:
    """Keeps bytes under generated names. Whatever keeps the store from working is StorageError."""

    def __init__(self, url: str) -> None:
        """`url` is a folder, or like `s3://bucket`. A folder is made at the first use. StorageError for a wrong URL."""
        self._name = url
        path = url.removeprefix("file://")
        self._folder = None if "://" in path else Path(path)
        self._store = None if self._folder else _remote(url)

    async def put(self, name: str, content: bytes) -> None:
        """Writes `content` whole or not at all."""
        with self._faults():
            store = self._opened()
            await store.put_async(name, content, use_multipart=False)
            if self._folder is not None:
                await asyncio.to_thread(_make_lasting, self._folder / name)

    async def get(self, name: str) -> bytes:
        """What was written under `name`. NotStored when nothing is there."""
        with self._faults():
            try:
                found = await self._opened().get_async(name)
            except FileNotFoundError:
                raise NotStored(f"The photo store {self._name} has no {name}.") from None
            return (await found.bytes_async()).to_bytes()

    async def head(self, name: str, length: int) -> bytes:
        """The first bytes of what was written under `name`. NotStored when nothing is there."""
        with self._faults():
            try:
                found = await self._opened().get_range_async(name, start=0, length=length)
            except FileNotFoundError:
                raise NotStored(f"The photo store {self._name} has no {name}.") from None
            return found.to_bytes()

    async def delete(self, name: str) -> None:
        """Takes `name` away, with what a `put` that was killed left of it; nothing happens when it is not there."""
        with self._faults():
            with suppress(FileNotFoundError):
                await self._opened().delete_async(name)
            if self._folder is not None:
                await asyncio.to_thread(_drop_unfinished, self._folder / name)

    def _opened(self) -> ObjectStore:
        if self._store is None:
            assert self._folder is not None
            # The folder's mode is what keeps others out: the library writes the files in it as the umask says.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._store = LocalStore(self._folder)
        return self._store

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            # The first line alone: the library adds a page for debugging.
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise StorageError(f"The photo store {self._name} does not work: {reason}.") from error


def _remote(url: str) -> ObjectStore:
    # The library takes this one of its variables from the environment only where no options are given.
    allow_http = os.environ.get("AWS_ALLOW_HTTP", "").casefold() in {"1", "true"}
    try:
        return from_url(
            url,
            client_options={"timeout": _CALL_SECONDS, "allow_http": allow_http},
            retry_config={"max_retries": 3, "retry_timeout": _RETRY_SECONDS},
        )
    except (BaseError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise StorageError(
            f"The photo store's URL {url} cannot be used, write a folder or one like s3://bucket: {reason}."
        ) from None


def _make_lasting(path: Path) -> None:
    """A row will say that this file is there: it must outlast a power cut as the row does."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _drop_unfinished(path: Path) -> None:
    """The library writes NAME#1 and renames it to NAME: who is killed in between leaves the first."""
    for unfinished in path.parent.glob(f"{path.name}#*"):
        unfinished.unlink()
