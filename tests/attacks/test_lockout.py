"""Many wrong passwords at once, from everywhere and under every spelling, get no more looks than the limit (6.3.1)."""

import asyncio
from typing import Final

import httpx
import pytest

from tests.attacks.town import Town
from tests.bot.conftest import PASSWORD

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

_LOOKS: Final = 5
_SPELLINGS: Final = ("{0}", "+86{0}", "0086 {0}", " {0} ", "86-{0}")


def _spelled(phone: str, number: int) -> str:
    if number % 6 == 5:
        return phone.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    return _SPELLINGS[number % 6].format(phone)


async def test_fifty_guesses_at_once_from_everywhere_get_five_looks(town: Town) -> None:
    """25 Telegram users and 25 addresses guess at one account; then its owner comes, from the chat they always had."""
    victim = await town.patient()
    await victim.send("/logout")
    guesses = [f"correct horse guess {number}" for number in range(50)]
    chats = [await town.stranger(f"贼{number}") for number in range(25)]
    for number, chat in enumerate(chats):
        await chat.send("/login")
        await chat.press("患者")
        await chat.send(_spelled(victim.phone, number))

    async def over_http(number: int) -> int:
        transport = httpx.AsyncHTTPTransport(local_address=f"127.0.1.{number + 1}")
        url = town.http.client.base_url
        async with httpx.AsyncClient(transport=transport, base_url=url, timeout=30) as client:
            body = {"phone": _spelled(victim.phone, number), "password": guesses[number]}
            headers = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
            return (await client.post("/patient/login", json=body, headers=headers)).status_code

    in_the_bot = [chat.send(guesses[25 + number]) for number, chat in enumerate(chats)]
    *answered, _ = await asyncio.gather(*(over_http(number) for number in range(25)), asyncio.gather(*in_the_bot))
    looked_at = town.clinic.heard.secrets & set(guesses)
    assert len(looked_at) == _LOOKS
    assert set(answered) <= {401, 429}
    said = [chat.screen for chat in chats]
    assert answered.count(401) + sum("不对" in text for text in said) == _LOOKS
    assert sum("请等待" in text for text in said) + answered.count(429) == 50 - _LOOKS

    await victim.send("/login")
    await victim.press("患者")
    await victim.send(victim.phone)
    await victim.send(PASSWORD)
    assert "登录成功" in victim.screen
    town.check_no_fault()
