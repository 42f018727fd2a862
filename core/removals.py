"""Messages of the bot's that are taken away again after a while: rows in the outbox that are due then."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from core.unit import UnitOfWork
from storage import outbox


class Removal(StrEnum):
    """What is taken away. A bot can delete its messages for 48 hours, no longer (REVIEW.md Retention)."""

    EXPORT = "remove.export"
    REVIEW_IMAGE = "remove.review_image"


REMOVALS: Final = frozenset(what.value for what in Removal)
"""The outbox rows that are such."""


async def remove_later(
    uow: UnitOfWork, what: Removal, *, account_id: int, telegram_user_id: int, message_id: int, at: datetime
) -> None:
    """Has this message, which the account was shown in this chat, deleted at that moment; `at` may be now."""
    await outbox.add(
        uow.conn,
        uow.now,
        telegram_user_id=telegram_user_id,
        account_id=account_id,
        kind=what.value,
        params={"message_id": message_id},
        due_at=at,
    )


async def remove_now(uow: UnitOfWork, what: Removal, account_id: int, *, since: datetime | None = None) -> int:
    """Has such messages of the account, all or those shown since, deleted before their time; how many."""
    return await outbox.hasten(uow.conn, uow.now, account_id=account_id, kind=what.value, since=since)
