"""Messages that show an attempt to an admin: with its next change images go, cards are edited (REVIEW.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.removals import Removal, remove_later
from core.review_states import QUEUED, State
from core.unit import UnitOfWork
from storage import exhibits as store
from storage import outbox
from storage.tables.base import AnyRow

EDIT_CARD: Final = "edit.review_card"
"""An outbox row that has a card edited: `params` are its `message_id`, and which `submission` (id) it shows."""
KEEP_IMAGES: Final = timedelta(hours=47)
"""A bot can delete its messages for 48 hours, no longer."""
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Messages in a chat that show an attempt, in the version it had, to an admin's account."""

    submission_id: int
    version: int
    account_id: int
    telegram_user_id: int
    images: tuple[int, ...] = ()
    cards: tuple[int, ...] = ()


async def shown(uow: UnitOfWork, exhibit: Exhibit) -> None:
    """Notes what was shown. If the attempt has changed while it was on its way, it follows the change at once."""
    about = {
        "telegram_user_id": exhibit.telegram_user_id,
        "submission_id": exhibit.submission_id,
        "account_id": exhibit.account_id,
        "shown_at": uow.now,
    }
    kinds = [("image", message) for message in exhibit.images] + [("card", message) for message in exhibit.cards]
    is_late = await store.version(uow.conn, exhibit.submission_id) != exhibit.version
    await store.add(uow.conn, [{**about, "message_id": message, "kind": kind} for kind, message in kinds])
    if is_late:
        await _follow(uow, await store.of(uow.conn, exhibit.submission_id), over=False)


async def changed(uow: UnitOfWork, submission_id: int, after: State) -> None:
    """Has the images of an attempt deleted and its cards edited, since its state has changed."""
    await _follow(uow, await store.of(uow.conn, submission_id), over=after not in QUEUED)


async def leave(uow: UnitOfWork, account_id: int) -> None:
    """Has the images deleted that an admin who leaves was shown."""
    await _remove(uow, await store.images_of(uow.conn, account_id))


async def drop_old_images(uow: UnitOfWork) -> None:
    """Has images deleted as long as that can be done at all."""
    await _remove(uow, await store.images_before(uow.conn, uow.now - KEEP_IMAGES, most=_AT_ONCE))


async def _follow(uow: UnitOfWork, rows: Sequence[AnyRow], *, over: bool) -> None:
    await _remove(uow, [row for row in rows if row.kind == "image"])
    for row in rows:
        if row.kind == "card":
            await outbox.add(
                uow.conn,
                uow.now,
                telegram_user_id=row.telegram_user_id,
                account_id=row.account_id,
                kind=EDIT_CARD,
                params={"message_id": row.message_id, "submission": row.submission_id},
                due_at=uow.now,
            )
            if over:
                await store.forget(uow.conn, row.telegram_user_id, row.message_id)


async def _remove(uow: UnitOfWork, rows: Iterable[AnyRow]) -> None:
    for row in rows:
        await remove_later(
            uow,
            Removal.REVIEW_IMAGE,
            account_id=row.account_id,
            telegram_user_id=row.telegram_user_id,
            message_id=row.message_id,
            at=uow.now,
        )
        await store.forget(uow.conn, row.telegram_user_id, row.message_id)
