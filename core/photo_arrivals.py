"""Photos on their way into the store: each is noted before it lies there, and the note goes when a row names it.

So nothing stays of what was given up, was cut off or ran out of time: core/photo_removals.py takes it out again.
"""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

from core.errors import Conflict
from core.photos import PhotoKind, Photos, StoredPhoto, new_name
from core.pictures import Photo
from core.sessions import Signed
from core.unit import UnitOfWork
from storage import photo_removals as store
from storage.errors import StorageError

_LIFE: Final = timedelta(hours=25)  # a little longer than a dialog that nobody touches (DIALOGS rule 18)
_MARGIN: Final = timedelta(minutes=2)  # whose time is so nearly over may be on its way out
_MOST: Final = 60  # of one account at a time: nobody fills the store with what they never submit


async def expect_photo(uow: UnitOfWork, signed: Signed, kind: PhotoKind) -> str:
    """A name for a photo that who is acting is about to have kept; this transaction is committed before it is put.

    Raises Conflict `photo.too_many_waiting`.
    """
    if await store.count_expected(uow.conn, signed.account_id) >= _MOST:
        raise Conflict("photo.too_many_waiting", field="photo")
    path = new_name(kind)
    await store.expect(uow.conn, path, signed.account_id, uow.now + _LIFE)
    return path


async def give_photo_up(uow: UnitOfWork, path: str) -> None:
    """An expected photo does not come, or will not do: what lies there of it leaves the store."""
    await store.give_up(uow.conn, path, uow.now)


@asynccontextmanager
async def arriving(
    photos: Photos, write: Callable[[], AbstractAsyncContextManager[UnitOfWork]], path: str, photo: Photo
) -> AsyncIterator[StoredPhoto]:
    """Keeps an expected photo, for the transaction inside that names it; when that fails it leaves the store at once.

    `write` opens a transaction. Raises StorageError. After a kill the note is there still.
    """
    try:
        yield await photos.keep(path, photo)
    except BaseException:
        with suppress(StorageError):  # what made this necessary is the fault to tell of
            await photos.delete(path)
            async with write() as uow:
                await give_photo_up(uow, path)
        raise


async def settle_photos(uow: UnitOfWork, paths: Collection[str]) -> None:
    """Has expected photos stay: this transaction names them. Raises Conflict `photo.gone` when their time is over."""
    if not await store.settle(uow.conn, paths, uow.now + _MARGIN):
        raise Conflict("photo.gone", field="photo")
