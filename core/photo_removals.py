"""Takes photos out of the store that nothing names any more: after the commit that said so, whatever is cut off.

A file cannot be deleted in a transaction: it would be gone though that is rolled back, or stay when its process is
killed behind the commit. So the transaction notes the photo, and the bot's clock takes it out.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import structlog

from core.jobs.scheduler import Errand
from core.photos import Photos
from core.unit import Clock, UnitOfWork
from storage import photo_removals as store
from storage.database import Database
from storage.errors import StorageError

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 50
_TRY_AGAIN: Final = timedelta(minutes=5)


async def remove_photos(uow: UnitOfWork, paths: Iterable[str]) -> None:
    """Has these photos taken out of the store soon after the commit. No row may name them any more."""
    await store.add(uow.conn, paths, uow.now)


async def remove_unsettled(uow: UnitOfWork, account_id: int) -> None:
    """Has all photos taken out that wait in the account's dialogs (core/photo_arrivals.py)."""
    await store.hasten(uow.conn, account_id, uow.now)


def removing(photos: Photos) -> Errand:
    """The job that does it, within half a minute."""

    async def take_out(database: Database, clock: Clock) -> None:
        async with database.read() as conn:
            paths = await store.due(conn, clock(), most=_AT_ONCE)
        if not paths:
            return
        done: list[str] = []
        late: list[str] = []
        for path in paths:
            try:
                await photos.delete(path)
            except StorageError as error:
                _log.warning("photo.not_removed", path=path, error=str(error))
                late.append(path)
            else:
                done.append(path)
        async with database.write() as conn:
            await store.drop(conn, done)
            await store.put_off(conn, late, clock() + _TRY_AGAIN)

    return Errand("remove_photos", timedelta(seconds=15), take_out)
