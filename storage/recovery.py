"""Queries on requests for a new password or phone: each change of state is a compare-and-set."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.base import AnyRow
from storage.tables.recovery import recovery_requests as requests

_ACTIVE = requests.c.state.in_(["open", "granted"])


async def add(
    conn: AsyncConnection,
    now: datetime,
    *,
    telegram_user_id: int,
    account_id: int | None,
    purpose: str,
    state: str,
    expires_at: datetime,
    number_hash: str | None = None,
    phone: str | None = None,
) -> None:
    """Adds a request; the one that this Telegram user has made before is dropped."""
    await _drop(conn, requests.c.telegram_user_id == telegram_user_id)
    statement = insert(requests).values(
        telegram_user_id=telegram_user_id,
        account_id=account_id,
        purpose=purpose,
        state=state,
        number_hash=number_hash,
        phone=phone,
        created_at=now,
        expires_at=expires_at,
    )
    await conn.execute(statement)


async def get(conn: AsyncConnection, request_id: int) -> AnyRow | None:
    """The request of this id."""
    return (await conn.execute(select(requests).where(requests.c.id == request_id))).one_or_none()


async def by_number(conn: AsyncConnection, number_hash: str) -> AnyRow | None:
    """The request of this number, whatever has become of it."""
    return (await conn.execute(select(requests).where(requests.c.number_hash == number_hash))).one_or_none()


async def active(conn: AsyncConnection, telegram_user_id: int, now: datetime) -> AnyRow | None:
    """The request of this Telegram user that is still to be confirmed, or used."""
    statement = select(requests).where(
        requests.c.telegram_user_id == telegram_user_id, _ACTIVE, requests.c.expires_at > now
    )
    return (await conn.execute(statement)).one_or_none()


async def move(
    conn: AsyncConnection,
    request_id: int,
    now: datetime,
    *,
    before: str,
    after: str,
    expires_at: datetime | None = None,
) -> bool:
    """Changes the state, and the end of its time if that is given; whether it was `before` and its time not over."""
    statement = update(requests).where(
        requests.c.id == request_id, requests.c.state == before, requests.c.expires_at > now
    )
    values = {"state": after} | ({} if expires_at is None else {"expires_at": expires_at})
    return (await conn.execute(statement.values(values))).rowcount == 1


async def drop_of_account(conn: AsyncConnection, account_id: int) -> None:
    """Ends whatever was asked for this account and not carried out."""
    await _drop(conn, requests.c.account_id == account_id)


async def drop_of_chat(conn: AsyncConnection, account_id: int, telegram_user_id: int) -> None:
    """Ends what this Telegram user asked for this account and was not carried out."""
    mine = (requests.c.account_id == account_id) & (requests.c.telegram_user_id == telegram_user_id)
    await _drop(conn, mine)


async def purge(conn: AsyncConnection, *, before: datetime) -> int:
    """Removes requests whose time was over before the given one; how many."""
    return (await conn.execute(delete(requests).where(requests.c.expires_at < before))).rowcount


async def _drop(conn: AsyncConnection, whose: ColumnElement[bool]) -> None:
    await conn.execute(update(requests).where(whose, _ACTIVE).values(state="dropped"))
