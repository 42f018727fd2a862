"""Queries on what accounts were told, however many chats it went to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import news, outbox
from storage.tables.base import AnyRow

_of_account = (
    select(news.c.id, news.c.kind, news.c.params, news.c.created_at)
    .where(
        news.c.account_id == bindparam("account"),
        news.c.kind.in_(bindparam("kinds", expanding=True)),
        news.c.created_at > bindparam("since"),
        or_(news.c.done_in.is_(None), news.c.done_in != bindparam("reader")),
    )
    .order_by(news.c.created_at.desc(), news.c.id.desc())
    .limit(bindparam("most"))
)
# Who was told in short, was told nothing yet; nor was who had blocked the bot.
_reached_somebody = exists().where(
    and_(
        outbox.c.account_id == news.c.account_id,
        outbox.c.kind == news.c.kind,
        outbox.c.created_at == news.c.created_at,
        outbox.c.sent_at.is_not(None),
    )
)
_unread = _of_account.where(news.c.read_at.is_(None), ~_reached_somebody)


async def add(
    conn: AsyncConnection, account_id: int, now: datetime, *, kind: str, params: dict[str, Any], done_in: int | None
) -> None:
    """Keeps what an account is told; `done_in` is the Telegram user by whom it was done."""
    row = {"account_id": account_id, "kind": kind, "params": params, "created_at": now, "done_in": done_in}
    await conn.execute(insert(news).values(row))


async def of_account(
    conn: AsyncConnection,
    account_id: int,
    reader: int,
    *,
    kinds: Collection[str],
    since: datetime,
    most: int,
    unread: bool = False,
) -> Sequence[AnyRow]:
    """The newest of an account's news that were not the reader's own doing; `unread`: that reached nobody yet.

    Rows have id, kind, params, created_at.
    """
    wanted = {"account": account_id, "reader": reader, "kinds": list(kinds), "since": since, "most": most}
    return (await conn.execute(_unread if unread else _of_account, wanted)).all()


async def read(conn: AsyncConnection, ids: Collection[int], now: datetime) -> None:
    """Notes that these were shown to their account's owner."""
    await conn.execute(update(news).where(news.c.id.in_(ids), news.c.read_at.is_(None)).values(read_at=now))


async def purge(conn: AsyncConnection, *, before: datetime) -> int:
    """Removes what is older; how many."""
    return (await conn.execute(delete(news).where(news.c.created_at < before))).rowcount
