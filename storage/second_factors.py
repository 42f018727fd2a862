"""Queries on second factors: the secret behind the codes, the last code's time step, and the recovery codes."""

from collections.abc import Collection

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import accounts, recovery_codes


async def replace(
    conn: AsyncConnection, account_id: int, *, secret: bytes | None, code_hashes: Collection[str]
) -> None:
    """Puts this secret and these recovery codes in the place of those before; None: there is none any more."""
    statement = update(accounts).where(accounts.c.id == account_id)
    await conn.execute(statement.values(totp_secret=secret, totp_step=None))
    await conn.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))
    if code_hashes:
        rows = [{"account_id": account_id, "code_hash": code_hash} for code_hash in code_hashes]
        await conn.execute(insert(recovery_codes), rows)


async def lacking(conn: AsyncConnection) -> int:
    """How many active admins have none."""
    statement = select(func.count()).where(accounts.c.role == "admin", accounts.c.state == "active")
    return int((await conn.execute(statement.where(accounts.c.totp_secret.is_(None)))).scalar_one())


async def take_step(conn: AsyncConnection, account_id: int, step: int) -> bool:
    """Notes that the code of this time step was used; whether no code of it, or of a later one, was before."""
    earlier = or_(accounts.c.totp_step.is_(None), accounts.c.totp_step < step)
    statement = update(accounts).where(accounts.c.id == account_id, earlier)
    return (await conn.execute(statement.values(totp_step=step))).rowcount == 1


async def take_code(conn: AsyncConnection, account_id: int, code_hash: str) -> bool:
    """Uses a recovery code up; whether there was such a one."""
    mine = (recovery_codes.c.account_id == account_id) & (recovery_codes.c.code_hash == code_hash)
    return (await conn.execute(delete(recovery_codes).where(mine))).rowcount == 1


async def count_codes(conn: AsyncConnection, account_id: int) -> int:
    """How many recovery codes are left."""
    statement = select(func.count()).select_from(recovery_codes).where(recovery_codes.c.account_id == account_id)
    return int((await conn.execute(statement)).scalar_one())
