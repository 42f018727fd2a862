"""Queries on the audit. There is none that changes an entry: the sealer alone adds its number and mac, once."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import audit
from storage.tables.base import AnyRow

_add_one = insert(audit).returning(audit.c.id)
_seal = (
    update(audit)
    .where(audit.c.id == bindparam("entry"), audit.c.number.is_(None))
    .values(number=bindparam("new_number"), mac=bindparam("new_mac"))
)
_head = select(audit.c.number, audit.c.mac).where(audit.c.number.is_not(None)).order_by(audit.c.number.desc()).limit(1)


async def add(conn: AsyncConnection, *entries: dict[str, Any]) -> None:
    """Appends entries, all of the same columns, not yet sealed."""
    await conn.execute(insert(audit), entries)


async def add_one(conn: AsyncConnection, entry: dict[str, Any]) -> int:
    """Appends an entry, not yet sealed; returns its id."""
    return int((await conn.execute(_add_one, entry)).scalar_one())


async def of_subject(conn: AsyncConnection, subject: str, *, before: int | None, most: int) -> Sequence[AnyRow]:
    """The newest entries about a subject, newest first; with `before` only those of smaller ids."""
    statement = select(audit).where(audit.c.subject == subject).order_by(audit.c.id.desc()).limit(most)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return (await conn.execute(statement)).all()


async def last(conn: AsyncConnection, subject: str, *, actor: str, action: str, version: int) -> int | None:
    """The id of the newest such entry about a version of a subject; None when there is none."""
    statement = select(func.max(audit.c.id)).where(
        audit.c.subject == subject, audit.c.actor == actor, audit.c.action == action, audit.c.version == version
    )
    newest: int | None = (await conn.execute(statement)).scalar_one()
    return newest


async def reasons_since(conn: AsyncConnection, subject: str, *, action: str, after: int) -> list[str]:
    """The reasons of such entries about a subject that came after the one of that id."""
    statement = select(audit.c.reasons).where(
        audit.c.subject == subject, audit.c.action == action, audit.c.id > after, audit.c.reasons.is_not(None)
    )
    return [reason for reasons in (await conn.execute(statement)).scalars() for reason in reasons.split(",")]


async def unsealed(conn: AsyncConnection, most: int) -> Sequence[AnyRow]:
    """The oldest entries without a number."""
    statement = select(audit).where(audit.c.number.is_(None)).order_by(audit.c.id).limit(most)
    return (await conn.execute(statement)).all()


async def seal(conn: AsyncConnection, seals: Sequence[tuple[int, int, str]]) -> None:
    """Gives entries their number and mac: (id, number, mac). IntegrityError when another sealer was faster."""
    rows = [{"entry": entry, "new_number": number, "new_mac": mac} for entry, number, mac in seals]
    await conn.execute(_seal, rows)


async def head(conn: AsyncConnection) -> tuple[int, str]:
    """Number and mac of the last sealed entry; (0, "") before the first."""
    row = (await conn.execute(_head)).one_or_none()
    return (0, "") if row is None else (row.number, row.mac)


async def count_unsealed(conn: AsyncConnection) -> int:
    """How many entries wait for the sealer."""
    return int(await conn.scalar(select(func.count()).select_from(audit).where(audit.c.number.is_(None))) or 0)


async def chain(conn: AsyncConnection, page: int = 1000) -> AsyncIterator[AnyRow]:
    """All sealed entries by number, a page at a time."""
    last = -(2**62)  # numbers below the first would be a forgery: they are shown, too
    while True:
        statement = select(audit).where(audit.c.number > last).order_by(audit.c.number).limit(page)
        rows = (await conn.execute(statement)).all()
        for row in rows:
            yield row
        if len(rows) < page:
            return
        last = rows[-1].number
