"""S1: the patient's side (CONTRACT.md 2.9-2.13)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from core.consents import ConsentKind
from storage.tables.accounts import accounts, consents
from storage.tables.profiles import profiles
from tests.api.conftest import PASSWORD, PHONE, Http
from tests.conftest import Desk

SELF = {"phone": PHONE, "name": "张三"}
TOLD = {
    **SELF,
    "gender": "male",
    "birth_date": "1990-01-01",
    "address": "北京市朝阳区",
    "medical_history": "无",
    "avatar_url": "https://example.com/me.jpg",
}
DONE = {"code": 0, "data": None, "msg": "操作成功"}


async def record(http: Http, who: dict[str, str]) -> dict[str, Any]:
    answer = await http.client.get("/patient", headers=who)
    assert (answer.status_code, answer.json()["code"]) == (200, 0)
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_a_patient_registers_logs_in_and_out(http: Http) -> None:
    answer = await http.client.post("/patient/register", json={**SELF, "password": PASSWORD})
    assert (answer.status_code, answer.json()) == (200, {"code": 0, "data": None, "msg": "注册成功"})
    answer = await http.client.post("/patient/login", json={"phone": PHONE, "password": PASSWORD})
    token = answer.json()["data"].pop("token")
    data = {"id": 1, "name": "张三", "role": "patient", "token": token}
    assert answer.json() == {"code": 0, "data": data, "msg": "登录成功"}
    who = {"Authorization": f"Bearer {token}"}
    answer = await http.client.post("/patient/logout", headers=who)
    assert (answer.status_code, answer.json()) == (200, {"code": 0, "data": None, "msg": "登出成功"})
    answer = await http.client.get("/patient", headers=who)
    assert (answer.status_code, answer.json()) == (401, {"code": 401, "data": None, "msg": "Unauthenticated."})


async def test_a_patient_tells_and_reads_their_record(http: Http) -> None:
    who = await http.patient()
    answer = await http.client.patch("/patient/patient_manage", headers=who, json=TOLD)
    assert (answer.status_code, answer.json()) == (200, DONE)
    assert await record(http, who) == TOLD
    assert (await http.client.get("/patient/", headers=who)).json()["data"] == TOLD


async def test_what_is_not_sent_stays_and_null_erases(http: Http) -> None:
    who = await http.patient()
    await http.client.patch("/patient/patient_manage", headers=who, json=TOLD)
    erased = {**SELF, "gender": None, "address": None, "medical_history": None}
    assert (await http.client.patch("/patient/patient_manage", headers=who, json=erased)).json() == DONE
    assert await record(http, who) == {**TOLD, "gender": None, "address": None, "medical_history": None}


@pytest.mark.parametrize(("given", "kept"), [(1, "female"), ("男", "male"), ("0", "male"), ("保密", None), (2, None)])
async def test_every_way_of_writing_a_gender_is_taken(http: Http, given: Any, kept: str | None) -> None:
    who = await http.patient()
    assert (
        await http.client.patch("/patient/patient_manage", headers=who, json={**SELF, "gender": given})
    ).json() == DONE
    assert (await record(http, who))["gender"] == kept


async def test_sending_a_medical_history_is_the_consent_to_keep_it_and_it_is_sealed(http: Http, desk: Desk) -> None:
    who = await http.patient()
    await http.client.patch("/patient/patient_manage", headers=who, json={**SELF, "medical_history": "对青霉素过敏"})
    async with desk.read() as uow:
        given = (await uow.conn.execute(select(consents))).one()
        sealed = (await uow.conn.execute(select(profiles.c.medical_history))).scalar_one()
    assert (given.kind, given.channel) == (ConsentKind.HEALTH, "http")
    assert "青霉素".encode() not in sealed
    assert (await record(http, who))["medical_history"] == "对青霉素过敏"


@pytest.mark.parametrize(
    ("sent", "field", "text"),
    [
        ({"name": "张三"}, "phone", "手机号 不能为空。"),
        ({"phone": PHONE}, "name", "姓名 不能为空。"),
        ({**SELF, "name": None}, "name", "姓名 必须是字符串。"),
        ({**SELF, "id": 2}, "id", "id 不是这里可以填写的字段。"),
        ({**SELF, "gender": True}, "gender", "性别 必须是字符串或整数。"),
        ({**SELF, "gender": 0.0}, "gender", "性别 必须是字符串或整数。"),
        ({**SELF, "birth_date": 19900101}, "birth_date", "出生日期 必须是字符串。"),
        ({**SELF, "birth_date": "1990-02-30"}, "birth_date", "出生日期 不是日历上的日期。"),
        ({**SELF, "birth_date": "2026-03-02"}, "birth_date", "出生日期 不能晚于今天。"),
        ({**SELF, "address": "x" * 256}, "address", "家庭地址 不能超过 255 个字符。"),
        ({**SELF, "avatar_url": "http://example.com/a.jpg"}, "avatar_url", "头像地址 必须是 https 地址。"),
    ],
)
async def test_what_cannot_be_is_told_by_name_and_changes_nothing(
    http: Http, sent: dict[str, Any], field: str, text: str
) -> None:
    who = await http.patient()
    await http.client.patch("/patient/patient_manage", headers=who, json=TOLD)
    changed = {"address": "上海市", **sent}
    answer = await http.client.patch("/patient/patient_manage", headers=who, json=changed)
    assert answer.status_code == 422
    assert answer.json() == {"code": 422, "data": {"errors": {field: [text]}}, "msg": text}
    assert await record(http, who) == TOLD


async def test_the_login_phone_does_not_change_here(http: Http) -> None:
    who = await http.patient()
    sent = {**SELF, "phone": "13912345678", "address": "上海市"}
    answer = await http.client.patch("/patient/patient_manage", headers=who, json=sent)
    told = "登录手机号不能在这里更换，请联系诊所。"
    assert (answer.status_code, answer.json()) == (403, {"code": 403, "data": None, "msg": told})
    assert (await record(http, who))["address"] is None


async def test_the_same_phone_written_otherwise_is_no_change(http: Http) -> None:
    who = await http.patient()
    sent = {**SELF, "phone": "+86 138-1234-5678"}
    assert (await http.client.patch("/patient/patient_manage", headers=who, json=sent)).json() == DONE


async def test_of_many_registrations_of_one_phone_one_wins(http: Http, desk: Desk) -> None:
    body = {**SELF, "password": PASSWORD}
    answers = await asyncio.gather(*(http.client.post("/patient/register", json=body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    taken = next(answer for answer in answers if answer.status_code == 409)
    assert taken.json() == {"code": 409, "data": None, "msg": "该手机号已经注册。"}
    async with desk.read() as uow:
        assert len((await uow.conn.execute(select(accounts.c.id))).all()) == 1


async def test_a_phone_can_be_a_patient_and_a_doctor_with_two_logins(http: Http) -> None:
    patient, doctor = await http.patient(), await http.doctor()
    assert (await http.client.get("/patient", headers=patient)).status_code == 200
    answer = await http.client.get("/patient", headers=doctor)
    assert (answer.status_code, answer.json()) == (403, {"code": 403, "data": None, "msg": "您的账号没有这项权限。"})
    assert (await http.client.post("/patient/logout", headers=doctor)).status_code == 403
    assert (await http.client.get("/doctor", headers=doctor)).status_code == 200


async def test_a_wrong_password_is_answered_in_the_envelope(http: Http) -> None:
    await http.register()
    answer = await http.client.post("/patient/login", json={"phone": PHONE, "password": "wrong"})
    assert (answer.status_code, answer.json()) == (401, {"code": 401, "data": None, "msg": "登录验证失败"})
    answer = await http.client.post("/doctor/login", json={"phone": PHONE, "password": PASSWORD})
    assert answer.status_code == 401  # a patient, no doctor


async def test_who_they_are_is_asked_before_what_they_send(http: Http) -> None:
    wrong = {"phone": 1, "nonsense": True}
    assert (await http.client.patch("/patient/patient_manage", json=wrong)).status_code == 401
    doctor = await http.doctor()
    assert (await http.client.patch("/patient/patient_manage", json=wrong, headers=doctor)).status_code == 403
