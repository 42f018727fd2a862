"""Queries on accounts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import accounts
from storage.tables.base import AnyRow

_by_id = select(accounts).where(accounts.c.id == bindparam("id"))
_by_id_locked = _by_id.with_for_update(key_share=True)
_by_role_and_phone = select(accounts).where(
    accounts.c.role == bindparam("role"), accounts.c.phone == bindparam("phone")
)
_by_email = select(accounts).where(accounts.c.email_folded == bindparam("email"))
_by_username = select(accounts).where(accounts.c.username_folded == bindparam("username"))


async def add(
    conn: AsyncConnection,
    *,
    now: datetime,
    role: str,
    name: str,
    sex: str,
    pseudonym: str,
    password_hash: str,
    password_scheme: str,
    pepper_id: str | None,
    phone: str | None = None,
    phone_verified_by: int | None = None,
    phone_verified_at: datetime | None = None,
    email: str | None = None,
    email_folded: str | None = None,
    username: str | None = None,
    username_folded: str | None = None,
    birth_date: date | None = None,
    age: int | None = None,
) -> int:
    """Adds an active account and returns its id. IntegrityError when phone, e-mail or username is taken."""
    statement = insert(accounts).values(
        role=role,
        state="active",
        name=name,
        sex=sex,
        pseudonym=pseudonym,
        password_hash=password_hash,
        password_scheme=password_scheme,
        pepper_id=pepper_id,
        phone=phone,
        phone_verified_by=phone_verified_by,
        phone_verified_at=phone_verified_at,
        email=email,
        email_folded=email_folded,
        username=username,
        username_folded=username_folded,
        birth_date=birth_date,
        age=age,
        created_at=now,
        updated_at=now,
    )
    return int((await conn.execute(statement.returning(accounts.c.id))).scalar_one())


async def get(conn: AsyncConnection, account_id: int) -> AnyRow | None:
    """The account's row."""
    return (await conn.execute(_by_id, {"id": account_id})).one_or_none()


async def get_locked(conn: AsyncConnection, account_id: int) -> AnyRow | None:
    """The account's row, which nobody else can change until this transaction ends.

    Whoever changes what is an account's (its logins, requests, exports) and adds to it, or the other way round, takes
    this first. On PostgreSQL a new row waits for who changes the account's phone, as its key may be about to change:
    that one waiting for a login that is held here would be a circle.
    """
    return (await conn.execute(_by_id_locked, {"id": account_id})).one_or_none()


async def get_held(conn: AsyncConnection, account_id: int) -> AnyRow | None:
    """The account's row, which nobody changes until this transaction ends; others may hold it, too."""
    return (await conn.execute(_by_id.with_for_update(read=True), {"id": account_id})).one_or_none()


async def by_phone(conn: AsyncConnection, role: str, phone: str) -> AnyRow | None:
    """The account of this role that holds the phone."""
    return (await conn.execute(_by_role_and_phone, {"role": role, "phone": phone})).one_or_none()


async def by_email(conn: AsyncConnection, email_folded: str) -> AnyRow | None:
    """The account that holds the e-mail, whatever its role."""
    return (await conn.execute(_by_email, {"email": email_folded})).one_or_none()


async def by_username(conn: AsyncConnection, username_folded: str) -> AnyRow | None:
    """The account that holds the username, whatever its role."""
    return (await conn.execute(_by_username, {"username": username_folded})).one_or_none()


async def username_is_taken(conn: AsyncConnection, username_folded: str) -> bool:
    """Whether any account holds the username."""
    return await by_username(conn, username_folded) is not None


async def release_unverified_phone(conn: AsyncConnection, account_id: int, now: datetime) -> bool:
    """Takes an account's phone away if it is still unverified; whether it was."""
    statement = update(accounts).where(
        accounts.c.id == account_id, accounts.c.phone.is_not(None), accounts.c.phone_verified_at.is_(None)
    )
    return (await conn.execute(statement.values(phone=None, updated_at=now))).rowcount == 1


async def change(conn: AsyncConnection, account_id: int, now: datetime, values: Mapping[str, Any]) -> None:
    """Writes these columns, none or more, and that the account was changed now. IntegrityError for a taken e-mail."""
    await conn.execute(update(accounts).where(accounts.c.id == account_id).values(updated_at=now, **values))


async def set_password(
    conn: AsyncConnection, account_id: int, now: datetime, *, value: str, scheme: str, pepper_id: str | None
) -> None:
    """Stores a password's hash."""
    await conn.execute(
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(password_hash=value, password_scheme=scheme, pepper_id=pepper_id, updated_at=now)
    )


async def upgrade_password(
    conn: AsyncConnection, account_id: int, *, old: str, value: str, scheme: str, pepper_id: str | None
) -> None:
    """Stores the same password's new hash, unless another password was set meanwhile."""
    await conn.execute(
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.password_hash == old)
        .values(password_hash=value, password_scheme=scheme, pepper_id=pepper_id)
    )


async def change_state(conn: AsyncConnection, account_id: int, now: datetime, *, before: str, after: str) -> bool:
    """Compare-and-set of the state; whether this call made the change."""
    statement = update(accounts).where(accounts.c.id == account_id, accounts.c.state == before)
    return (await conn.execute(statement.values(state=after, updated_at=now))).rowcount == 1


async def lock_active_admins(conn: AsyncConnection) -> list[int]:
    """The ids of the active admins, none of whom can change until this transaction ends."""
    statement = (
        select(accounts.c.id)
        .where(accounts.c.role == "admin", accounts.c.state == "active")
        .order_by(accounts.c.id)  # one order for all: no deadlock
        .with_for_update(key_share=True)
    )
    return list((await conn.execute(statement)).scalars())


async def by_pseudonyms(conn: AsyncConnection, pseudonyms: Collection[str]) -> Sequence[AnyRow]:
    """The accounts that these pseudonyms stand for."""
    return (await conn.execute(select(accounts).where(accounts.c.pseudonym.in_(pseudonyms)))).all()


async def of_role(conn: AsyncConnection, role: str) -> list[AnyRow]:
    """All accounts of a role that are not erased, oldest first."""
    statement = select(accounts).where(accounts.c.role == role, accounts.c.state != "erased")
    return list((await conn.execute(statement.order_by(accounts.c.id))).all())
