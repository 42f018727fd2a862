"""Finding accounts by what an admin knows of them. At most `most` rows, from the `start`-th on, by name."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import accounts
from storage.tables.base import AnyRow

_ROLES = ("doctor", "patient", "expert", "admin")


async def known_as(
    conn: AsyncConnection,
    *,
    number: tuple[str, int] | None,
    phone: str | None,
    email: str | None,
    username: str | None,
    name: str | None,
    start: int,
    most: int,
) -> Sequence[AnyRow]:
    """The accounts of which one of these is exactly true. `number` is role and id; e-mail and username are folded.

    Each is looked up by its own index.
    """
    ways: list[ColumnElement[bool]] = []
    if number:
        ways.append(and_(accounts.c.id == number[1], accounts.c.role == number[0]))
    if phone:
        ways.append(and_(accounts.c.role.in_(_ROLES), accounts.c.phone == phone))  # the index begins with the role
    if email:
        ways.append(accounts.c.email_folded == email)
    if username:
        ways.append(accounts.c.username_folded == username)
    if name:
        ways.append(accounts.c.name == name)
    if not ways:
        return []
    return await _living(conn, select(accounts).where(or_(*ways)).limit(most).offset(start))


async def with_name_part(conn: AsyncConnection, part: str, *, start: int, most: int) -> Sequence[AnyRow]:
    """The accounts whose name has this in it, in any case.

    Walks the index of names and not the table; where nobody fits, of a million accounts, that is some tenths of a
    second.
    """
    by_name = (accounts.c.name, accounts.c.id)
    # SQLite's LIKE takes any case of ASCII as it is, and lower() would more than double the time.
    has = accounts.c.name.contains if conn.dialect.name == "sqlite" else accounts.c.name.icontains
    ids = select(accounts.c.id).where(has(part, autoescape=True)).order_by(*by_name).limit(most).offset(start)
    return await _living(conn, select(accounts).where(accounts.c.id.in_(ids)))


async def _living(conn: AsyncConnection, statement: Select[*tuple[object, ...]]) -> Sequence[AnyRow]:
    living = statement.where(accounts.c.state != "erased").order_by(accounts.c.name, accounts.c.id)
    return (await conn.execute(living)).all()
