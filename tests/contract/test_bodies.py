"""Bodies that are no request: refused in the shape of their family, with nothing changed (CONTRACT.md 3.10, 3.12)."""

import json
from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.contract import s0, s1, s2
from tests.contract.facts import Operation, matches
from tests.contract.stage import Stage, named, real_body

REGISTERS: Final = (s0.REGISTER, s1.REGISTER)
GOOD: Final = json.dumps(real_body(s1.REGISTER)).encode()
MALFORMED: Final = {
    "empty": b"",
    "spaces": b"   ",
    "cut": GOOD[:-1],
    "two": GOOD + GOOD,
    "words": b"phone=13812345678&password=12345678",
    "single quotes": GOOD.replace(b'"', b"'"),
    "comma": GOOD[:-1] + b",}",
    "Latin-1": '{"name":"\xe9"}'.encode("latin-1"),
    "half a character": GOOD[:-1] + b',"x":"\xe4\xb8"}',
    "raw surrogate": GOOD[:-1] + b',"x":"\xed\xa0\x80"}',
    "raw NUL": GOOD[:-1] + b',"x":"\0"}',
    "NaN": b"NaN",
    "a number that is none": b'{"username":NaN,"sex":Infinity,"age":-Infinity}',
    "infinite": b'{"age":1e999}',
    "digits": b'{"age":' + b"9" * 50_000 + b"}",
    "deep lists": b"[" * 60_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
}
LIMIT: Final = 64 * 1024


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(0, size, 65_536):
        yield b" " * 65_536


def shape(operation: Operation, status: int) -> object:
    if operation.document == "S0":
        return {"message": str}
    return {"code": status, "data": None, "msg": str}


@pytest.mark.parametrize("operation", REGISTERS, ids=str)
async def test_what_is_no_json_object_is_refused(stage: Stage, operation: Operation) -> None:
    before = await stage.kept()
    for what, body in MALFORMED.items():
        given = await stage.send(operation, body)
        assert named(given), f"{what}: {given.status_code} {given.text}"
        assert await stage.kept() == before, what


@pytest.mark.parametrize("operation", [*REGISTERS, s1.LOGIN, s2.MANAGE], ids=str)
async def test_ten_megabytes_are_too_much(stage: Stage, operation: Operation) -> None:
    token = await stage.token_for(operation)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for content in (b" " * 10_000_000, in_pieces(10_000_000)):
        given = await stage.client.request(operation.method, operation.path, headers=headers, content=content)
        assert given.status_code == 413
        assert matches(shape(operation, 413), given.json()), given.text


async def test_a_body_may_have_64_kilobytes_and_no_byte_more(stage: Stage) -> None:
    padded = GOOD + b" " * (LIMIT - len(GOOD))
    assert (await stage.send(s1.REGISTER, padded + b" ")).status_code == 413
    assert (await stage.send(s1.REGISTER, padded)).status_code == 200


async def test_the_longest_history_fits_in_a_body(stage: Stage) -> None:
    """5,000 characters of four bytes, or of twelve where they are escaped, are under 64 KB."""
    token = await stage.patient()
    body = real_body(s1.MANAGE) | {"medical_history": "𠮷" * 5000}
    for content in (json.dumps(body, ensure_ascii=False).encode(), json.dumps(body).encode()):
        assert (await stage.send(s1.MANAGE, content, token)).status_code == 200
        assert (await stage.profile(token))["medical_history"] == "𠮷" * 5000


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
async def test_another_content_type_is_refused(stage: Stage, media_type: str) -> None:
    before = await stage.kept()
    given = await stage.client.post("/patient/register", headers={"Content-Type": media_type}, content=GOOD)
    assert given.status_code == 422
    assert await stage.kept() == before


async def test_json_may_name_its_character_set(stage: Stage) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert (await stage.client.post("/patient/register", headers=headers, content=GOOD)).status_code == 200
