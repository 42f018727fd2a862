"""Field by field: what is taken, in which forms, and whose it is then (CONTRACT.md 1, 3.6)."""

import pytest

from tests.contract import s0, s1, s2
from tests.contract.facts import Json, Operation
from tests.contract.hostile import HALF_SURROGATE, NUL, escaped
from tests.contract.stage import PASSWORD, Stage, named, real_body


@pytest.mark.parametrize("operation", [s1.MANAGE, s2.MANAGE], ids=str)
async def test_null_erases_what_is_optional_and_what_is_missing_stays(stage: Stage, operation: Operation) -> None:
    """CONTRACT.md 3.6."""
    token = await stage.filled(operation)
    headers = {"Authorization": f"Bearer {token}"}
    own = "/patient" if operation is s1.MANAGE else "/doctor"
    told = (await stage.client.get(own, headers=headers)).json()["data"]
    needed = {row.name: real_body(operation)[row.name] for row in operation.fields if row.required}
    for row in operation.fields:
        if row.required:
            continue
        given = await stage.send(operation, needed | {row.name: None}, token)
        assert given.status_code == 200, f"{row.name}: {given.text}"
        told[row.name] = None
        assert (await stage.client.get(own, headers=headers)).json()["data"] == told


async def test_a_phone_is_the_same_however_it_is_written(stage: Stage) -> None:
    """Nothing is let through as it came: what is kept are the 11 digits (CONTRACT.md 1, CONTRACT.md 4)."""
    await stage.register(s1.REGISTER, phone="138１２３４５６７８")
    for written in (
        "13812345678\n",
        "138１２３４５６７８",
        "+86 138-1234-5678",
        "0086 (138) 1234 5678",
        "８６13812345678",
    ):
        given = await stage.send(s1.REGISTER, real_body(s1.REGISTER) | {"phone": written})
        assert (given.status_code, given.json()["code"], given.json()["data"]) == (409, 409, None)
        token = await stage.log_in(s1.LOGIN, phone=written)
        assert (await stage.profile(token))["phone"] == "13812345678"


async def test_the_same_in_another_case_or_width_is_taken(stage: Stage) -> None:
    await stage.register(s0.REGISTER, username="Straße", email="straße@example.com")
    before = await stage.kept()
    for field, written in [
        ("email", "STRASSE@Example.COM"),
        ("email", " strasse＠example.com\n"),
        ("email", "Straße@EXAMPLE.com"),
        ("username", "STRASSE"),
        ("username", "ｓｔｒａｓｓｅ"),
        ("username", " straße "),
    ]:
        other = {"email": "other@example.com", "username": "other"} | {field: written}
        assert named(await stage.send(s0.REGISTER, real_body(s0.REGISTER) | other)) == {field}, written
        assert await stage.kept() == before


async def test_a_gender_is_taken_in_every_documented_form(stage: Stage) -> None:
    """CONTRACT.md 1: accepted everywhere, in S0's `sex` as in S1's `gender`."""
    token = await stage.patient()
    forms: list[tuple[Json, str | None, int]] = [
        (0, "male", 0), (1, "female", 1), (2, None, 2), ("male", "male", 0), ("female", "female", 1),
        ("男", "male", 0), ("女", "female", 1), ("保密", None, 2),
    ]  # fmt: skip
    for turn, (given, gender, sex) in enumerate(forms):
        assert (await stage.send(s1.MANAGE, real_body(s1.MANAGE) | {"gender": given}, token)).status_code == 200
        assert (await stage.profile(token))["gender"] == gender
        doctor = await stage.doctor_by_email(username=f"demo{turn}", email=f"me{turn}@example.com", sex=given)
        assert (await stage.send(s0.ME, token=doctor)).json()["sex"] == sex


async def test_a_password_of_any_characters_is_taken_as_it_is(stage: Stage) -> None:
    for turn, password in enumerate(["🔑" * 8, "密码" * 32, "a" * 64, "corr\u00e8ct horse", "<script>alert(1)"]):
        phone = f"1380000000{turn}"
        await stage.register(s1.REGISTER, phone=phone, password=password)
        await stage.log_in(s1.LOGIN, phone=phone, password=password)


async def test_a_password_of_any_form_just_fails_at_the_login(stage: Stage) -> None:
    await stage.register(s1.REGISTER)
    for password in ("x", PASSWORD + " ", PASSWORD + NUL, HALF_SURROGATE * 8, "x" * 60_000):
        given = await stage.send(s1.LOGIN, escaped(real_body(s1.LOGIN) | {"password": password}))
        assert given.status_code == 401, password[:20]
        assert given.json() == {"code": 401, "data": None, "msg": "登录验证失败"}
