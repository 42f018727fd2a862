"""S0: logging in by e-mail, and one's own account (CONTRACT.md 2.1-2.6)."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import select, update

from core.audit import Action
from core.errors import Busy
from core.sessions import EndReason
from core.settings import Login, Passwords
from core.values import Password
from storage.tables.accounts import accounts, audit, sessions
from tests.api.conftest import EMAIL, PASSWORD, PHONE, Http, Serve, bearer
from tests.conftest import Desk, SetClock

DOCTOR = {"username": "demo", "password": PASSWORD, "email": EMAIL, "sex": 0, "age": 24}
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}
UNAUTHENTICATED = (401, {"message": "Unauthenticated."})


async def test_a_doctor_registers_logs_in_and_sees_their_account(http: Http) -> None:
    answer = await http.client.post("/api/auth/register", json=DOCTOR)
    assert (answer.status_code, answer.json()) == (200, {"message": "注册成功"})
    answer = await http.client.post("/api/auth/login", json=CREDENTIALS)
    token = answer.json().pop("access_token")
    assert answer.json() == {"access_token": token, "token_type": "bearer", "expires_in": 3600}
    me = await http.client.post("/api/auth/me", headers=bearer(token))
    assert me.json() == {
        "id": 1,
        "created_at": "2026-03-01T04:00:00.250000Z",
        "updated_at": "2026-03-01T04:00:00.250000Z",
        "type": 0,
        "username": "demo",
        "sex": 0,
        "age": 24,
        "head_portrait": None,
        "clinic": None,
        "mobile": None,
        "email": EMAIL,
        "fixphonenumber": None,
        "certificat": None,
        "certificat_checked": None,
        "wechat": None,
        "intro": None,
        "school": None,
        "major": None,
    }
    assert me.headers["cache-control"] == "no-store"
    as_doctor = await http.client.get("/api/doctor/me", headers=bearer(token))
    assert as_doctor.json() == me.json()


async def test_an_account_made_by_phone_is_seen_by_the_same_eighteen_keys(http: Http) -> None:
    me = (await http.client.post("/api/auth/me", headers=await http.patient())).json()
    assert len(me) == 18
    assert (me["type"], me["username"], me["sex"], me["mobile"], me["email"]) == (1, "张三", 2, "13812345678", None)


@pytest.mark.parametrize(
    "given", [{**CREDENTIALS, "password": "wrong"}, {**CREDENTIALS, "email": "nobody@example.com"}], ids=str
)
async def test_a_wrong_password_and_no_account_are_answered_alike(http: Http, given: dict[str, str]) -> None:
    await http.doctor_by_email()
    answer = await http.client.post("/api/auth/login", json=given)
    assert (answer.status_code, answer.json()) == (401, {"message": "登录验证失败"})


async def test_a_password_too_long_for_any_account_is_just_wrong(http: Http) -> None:
    answer = await http.client.post("/api/auth/login", json={**CREDENTIALS, "password": "长" * 20_000})
    assert (answer.status_code, answer.json()) == (401, {"message": "登录验证失败"})


@pytest.mark.parametrize(
    ("other", "field", "text"),
    [
        ({"username": "Demo2"}, "email", "邮箱 已经被使用。"),
        ({"email": "b@example.com"}, "username", "用户名 已经被使用。"),
    ],
)
async def test_a_taken_email_or_username_is_told_by_name(
    http: Http, other: dict[str, str], field: str, text: str
) -> None:
    await http.doctor_by_email()
    answer = await http.client.post("/api/auth/register", json={**DOCTOR, "username": "DEMO", **other})
    assert answer.status_code == 422
    assert answer.json() == {"message": "The given data was invalid.", "errors": {field: [text]}}


async def test_everything_wrong_is_told_at_once(http: Http) -> None:
    given = {"username": "d", "password": "1234567", "email": "me", "sex": "x", "age": "24", "type": 3}
    answer = await http.client.post("/api/auth/register", json=given)
    assert answer.status_code == 422
    assert answer.json() == {
        "message": "The given data was invalid.",
        "errors": {
            "username": ["用户名 至少为 3 个字符。"],
            "password": ["密码 至少为 8 个字符。"],
            "email": ["邮箱 格式不正确。"],
            "sex": ["性别 只能是 0、1、2、male、female、男、女 或 保密。"],
            "age": ["年龄 必须是整数。"],
            "type": ["type 不是这里可以填写的字段。"],
        },
    }


async def test_ones_own_name_is_no_password_where_common_ones_are_refused(serve: Serve) -> None:
    http = await serve(passwords=Passwords(bcrypt_cost=4))
    for password, why in (
        ("12345678", "密码 太常见，请换一个。"),
        ("demo-demo", "密码 不能是自己的姓名、用户名、手机号或邮箱。"),
    ):
        answer = await http.client.post(
            "/api/auth/register", json={**DOCTOR, "username": "demo-demo", "password": password}
        )
        assert (answer.status_code, answer.json()["errors"]) == (422, {"password": [why]})


async def test_a_token_is_renewed_and_the_old_one_is_dead(http: Http, clock: SetClock) -> None:
    old = await http.doctor_by_email()
    clock.advance(minutes=30)
    answer = await http.client.post("/api/auth/refresh", headers=old)
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert answer.json()["expires_in"] == 3600
    clock.advance(minutes=45)
    fresh = bearer(answer.json()["access_token"])
    assert (await http.client.post("/api/auth/me", headers=fresh)).status_code == 200
    answer = await http.client.post("/api/auth/me", headers=old)
    assert (answer.status_code, answer.json()) == UNAUTHENTICATED


async def test_a_stolen_token_ends_the_session_and_that_is_kept(http: Http, clock: SetClock, desk: Desk) -> None:
    old = await http.doctor_by_email()
    fresh = bearer((await http.client.post("/api/auth/refresh", headers=old)).json()["access_token"])
    clock.advance(seconds=11)
    answer = await http.client.post("/api/auth/refresh", headers=old)
    assert (answer.status_code, answer.json()) == UNAUTHENTICATED
    assert (await http.client.post("/api/auth/me", headers=fresh)).status_code == 401
    async with desk.read() as uow:
        assert Action.STOLEN_TOKEN in (await uow.conn.execute(select(audit.c.action))).scalars().all()


async def test_after_logging_out_the_token_is_dead(http: Http) -> None:
    token = await http.doctor_by_email()
    answer = await http.client.post("/api/auth/logout", headers=token)
    assert (answer.status_code, answer.json()) == (200, {"message": "登出成功"})
    for path in ("me", "refresh", "logout"):
        answer = await http.client.post(f"/api/auth/{path}", headers=token)
        assert (answer.status_code, answer.json()) == UNAUTHENTICATED
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_patient_has_no_doctors_account_and_the_try_is_written_down(http: Http, desk: Desk) -> None:
    answer = await http.client.get("/api/doctor/me", headers=await http.patient())
    assert (answer.status_code, answer.json()) == (403, {"message": "您的账号没有这项权限。"})
    async with desk.read() as uow:
        refusals = await uow.conn.execute(select(audit).where(audit.c.action == Action.REFUSED))
        (refused,) = refusals.all()
    assert (refused.channel, refused.reasons) == ("http", "doctor.see_own")


async def test_a_login_in_use_is_noted_every_five_minutes(http: Http, clock: SetClock, desk: Desk) -> None:
    async def used_at() -> object:
        async with desk.read() as uow:
            return (await uow.conn.execute(select(sessions.c.last_used_at))).scalar_one()

    token, began = await http.doctor_by_email(), clock.now.replace(microsecond=0)
    clock.advance(minutes=4)
    await http.client.post("/api/auth/me", headers=token)
    assert await used_at() == began
    clock.advance(minutes=2)
    await http.client.post("/api/auth/me", headers=token)
    assert await used_at() == clock.now


async def test_noting_it_does_not_stand_in_the_way_of_who_ends_the_login(
    http: Http, clock: SetClock, desk: Desk
) -> None:
    """A reset in the moment of a change: had the change locked the login first, PostgreSQL would drop one of them."""
    who = await http.doctor()
    clock.advance(minutes=6)
    hashed = await http.core.passwords.hash(Password.parse("another word 1"))
    async with desk.write() as uow:
        account = await http.core.accounts.get(uow, 1)
        await http.core.accounts.set_password(uow, account, hashed)
        change = http.client.patch("/doctor/doctor_manage", headers=who, json={"phone": PHONE, "name": "李四"})
        changing = asyncio.create_task(change)
        await asyncio.sleep(0.2)  # it waits for the account by now
        await http.core.sessions.end_all(uow, account, EndReason.PASSWORD_CHANGED)
    assert (await changing).status_code in {200, 401}
    assert (await http.client.get("/doctor", headers=who)).status_code == 401


async def test_a_suspended_doctor_is_out_at_once_and_is_not_told_why(http: Http, desk: Desk) -> None:
    token = await http.doctor_by_email()
    async with desk.write() as uow:
        await uow.conn.execute(update(accounts).values(state="suspended"))
    answer = await http.client.post("/api/auth/me", headers=token)
    assert (answer.status_code, answer.json()) == UNAUTHENTICATED
    answer = await http.client.post("/api/auth/login", json=CREDENTIALS)
    assert (answer.status_code, answer.json()) == (401, {"message": "登录验证失败"})


async def test_after_too_many_wrong_passwords_everybody_waits_the_same(http: Http) -> None:
    await http.doctor_by_email()
    for email in (EMAIL, "nobody@example.com"):
        for _ in range(6):
            answer = await http.client.post("/api/auth/login", json={"email": email, "password": "wrong"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "15")
        assert answer.json() == {"message": "尝试次数太多，请 15 秒后再试。"}


async def test_a_try_that_found_too_many_people_waiting_is_not_counted(serve: Serve) -> None:
    http = await serve(passwords=Passwords(bcrypt_cost=8, hash_threads=1), login=Login(free_failures=1))

    async def crowd() -> None:
        while True:
            with suppress(Busy):
                await http.core.passwords.verify(None, "x")
            await asyncio.sleep(0.001)

    crowds = [asyncio.create_task(crowd()) for _ in range(60)]
    for n in range(20):
        given = {"email": f"person{n}@example.com", "password": "wrong"}
        answer = await http.client.post("/api/auth/login", json=given)
        if answer.status_code == 429:
            break
    assert answer.json()["message"].startswith("现在人比较多")
    assert int(answer.headers["retry-after"]) >= 1
    for task in crowds:
        task.cancel()
    await asyncio.gather(*crowds, return_exceptions=True)
    assert (await http.client.post("/api/auth/login", json=given)).status_code == 401  # one more counted would wait
