"""Queries on profiles and on the hospitals and departments they name."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.base import AnyRow
from storage.tables.profiles import departments, hospitals, profiles

_of_account = select(profiles).where(profiles.c.account_id == bindparam("account"))


async def get(conn: AsyncConnection, account_id: int) -> AnyRow | None:
    """An account's profile; None while nothing was told."""
    return (await conn.execute(_of_account, {"account": account_id})).one_or_none()


async def save(conn: AsyncConnection, account_id: int, values: Mapping[str, Any]) -> None:
    """Writes these columns of an account's profile. IntegrityError when a staff number or WeChat name is taken."""
    new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    statement = new(profiles).values(account_id=account_id, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=dict(values)))


async def erase_medical_history(conn: AsyncConnection, account_id: int) -> None:
    """Takes an account's medical history away."""
    await conn.execute(update(profiles).where(profiles.c.account_id == account_id).values(medical_history=None))


async def hospital_exists(conn: AsyncConnection, hospital_id: int) -> bool:
    """Whether there is such a hospital."""
    return await _exists(conn, hospitals, hospital_id)


async def department_exists(conn: AsyncConnection, department_id: int) -> bool:
    """Whether there is such a department."""
    return await _exists(conn, departments, department_id)


async def _exists(conn: AsyncConnection, table: Table, row_id: int) -> bool:
    return (await conn.execute(select(table.c.id).where(table.c.id == row_id))).first() is not None
