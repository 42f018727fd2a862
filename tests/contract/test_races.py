"""Many at the same moment: one wins, and the others are told so (CONTRACT.md 1, 3.4, TOKENS T22)."""

import asyncio
from collections import Counter

import httpx
from sqlalchemy import func, select

from storage.tables import accounts as tables
from tests.contract import s0, s1
from tests.contract.stage import Stage, real_body

MANY = 50


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


async def accounts(stage: Stage) -> int:
    async with stage.database.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(tables.accounts))).scalar_one())


async def test_of_fifty_registrations_of_one_phone_one_is_made(stage: Stage) -> None:
    bodies = [real_body(s1.REGISTER) | {"name": "张" + "三" * (number % 9)} for number in range(MANY)]
    answers = await asyncio.gather(*(stage.send(s1.REGISTER, body) for body in bodies))
    assert statuses(answers) == {200: 1, 409: MANY - 1}
    assert await accounts(stage) == 1


async def test_of_fifty_registrations_of_one_address_one_is_made(stage: Stage) -> None:
    bodies = [real_body(s0.REGISTER) | {"username": f"demo{number}"} for number in range(MANY)]
    answers = await asyncio.gather(*(stage.send(s0.REGISTER, body) for body in bodies))
    assert statuses(answers) == {200: 1, 422: MANY - 1}
    assert await accounts(stage) == 1


async def test_of_fifty_refreshes_of_one_token_one_wins(stage: Stage) -> None:
    token = await stage.doctor_by_email()
    answers = await asyncio.gather(*(stage.send(s0.REFRESH, token=token) for _ in range(MANY)))
    assert statuses(answers) == {200: 1, 401: MANY - 1}
    [won] = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
    assert (await stage.send(s0.ME, token=won)).status_code == 200
    assert (await stage.send(s0.ME, token=token)).status_code == 401


async def test_fifty_wrong_passwords_get_five_looks_known_or_not(stage: Stage) -> None:
    """The same for a phone without an account, so that nobody learns which has one."""
    await stage.register(s1.REGISTER)
    for phone in (real_body(s1.LOGIN)["phone"], "13700000000"):
        bodies = [{"phone": phone, "password": f"guess {number}"} for number in range(MANY)]
        answers = await asyncio.gather(*(stage.send(s1.LOGIN, body) for body in bodies))
        assert statuses(answers) == {401: 5, 429: MANY - 5}
        assert {answer.headers["retry-after"] for answer in answers if answer.status_code == 429} == {"15"}
        assert (await stage.send(s1.LOGIN, real_body(s1.LOGIN) | {"phone": phone})).status_code == 429
