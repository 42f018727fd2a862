"""Queries on the Telegram users an account remembers, and on what they are to be told."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, bindparam, case, delete, insert, literal, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import account_chats, outbox
from storage.tables.base import UtcDateTime

_known = select(account_chats.c.telegram_user_id).where(
    account_chats.c.account_id == bindparam("account"), account_chats.c.telegram_user_id == bindparam("person")
)
_leave = (
    update(account_chats)
    .where(account_chats.c.account_id == bindparam("account"), account_chats.c.telegram_user_id == bindparam("person"))
    .values(left_at=bindparam("at"))
)


def _remembering(insert: sqlite.Insert | postgresql.Insert) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["account_id", "telegram_user_id"],
        set_={"last_login_at": insert.excluded.last_login_at, "left_at": None},
    )


_remember_sqlite = _remembering(sqlite.insert(account_chats))
_remember_postgresql = _remembering(postgresql.insert(account_chats))


async def remember(conn: AsyncConnection, account_id: int, telegram_user_id: int, now: datetime) -> None:
    """Notes a login of this Telegram user; what the account has to tell is told there from now on."""
    statement = _remember_postgresql if conn.dialect.name == "postgresql" else _remember_sqlite
    login = {"account_id": account_id, "telegram_user_id": telegram_user_id}
    await conn.execute(statement, {**login, "first_login_at": now, "last_login_at": now})


async def leave(conn: AsyncConnection, account_id: int, telegram_user_id: int, now: datetime) -> None:
    """Nothing more is told to this Telegram user; that they were logged in here stays known."""
    await conn.execute(_leave, {"account": account_id, "person": telegram_user_id, "at": now})


async def forget(conn: AsyncConnection, account_id: int, telegram_user_id: int) -> None:
    """Nothing more is told to this Telegram user, and a login of theirs is one from a new chat again."""
    statement = delete(account_chats).where(
        account_chats.c.account_id == account_id, account_chats.c.telegram_user_id == telegram_user_id
    )
    await conn.execute(statement)


async def forget_others(conn: AsyncConnection, account_id: int, telegram_user_id: int | None) -> None:
    """Forgets every Telegram user of the account but this one."""
    statement = delete(account_chats).where(
        account_chats.c.account_id == account_id,
        account_chats.c.telegram_user_id.is_distinct_from(telegram_user_id),
    )
    await conn.execute(statement)


async def is_known(conn: AsyncConnection, account_id: int, telegram_user_id: int) -> bool:
    """Whether this Telegram user was ever logged in to the account."""
    return (await conn.execute(_known, {"account": account_id, "person": telegram_user_id})).first() is not None


async def tell(
    conn: AsyncConnection,
    account_id: int,
    now: datetime,
    *,
    kind: str,
    params: dict[str, Any],
    but: int | None = None,
    short: str | None = None,
    living: Collection[int] = (),
) -> int:
    """Puts a notice into the outbox for each Telegram user the account remembers, except `but`; how many.

    With `short` those who are not among the `living` are told that kind instead, without the params.
    """
    in_full = true() if short is None else account_chats.c.telegram_user_id.in_(living)
    people = select(
        account_chats.c.telegram_user_id,
        account_chats.c.account_id,
        case((in_full, literal(kind)), else_=literal(short or kind)),
        case((in_full, literal(params, JSON)), else_=literal({}, JSON)),
        literal(now, UtcDateTime),
        literal(now, UtcDateTime),
        literal(0),
    ).where(account_chats.c.account_id == account_id, account_chats.c.left_at.is_(None))
    if but is not None:
        people = people.where(account_chats.c.telegram_user_id != but)
    columns = ["telegram_user_id", "account_id", "kind", "params", "created_at", "due_at", "attempts"]
    return (await conn.execute(insert(outbox).from_select(columns, people))).rowcount


async def purge_told(conn: AsyncConnection, *, before: datetime) -> int:
    """Removes notices that were sent, or given up, before the given time; how many."""
    statement = delete(outbox).where((outbox.c.sent_at < before) | (outbox.c.dead_at < before))
    return (await conn.execute(statement)).rowcount
