"""Fills a database of ours with patients: `python -m benchmarks.http.population fill SIZE`, settings as the server's.

Accounts, profiles and logins go in by bulk SQL, all with one password. `… sample SIZE COUNT` draws COUNT of them, logs
them in by the core, gives them a medical history, so that there is one to unseal, and prints JSON: `number`, `token`.
"""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, FromClause, String, Table, cast, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.http.people import PASSWORD
from benchmarks.settling import settle
from core.core import Core
from core.profile_values import MedicalHistory
from core.profiles import Field
from core.settings import load_secrets, load_settings
from core.unit import Channel, UnitOfWork
from core.values import Password, Role
from storage.database import Database
from storage.tables.accounts import accounts, sessions
from storage.tables.profiles import profiles

_HISTORY: Final = MedicalHistory.parse("青霉素过敏；2019 年做过阑尾切除手术。")
_FIRST_PHONE: Final = 13_800_000_000


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Core, Database]]:
    """The core and the database that the settings name."""
    settings = load_settings()
    core = Core(settings, load_secrets(settings))
    database = Database(settings.storage.database_url)
    try:
        yield core, database
    finally:
        await database.dispose()
        core.close()


async def fill(size: int) -> None:
    """Makes the tables and fills them."""
    async with opened() as (core, database):
        await database.upgrade()
        hashed = await core.passwords.hash(Password.parse(PASSWORD))
        password = {"password_hash": hashed.value, "password_scheme": hashed.scheme, "pepper_id": hashed.pepper_id}
        async with database.write() as conn:
            if database.dialect == "sqlite":
                await conn.execute(text("PRAGMA cache_size = -262144"))  # keys come in no order: a quarter of a GB
            now = datetime.now(UTC)
            await _add_accounts(conn, size, now, password)
            await add(conn, sessions, accounts, login(conn, now.replace(microsecond=0)))


async def sample(size: int, count: int) -> list[dict[str, Any]]:
    """Logs a sample of all accounts in."""
    async with opened() as (core, database), database.write() as conn:
        uow = UnitOfWork(conn, datetime.now(UTC), Channel.HTTP)
        drawn = random.sample(range(1, size + 1), count)
        return [{"number": number, "token": await _log_in(core, uow, number)} for number in drawn]


async def _add_accounts(conn: AsyncConnection, size: int, now: datetime, password: dict[str, str | None]) -> None:
    first = select(literal(1, BigInteger).label("n")).cte("numbers", recursive=True)
    numbers = first.union_all(select(first.c.n + 1).where(first.c.n < size))
    number = cast(numbers.c.n, String)
    email = literal("p").concat(number).concat("@example.com")  # as people.email has it
    account = {
        "role": "patient",
        "state": "active",
        "name": "张三",
        "sex": "female",
        "birth_date": date(1990, 1, 1),
        "created_at": now,
        "updated_at": now,
        **password,
        "id": numbers.c.n,
        "phone": cast(numbers.c.n + _FIRST_PHONE, String),
        "email": email,
        "email_folded": email,
        "pseudonym": literal("n").concat(number),
    }
    await add(conn, accounts, numbers, account)
    profile = {
        "account_id": accounts.c.id,
        "address": "北京市朝阳区",
        "avatar_url": "https://example.com/avatars/a.jpg",
    }
    await add(conn, profiles, accounts, profile)
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SELECT setval(pg_get_serial_sequence('accounts', 'id'), max(id)) FROM accounts"))


def login(conn: AsyncConnection, now: datetime) -> dict[str, Any]:
    """A login over HTTP of each account, for `add`. Nobody has a token of it."""
    return {
        "id": _random(conn),
        "account_id": accounts.c.id,
        "channel": "http",
        "created_at": now,
        "last_used_at": now,
        "expires_at": now + timedelta(hours=1),
        "jti": _random(conn),
    }


async def add(conn: AsyncConnection, table: Table, source: FromClause, row: dict[str, Any]) -> None:
    """One row for each of the source's; a value is an expression over the source, or the same for all."""
    values = [
        value if isinstance(value, ColumnElement) else literal(value, table.c[name].type) for name, value in row.items()
    ]
    await conn.execute(insert(table).from_select(list(row), select(*values).select_from(source)))


def _random(conn: AsyncConnection) -> ColumnElement[str]:
    if conn.dialect.name == "sqlite":
        return func.hex(func.randomblob(11))
    return func.substr(func.md5(cast(func.random(), String)), 1, 22)


async def _log_in(core: Core, uow: UnitOfWork, number: int) -> str:
    issued = await core.sessions.open_over_http(uow, await core.accounts.get(uow, number))
    signed = await core.sessions.authenticate(uow, issued.access_token)
    await core.profiles.change(uow, signed, Role.PATIENT, {Field.MEDICAL_HISTORY: _HISTORY})
    return issued.access_token


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill", size]:
            asyncio.run(fill(int(size)))
            asyncio.run(settle(load_settings().storage.database_url))
        case ["sample", size, count]:
            print(json.dumps(asyncio.run(sample(int(size), int(count)))))
        case _:
            sys.exit(__doc__)
