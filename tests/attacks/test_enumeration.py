"""Whether somebody has an account cannot be told from any answer to who tries to log in or forgot a password (6.3.8).

To register one must be told that a number is taken, on every face (CONTRACT.md 1): docs/security.md says why.
"""

import re
from typing import Any, Final

import httpx
import pytest

from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from tests.attacks.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

_WRONG: Final = "not the right one"


async def _phones(town: Town) -> dict[str, str]:
    """A phone of each kind that an attacker may ask about, by what is behind it."""
    active, suspended = await town.patient(), await town.patient("停用")
    erased, doctor = await town.patient("注销"), await town.doctor()
    core = town.clinic.app.core
    async with town.clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, town.clinic.clock(), Channel.BOT)
        await core.accounts.suspend(uow, await town.account_of(suspended))
        await core.erasing.erase(uow, (await core.sessions.of_people(uow, [erased.id]))[erased.id])
    return {
        "nobody's": town.next_phone(),
        "active": active.phone,
        "suspended": suspended.phone,
        "erased": erased.phone,
        "another role's": doctor.phone,
    }


async def _tried(town: Town, route: str, **who: str) -> list[tuple[int, dict[str, str], Any]]:
    """Seven wrong passwords, from an address of their own."""
    town.people += 1
    transport = httpx.AsyncHTTPTransport(local_address=f"127.0.2.{town.people}")
    async with httpx.AsyncClient(transport=transport, base_url=town.http.client.base_url, timeout=20) as client:
        return [_of(await client.post(route, json={**who, "password": _WRONG})) for _ in range(7)]


def _of(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    return answer.status_code, {name: value for name, value in answer.headers.items() if name != "date"}, answer.json()


async def test_over_http_a_failed_login_is_one_answer(town: Town) -> None:
    """Status, every header and the body, up to the wait and in it."""
    phones = await _phones(town)
    someone = {"username": "demo", "password": "correct horse", "email": "me@example.com", "sex": 0, "age": 24}
    assert (await town.http.client.post("/api/auth/register", json=someone)).status_code == 200
    by_phone = {kind: await _tried(town, "/patient/login", phone=phone) for kind, phone in phones.items()}
    assert [status for status, *_ in by_phone["nobody's"]] == [401] * 5 + [429] * 2
    for kind, answers in by_phone.items():
        assert answers == by_phone["nobody's"], kind
    known, unknown = [
        await _tried(town, "/api/auth/login", email=email) for email in ("me@example.com", "nobody@example.com")
    ]
    assert known == unknown


async def test_in_the_bot_a_failed_login_is_one_answer(town: Town) -> None:
    """Every message, its buttons, and what is deleted."""
    seen = {}
    for kind, phone in (await _phones(town)).items():
        chat = await town.stranger("来人")
        await chat.send("/login")
        await chat.press("患者")
        await chat.send(phone)
        for _ in range(6):
            await chat.send(_WRONG)
        seen[kind] = _seen(chat, phone)
    assert any("不对" in str(message) for message in seen["nobody's"])
    for kind, messages in seen.items():
        assert messages == seen["nobody's"], kind


async def test_who_forgot_a_password_reads_the_same_whether_there_is_an_account(town: Town) -> None:
    """Named by phone or by the number of an account; asked for once more afterwards."""
    seen = {}
    for kind, named in {**await _phones(town), "a number's": "p1", "no number's": "p999"}.items():
        chat = await town.stranger("来人")
        await chat.send("/forgot")
        await chat.press("患者")
        await chat.send(named)
        assert "申请编号" in chat.transcript()
        await chat.send("/forgot")
        seen[kind] = _seen(chat, named)
    for kind, messages in seen.items():
        assert messages == seen["nobody's"], kind


def _seen(chat: Chat, named: str) -> list[Any]:
    """All there is in a chat, without what was typed and without the number of a request."""
    return [
        (
            message.by_bot,
            re.sub("(?<=申请编号：)[0-9A-Z]{6}", "<number>", message.text.replace(named, "<named>")),
            message.buttons,
            message.deleted,
        )
        for message in chat.messages
    ]
