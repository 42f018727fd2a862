"""How long an answer takes does not tell whether there is such an account, with the hash at its real cost (6.3.8).

Over HTTP and in the bot, at a login and where a password was forgotten. Who registers is told that a number is taken.

All are measured one beside the other, so that what else the machine does falls on all alike, and judged by which of two
was slower: no difference is a fair coin. By chance it fails less often than once in 20,000 runs.
"""

import random
import time
from collections.abc import Awaitable, Callable
from math import comb
from pathlib import Path
from typing import Final

import bcrypt
import pytest
from sqlalchemy import update

from core.settings import Passwords
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from storage.tables.accounts import accounts
from tests.attacks.conftest import town_in
from tests.attacks.town import Town

pytestmark = pytest.mark.slow

_PAIRS: Final = 22
_CHANCE: Final = 1.5e-5


def by_chance(slower: int, pairs: int) -> float:
    """How likely so uneven a count is, were both as fast (two-sided sign test)."""
    extreme = max(slower, pairs - slower)
    as_uneven = sum(comb(pairs, count) for count in range(extreme, pairs + 1))
    return min(1.0, 2.0 * as_uneven / (1 << pairs))


def test_a_hash_that_was_left_out_would_be_seen() -> None:
    assert by_chance(_PAIRS, _PAIRS) < _CHANCE
    assert by_chance(0, _PAIRS) < _CHANCE
    assert by_chance(_PAIRS * 3 // 4, _PAIRS) > _CHANCE


async def test_an_account_is_not_told_by_the_time_of_a_failed_login(tmp_path: Path, sqlite_template: Path) -> None:
    """Active, suspended, and imported with a cheaper hash, each against a phone that nobody has."""
    async with town_in(tmp_path, sqlite_template, passwords=Passwords()) as town:
        assert town.clinic.app.settings.passwords.bcrypt_cost == 12
        client, core = town.http.client, town.clinic.app.core
        phones = {kind: town.next_phone() for kind in ("active", "suspended", "imported")}
        for phone in phones.values():
            body = {"phone": phone, "password": "correct horse battery", "name": "张三"}
            assert (await client.post("/patient/register", json=body)).status_code == 200
        async with town.clinic.app.database.write() as conn:
            uow = UnitOfWork(conn, town.clinic.clock(), Channel.CLI)
            await core.accounts.suspend(uow, (await core.accounts.find(uow, "P2")).id)
            cheap = bcrypt.hashpw(b"correct horse battery", bcrypt.gensalt(10)).decode()
            values = {"password_hash": cheap, "password_scheme": "bcrypt", "pepper_id": None}
            await conn.execute(update(accounts).where(accounts.c.phone == phones["imported"]).values(values))

        async def spent(phone: str) -> float:
            begun = time.perf_counter()
            answer = await client.post("/patient/login", json={"phone": phone, "password": "a wrong password"})
            assert answer.status_code == 401
            return time.perf_counter() - begun

        assert not await told_apart(town, phones, spent)


async def test_nor_by_the_time_of_one_in_the_bot(tmp_path: Path, sqlite_template: Path) -> None:
    async with town_in(tmp_path, sqlite_template, passwords=Passwords()) as town:
        phones, guesser = {"active": (await town.patient()).phone}, await town.stranger()

        async def spent(phone: str) -> float:
            await asked_for_a_phone(guesser, "/login")
            await guesser.send(phone)
            begun = time.perf_counter()
            await guesser.send("a wrong password")
            took = time.perf_counter() - begun
            assert "不对" in guesser.screen
            return took

        assert not await told_apart(town, phones, spent)


async def test_nor_by_the_time_of_asking_for_a_new_password(tmp_path: Path, sqlite_template: Path) -> None:
    async with town_in(tmp_path, sqlite_template, passwords=Passwords()) as town:
        phones, asker = {"active": (await town.patient()).phone}, await town.stranger()

        async def spent(phone: str) -> float:
            town.clinic.clock.advance(hours=1)  # what was asked for before is over
            await asked_for_a_phone(asker, "/forgot")
            begun = time.perf_counter()
            await asker.send(phone)
            took = time.perf_counter() - begun
            assert any("申请编号" in message.text for message in asker.visible[-2:])
            return took

        assert not await told_apart(town, phones, spent)


async def asked_for_a_phone(chat: Chat, command: str) -> None:
    """Until the question whose answer names a patient's account."""
    await chat.send("/cancel")
    await chat.send(command)
    await chat.press("患者")


async def told_apart(town: Town, phones: dict[str, str], spent: Callable[[str], Awaitable[float]]) -> dict[str, int]:
    """Of which kinds of account the answer takes longer, or less long, than of none: how often it did."""
    slower = dict.fromkeys(phones, 0)
    everybody = [*phones.items(), ("nobody", town.next_phone())]
    for _ in range(_PAIRS):
        town.clinic.clock.advance(days=2)  # no try waits for those before
        random.shuffle(everybody)
        took = {kind: await spent(phone) for kind, phone in everybody}
        slower = {kind: count + (took[kind] > took["nobody"]) for kind, count in slower.items()}
    return {kind: count for kind, count in slower.items() if by_chance(count, _PAIRS) < _CHANCE}
