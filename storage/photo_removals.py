"""Queries on the photos that are to be taken out of the photo store."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.erasures import photo_removals


async def add(conn: AsyncConnection, paths: Iterable[str], due_at: datetime) -> None:
    """Notes that these photos are to be taken out; those that are noted already stay as they are."""
    rows = [{"path": path, "due_at": due_at} for path in paths]
    if rows:
        new = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
        await conn.execute(new(photo_removals).on_conflict_do_nothing(), rows)


async def due(conn: AsyncConnection, now: datetime, *, most: int) -> list[str]:
    """The photos to be taken out by now, the longest waiting first."""
    statement = select(photo_removals.c.path).where(photo_removals.c.due_at <= now)
    return list((await conn.execute(statement.order_by(photo_removals.c.due_at).limit(most))).scalars())


async def drop(conn: AsyncConnection, paths: Collection[str]) -> None:
    """Forgets these: they are out, or are to stay."""
    await conn.execute(delete(photo_removals).where(photo_removals.c.path.in_(paths)))


async def put_off(conn: AsyncConnection, paths: Collection[str], until: datetime) -> None:
    """Has these tried again at that moment."""
    await conn.execute(update(photo_removals).where(photo_removals.c.path.in_(paths)).values(due_at=until))


async def expect(conn: AsyncConnection, path: str, account_id: int, due_at: datetime) -> None:
    """Notes a photo that is about to be kept for this account, to be taken out then if no row names it."""
    await conn.execute(insert(photo_removals).values(path=path, account_id=account_id, due_at=due_at))


async def count_expected(conn: AsyncConnection, account_id: int) -> int:
    """How many of the account's photos no row names yet."""
    statement = select(func.count()).select_from(photo_removals).where(photo_removals.c.account_id == account_id)
    return int((await conn.execute(statement)).scalar_one())


async def settle(conn: AsyncConnection, paths: Collection[str], after: datetime) -> bool:
    """Forgets these, whose time is to come only after this moment: they stay. Whether all of them can."""
    statement = delete(photo_removals).where(photo_removals.c.path.in_(paths), photo_removals.c.due_at > after)
    return (await conn.execute(statement)).rowcount == len(paths)


async def give_up(conn: AsyncConnection, path: str, now: datetime) -> None:
    """Makes one due that was expected."""
    await conn.execute(update(photo_removals).where(photo_removals.c.path == path).values(due_at=now, account_id=None))


async def hasten(conn: AsyncConnection, account_id: int, now: datetime) -> None:
    """Makes all due that waits for this account, and nobody's."""
    mine = photo_removals.c.account_id == account_id
    await conn.execute(update(photo_removals).where(mine).values(due_at=now, account_id=None))
