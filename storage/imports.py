"""Queries that bring in many accounts at once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Column, bindparam, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import accounts
from storage.tables.base import AnyRow
from storage.tables.imports import imported_accounts
from storage.tables.profiles import profiles

_LOCK: Final = 20_261_122
_UNIQUE: Final[Mapping[str, tuple[Column[Any], ...]]] = {
    "phone": (accounts.c.role, accounts.c.phone),
    "email": (accounts.c.email_folded,),
    "username": (accounts.c.username_folded,),
    "wechat": (profiles.c.wechat_folded,),
    "internal_id": (profiles.c.hospital_id, profiles.c.internal_id),
}
Unique: TypeAlias = tuple[str, tuple[Any, ...]]
"""A field that no two accounts share, and its value: the columns of its unique constraint."""

_known = (
    select(
        imported_accounts.c.role,
        imported_accounts.c.source_id,
        accounts.c.phone,
        accounts.c.email_folded,
        accounts.c.username_folded,
    )
    .join(accounts, accounts.c.id == imported_accounts.c.account_id)
    .where(
        imported_accounts.c.source == bindparam("source"),
        imported_accounts.c.source_id.in_(bindparam("source_ids", expanding=True)),
    )
)


async def lock(conn: AsyncConnection) -> None:
    """Lets one import write at a time, until this transaction ends. SQLite has one writer anyway."""
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


async def known(conn: AsyncConnection, source: str, source_ids: Collection[str]) -> Sequence[AnyRow]:
    """The lines of a source that came in before: role, source_id, and what their accounts are found by today."""
    return (await conn.execute(_known, {"source": source, "source_ids": list(source_ids)})).all()


async def taken(conn: AsyncConnection, wanted: Collection[Unique]) -> set[Unique]:
    """Which of these an account has already, perhaps with some that were not asked for."""
    found: set[Unique] = set()
    for field, columns in _UNIQUE.items():
        last = [value[-1] for name, value in wanted if name == field]
        if last:
            rows = await conn.execute(select(*columns).where(columns[-1].in_(last)))
            found.update((field, tuple(row)) for row in rows)
    return found


async def add_accounts(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Adds accounts, each given by its columns, and returns their ids by pseudonym. IntegrityError as accounts.add."""
    empty = dict.fromkeys(name for name in accounts.c.keys() if name != "id")  # noqa: SIM118 - its items are columns
    statement = insert(accounts).returning(accounts.c.pseudonym, accounts.c.id)
    added = await conn.execute(statement, [{**empty, **row} for row in rows])
    return {row.pseudonym: row.id for row in added}


async def add_profiles(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds profiles, each given by its columns. IntegrityError as profiles.save."""
    empty = dict.fromkeys(profiles.c.keys())
    if rows:
        await conn.execute(insert(profiles), [{**empty, **row} for row in rows])


async def note(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Notes which line became which account: source, role, source_id, account_id."""
    await conn.execute(insert(imported_accounts), list(rows))
