"""Accounts from other services: every rule holds for them, each line stands for itself, and twice is as good as once."""

import json
from datetime import UTC, datetime
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from core.audit import Action
from core.consents import ConsentKind
from core.core import Core
from core.errors import CoreError
from core.import_lines import COLUMNS, NOT_TAKEN, ImportLine
from core.imports import Done, Outcome
from core.login import LoggedIn, LoginRefused, Source
from core.passwords import PEPPERED
from core.profiles import PARSERS
from core.sessions import Signed
from core.unit import Channel
from core.values import Email, Phone, Role
from storage.tables import accounts as tables
from storage.tables.imports import imported_accounts
from storage.tables.profiles import hospitals, profiles
from tests.conftest import Desk, SetClock
from tests.core.conftest import PHONE, MakeAccount

PASSWORD = "an old password"


def foreign_hash(password: str = PASSWORD, prefix: str = "2y") -> str:
    """As PHP and others make it: over the raw bytes, of which bcrypt reads 72."""
    hashed = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    return hashed.replace("$2b$", f"${prefix}$")


HASH = foreign_hash()
PATIENT = {"source_id": "1", "role": "patient", "phone": "13812345678", "name": "王小明", "password_hash": HASH}
DOCTOR = {
    "source_id": "2",
    "type": "0",
    "username": "example",
    "email": "me@example.com",
    "sex": "0",
    "age": "24",
    "password_hash": HASH,
}


async def bring(core: Core, desk: Desk, *rows: dict[str, str], source: str = "old", **how: Any) -> list[str]:
    """What became of each row: a word, or the code of the refusal."""
    async with desk.write(Channel.CLI) as uow:
        outcomes = await core.imports.take(uow, source, [ImportLine.parse(row) for row in rows], **how)
    return [told(outcome) for outcome in outcomes]


def told(outcome: Outcome) -> str:
    return outcome.value if isinstance(outcome, Done) else outcome.code


async def log_in(core: Core, desk: Desk, who: Phone | Email, password: str) -> LoggedIn | LoginRefused:
    async with desk.write(Channel.HTTP) as uow:
        attempt = await core.login.begin(
            uow,
            role=Role.PATIENT if isinstance(who, Phone) else None,
            identifier=who,
            password=password,
            source=Source.http("127.0.0.1"),
        )
    await attempt.verify()
    async with desk.write(Channel.HTTP) as uow:
        return await core.login.finish(uow, attempt)


async def only_row(desk: Desk, table: Any) -> Any:
    async with desk.read() as uow:
        return (await uow.conn.execute(select(table))).one()


async def count(desk: Desk, table: Any) -> int:
    async with desk.read() as uow:
        return int(await uow.conn.scalar(select(func.count()).select_from(table)) or 0)


async def add_hospital(desk: Desk, hospital_id: int = 3) -> None:
    async with desk.write() as uow:
        await uow.conn.execute(insert(hospitals).values(id=hospital_id, name="仁和医院"))


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
async def test_people_log_in_with_the_password_they_had_and_its_hash_becomes_ours(
    core: Core, desk: Desk, prefix: str
) -> None:
    assert await bring(core, desk, {**PATIENT, "password_hash": foreign_hash(prefix=prefix)}) == ["imported"]
    assert isinstance(await log_in(core, desk, PHONE, PASSWORD), LoggedIn)
    account = await only_row(desk, tables.accounts)
    assert account.password_scheme == PEPPERED
    assert isinstance(await log_in(core, desk, PHONE, PASSWORD), LoggedIn)  # now by the new hash


async def test_a_password_over_72_bytes_is_cut_as_its_makers_cut_it_until_it_is_ours(core: Core, desk: Desk) -> None:
    long = "密" * 30  # 90 bytes
    await bring(core, desk, {**PATIENT, "password_hash": foreign_hash(long)})
    assert isinstance(await log_in(core, desk, PHONE, "密" * 23), LoginRefused)
    assert isinstance(await log_in(core, desk, PHONE, long), LoggedIn)
    assert isinstance(await log_in(core, desk, PHONE, "密" * 24), LoginRefused)  # 72 bytes: the old hash took it
