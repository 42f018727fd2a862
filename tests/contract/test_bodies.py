"""Bodies that are no request, and such as look odd but are one (CONTRACT.md 3.10, 3.12)."""

import json
from typing import Final

import pytest

from tests.contract import s0, s1
from tests.contract.facts import Operation
from tests.contract.stage import Stage, named, real_body

REGISTERS: Final = (s0.REGISTER, s1.REGISTER)


def malformed(good: bytes) -> dict[str, bytes]:
    """Spoiled forms of a body that would be taken, and some that never were one."""
    return {
        "empty": b"",
        "spaces": b"   ",
        "cut": good[:-1],
        "two": good + good,
        "words": b"phone=13812345678&password=12345678",
        "single quotes": good.replace(b'"', b"'"),
        "comma": good[:-1] + b",}",
        "Latin-1": '{"name":"\xe9"}'.encode("latin-1"),
        "half a character": good[:-1] + b',"x":"\xe4\xb8"}',
        "raw surrogate": good[:-1] + b',"x":"\xed\xa0\x80"}',
        "raw NUL": good[:-1] + b',"x":"\0"}',
        "NaN": b"NaN",
        "a number that is none": b'{"username":NaN,"sex":Infinity,"age":-Infinity}',
        "infinite": b'{"age":1e999}',
        "digits": b'{"age":' + b"9" * 50_000 + b"}",
        "deep lists": b"[" * 60_000,
        "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    }


@pytest.mark.parametrize("operation", REGISTERS, ids=str)
async def test_what_is_no_json_object_is_refused(stage: Stage, operation: Operation) -> None:
    before = await stage.kept()
    for what, body in malformed(json.dumps(real_body(operation)).encode()).items():
        given = await stage.send(operation, body)
        assert named(given), f"{what}: {given.status_code} {given.text}"
        assert await stage.kept() == before, what


async def test_the_longest_history_fits_in_a_body(stage: Stage) -> None:
    """5,000 characters of four bytes, or of twelve where they are escaped, are under 64 KB."""
    token = await stage.patient()
    body = real_body(s1.MANAGE) | {"medical_history": "𠮷" * 5000}
    for content in (json.dumps(body, ensure_ascii=False).encode(), json.dumps(body).encode()):
        assert (await stage.send(s1.MANAGE, content, token)).status_code == 200
        assert (await stage.profile(token))["medical_history"] == "𠮷" * 5000


async def test_json_may_name_its_character_set(stage: Stage) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    content = json.dumps(real_body(s1.REGISTER), ensure_ascii=False).encode()
    assert (await stage.client.post("/patient/register", headers=headers, content=content)).status_code == 200
