"""Staff log in with a code after their password (SECURITY.md Second factor)."""

import pyotp
import pytest

from core.account import Account
from core.second_factors import Enrolment
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone
from sandbox.client import Chat
from tests.bot.conftest import PASSWORD, Clinic

pytestmark = pytest.mark.slow


async def make_admin(clinic: Clinic) -> Account:
    core = clinic.app.core
    hashed = await core.passwords.hash(Password.parse(PASSWORD))
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.CLI)
        return await core.accounts.create_admin(
            uow, phone=Phone("13800138000"), name=PersonName("王芳"), password_hash=hashed
        )


async def enrol(clinic: Clinic, admin: Account) -> Enrolment:
    async with clinic.app.database.write() as conn:
        return await clinic.app.core.second_factors.set(UnitOfWork(conn, clinic.clock(), Channel.CLI), admin.number)


def code(clinic: Clinic, made: Enrolment) -> str:
    return pyotp.TOTP(made.secret).at(clinic.clock())


async def give_password(chat: Chat) -> None:
    await chat.press("工作人员")
    await chat.send("13800138000")
    await chat.send(PASSWORD)


async def test_who_was_on_the_way_to_the_queue_gets_there_after_the_code(clinic: Clinic) -> None:
    made = await enrol(clinic, await make_admin(clinic))
    for secret in (made.secret, *made.recovery_codes):
        clinic.heard.hear(secret)
    fang = await clinic.person("王芳")
    await fang.send("/queue")
    await give_password(fang)
    assert "6 位数字" in fang.screen
    await fang.send("/register")
    assert "您的登录还没做完" in fang.screen
    await fang.press("继续")
    wrong = await fang.send("000 000")
    assert "验证码不对" in fang.screen
    assert wrong.deleted
    no_code = await fang.send("不记得了")
    assert "12 个字母和数字" in fang.screen
    assert no_code.deleted
    right = await fang.send(made.recovery_codes[0])
    assert "登录成功" in fang.screen
    assert right.deleted
    await fang.press("我同意")
    assert "现在没有等待审核的证件" in fang.screen


async def test_after_a_long_pause_the_password_is_asked_for_once_more(clinic: Clinic) -> None:
    made = await enrol(clinic, await make_admin(clinic))
    fang = await clinic.person("王芳")
    await fang.send("/login")
    await give_password(fang)
    clinic.clock.advance(minutes=11)
    await fang.send(code(clinic, made))
    assert "请重新登录" in fang.screen
    await give_password(fang)
    await fang.send(code(clinic, made))
    assert "登录成功" in fang.screen
