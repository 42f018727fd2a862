"""S2: the doctor's side (CONTRACT.md 2.14-2.18)."""

from typing import Any

import pytest
from sqlalchemy import insert

from storage.tables.profiles import departments, hospitals
from tests.api.conftest import Http
from tests.conftest import Desk

PHONE = "13912345678"
SELF = {"phone": PHONE, "name": "王某某"}
TOLD = {
    **SELF,
    "gender": "男",
    "birth_date": "1980-05-15",
    "hospital_id": 3,
    "internal_id": "DOC2023001",
    "department_id": 9001,
    "position_rank": "主任医师",
    "speciality": "冠心病介入治疗",
    "avatar_url": "https://example.com/avatars/doc001.jpg",
}
DONE = {"code": 0, "data": None, "msg": "操作成功"}


@pytest.fixture(autouse=True)
async def places(desk: Desk) -> None:
    async with desk.write() as uow:
        await uow.conn.execute(insert(hospitals), [{"id": 3, "name": "第三医院"}, {"id": 4, "name": "第四医院"}])
        await uow.conn.execute(insert(departments), [{"id": 9001, "name": "示例科"}])


async def test_a_doctor_tells_and_reads_their_record(http: Http) -> None:
    who = await http.doctor(PHONE)
    answer = await http.client.patch("/doctor/doctor_manage", headers=who, json=TOLD)
    assert (answer.status_code, answer.json()) == (200, DONE)
    answer = await http.client.get("/doctor", headers=who)
    assert answer.json() == {"code": 0, "data": {**TOLD, "gender": "male"}, "msg": "查询成功"}
    assert (await http.client.get("/doctor/", headers=who)).json() == answer.json()


async def test_a_doctor_logs_out(http: Http) -> None:
    who = await http.doctor(PHONE)
    answer = await http.client.post("/doctor/logout", headers=who)
    assert (answer.status_code, answer.json()) == (200, {"code": 0, "data": None, "msg": "登出成功"})
    assert (await http.client.get("/doctor", headers=who)).status_code == 401


async def test_specialty_is_taken_for_speciality_but_not_beside_it(http: Http) -> None:
    who = await http.doctor(PHONE)
    sent = {**SELF, "specialty": "心内科"}
    assert (await http.client.patch("/doctor/doctor_manage", headers=who, json=sent)).json() == DONE
    assert (await http.client.get("/doctor", headers=who)).json()["data"]["speciality"] == "心内科"
    answer = await http.client.patch("/doctor/doctor_manage", headers=who, json={**sent, "speciality": "外科"})
    assert answer.status_code == 422
    assert answer.json()["data"] == {"errors": {"specialty": ["specialty 不是这里可以填写的字段。"]}}


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ({"hospital_id": 99}, "没有这家医院。"),
        ({"hospital_id": 10**30}, "没有这家医院。"),
        ({"department_id": 0}, "没有这个科室。"),
        ({"department_id": -1}, "没有这个科室。"),
    ],
)
async def test_a_place_that_is_not_there_is_404(http: Http, sent: dict[str, int], text: str) -> None:
    who = await http.doctor(PHONE)
    answer = await http.client.patch("/doctor/doctor_manage", headers=who, json={**SELF, "name": "李", **sent})
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "data": None, "msg": text})
    assert (await http.client.get("/doctor", headers=who)).json()["data"]["name"] == "王某某"


@pytest.mark.parametrize("number", ["3", 3.0, True, [3]])
async def test_a_place_is_a_whole_number(http: Http, number: Any) -> None:
    who = await http.doctor(PHONE)
    answer = await http.client.patch("/doctor/doctor_manage", headers=who, json={**SELF, "hospital_id": number})
    assert answer.status_code == 422
    assert answer.json()["data"] == {"errors": {"hospital_id": ["医院编号 必须是整数。"]}}


async def test_a_staff_number_is_one_doctors_in_its_hospital(http: Http) -> None:
    first, second = await http.doctor(PHONE), await http.doctor("13712345678")
    assert (await http.client.patch("/doctor/doctor_manage", headers=first, json=TOLD)).json() == DONE
    same = {**TOLD, "phone": "13712345678"}
    answer = await http.client.patch("/doctor/doctor_manage", headers=second, json=same)
    assert (answer.status_code, answer.json()) == (409, {"code": 409, "data": None, "msg": "院内工号 已经被使用。"})
    assert (await http.client.get("/doctor", headers=second)).json()["data"]["hospital_id"] is None
    elsewhere = {**same, "hospital_id": 4}
    assert (await http.client.patch("/doctor/doctor_manage", headers=second, json=elsewhere)).json() == DONE


async def test_a_doctor_made_by_email_has_no_phone_to_name(http: Http) -> None:
    who = await http.doctor_by_email()
    data = (await http.client.get("/doctor", headers=who)).json()["data"]
    assert (data["phone"], data["name"], data["gender"]) == (None, "demo", "male")
    answer = await http.client.patch("/doctor/doctor_manage", headers=who, json=SELF)
    assert answer.status_code == 403


async def test_a_patient_with_the_same_number_cannot_touch_the_doctor(http: Http) -> None:
    patient = await http.patient(PHONE)
    answer = await http.client.patch("/doctor/doctor_manage", headers=patient, json={**SELF, "id": 1})
    assert answer.status_code == 403


async def test_a_doctor_by_email_who_has_no_phone_names_null(http: Http) -> None:
    token = await http.doctor_by_email()
    for phone, status in ((PHONE, 403), ("", 422), (None, 200)):
        body = {"phone": phone, "name": "王某某", "speciality": "心内科"}
        answer = await http.client.patch("/doctor/doctor_manage", headers=token, json=body)
        assert answer.status_code == status, answer.text
    assert (await http.client.get("/doctor", headers=token)).json()["data"]["speciality"] == "心内科"
