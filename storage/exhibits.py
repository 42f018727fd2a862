"""Queries on the bot's messages that show an attempt to an admin."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.base import AnyRow
from storage.tables.submissions import shown_messages, submissions


async def add(conn: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Notes messages; one that is noted already stays as it is."""
    if rows:
        new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
        await conn.execute(new(shown_messages).on_conflict_do_nothing(), rows)


async def of(conn: AsyncConnection, submission_id: int) -> Sequence[AnyRow]:
    """The messages that show this attempt."""
    statement = select(shown_messages).where(shown_messages.c.submission_id == submission_id)
    return (
        await conn.execute(statement.order_by(shown_messages.c.telegram_user_id, shown_messages.c.message_id))
    ).all()


async def version(conn: AsyncConnection, submission_id: int) -> int | None:
    """The attempt's version, which can not rise until this transaction ends."""
    statement = select(submissions.c.version).where(submissions.c.id == submission_id).with_for_update(read=True)
    found: int | None = await conn.scalar(statement)
    return found


async def images_before(conn: AsyncConnection, before: datetime, *, most: int) -> Sequence[AnyRow]:
    """Images that were shown before that moment, oldest first."""
    statement = select(shown_messages).where(shown_messages.c.kind == "image", shown_messages.c.shown_at <= before)
    return (await conn.execute(statement.order_by(shown_messages.c.shown_at).limit(most))).all()


async def images_of(conn: AsyncConnection, account_id: int) -> Sequence[AnyRow]:
    """The images that an admin was shown."""
    statement = select(shown_messages).where(
        shown_messages.c.account_id == account_id, shown_messages.c.kind == "image"
    )
    return (await conn.execute(statement)).all()


async def forget(conn: AsyncConnection, telegram_user_id: int, message_id: int) -> None:
    """Notes that this message shows nothing any more."""
    own = (
        shown_messages.c.telegram_user_id == telegram_user_id,
        shown_messages.c.message_id == message_id,
    )
    await conn.execute(delete(shown_messages).where(*own))
