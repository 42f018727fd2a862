"""A token changed, cut, doubled or wrapped anywhere opens nothing, and ends nobody's login (TOKENS T9, T16).

Forgeries that are rightly signed are in tests/faces/forgeries.py.
"""

import base64
from collections.abc import Iterator

import pytest

from tests.attacks.town import Town
from tests.bot.conftest import PASSWORD

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


async def test_a_token_changed_anywhere_opens_nothing(town: Town) -> None:
    """One character at a time, at every place; what decodes to the same bytes is the token itself (TOKENS T16)."""
    token = await _token(town)
    before = await town.kept()
    for changed in _changed(token):
        assert await _status(town, f"Bearer {changed}") == 401, changed
    assert await _status(town, f"Bearer {token}") == 200
    assert await town.kept() == before


async def test_a_token_cut_doubled_or_wrapped_opens_nothing(town: Town) -> None:
    token = await _token(town)
    head, body, signature = token.split(".")
    cut = {token[:length] for length in range(7, len(token), 7)}
    wrong = (
        f"{head}.{body}.{body}", f"{body}.{head}.{signature}", f"..{signature}", f"{head}..{signature}", f"{token}.",
        f".{token}", f"{token}.{token}", f"{token}{token}", token.upper(), token[::-1], f"{token}\u00e9", "." * 4000,
        f"{head}.{body}.", f"{head}.{body}", "null", "undefined", "[object Object]", "' OR 1=1 --", "x" * 4097,
    )  # fmt: skip
    wrapped = (
        f"Bearer  {token}x", f"Bearer {token}, Bearer {token}", f"Bearer\t{token}x", f'Bearer "{token}"', token, "",
        f"Basic {token}", f"Bearer{token}", f"Bearer {token}#", f"Bearer {token};", "Bearer",
    )  # fmt: skip
    for header in sorted({*(f"Bearer {text}" for text in (*cut, *wrong)), *wrapped}):
        assert await _status(town, header) == 401, header[:60]
    assert await _status(town, f"Bearer {token}") == 200


async def _token(town: Town) -> str:
    phone, client = town.next_phone(), town.http.client
    await client.post("/patient/register", json={"phone": phone, "password": PASSWORD, "name": "张三"})
    answer = await client.post("/patient/login", json={"phone": phone, "password": PASSWORD})
    return str(answer.json()["data"]["token"])


async def _status(town: Town, header: str) -> int:
    headers = {b"Authorization": header.encode()}
    return (await town.http.client.get("/patient", headers=headers)).status_code


def _changed(token: str) -> Iterator[str]:
    for place, char in enumerate(token):
        for other in {"A", "."} - {char}:
            changed = f"{token[:place]}{other}{token[place + 1 :]}"
            if _meant(changed) != _meant(token):
                yield changed


def _meant(token: str) -> list[bytes | str]:
    """The bytes of each part; the part itself where it has none."""
    parts: list[bytes | str] = []
    for part in token.split("."):
        try:
            parts.append(base64.urlsafe_b64decode(part.rstrip("=") + "=="))
        except ValueError:
            parts.append(part)
    return parts
