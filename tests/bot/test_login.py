"""Logging in and out, and who is told."""

import asyncio

import pytest

from core.settings import Login, Settings
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone
from sandbox.client import Chat
from sandbox.server import Served
from tests.bot.conftest import PASSWORD, Clinic, register, running
from tests.conftest import SetClock


async def log_in(chat: Chat, password: str = PASSWORD, phone: str = "13812345678") -> None:
    await chat.send("/login")
    await chat.press("患者")
    await chat.send(phone)
    await chat.send(password)


async def test_an_unknown_account_and_a_wrong_password_read_the_same(clinic: Clinic) -> None:
    li, stranger = await clinic.person(phone="13812345678"), await clinic.person("路人", phone="13600000000")
    await register(li)
    await li.send("/logout")
    await log_in(li, "wrong password 1")
    await log_in(stranger, "wrong password 1", phone="13612345678")
    assert "账号或密码不对" in li.screen
    assert li.screen == stranger.screen


async def test_after_five_wrong_passwords_one_has_to_wait(clinic: Clinic) -> None:
    stranger = await clinic.person("路人")
    await log_in(stranger, "wrong password 0")
    for n in range(1, 5):
        await stranger.send(f"wrong password {n}")
        assert "账号或密码不对" in stranger.screen
    typed = await stranger.send("wrong password 5")
    assert "请等待" in stranger.screen
    assert typed.deleted


async def test_logging_in_while_logged_in_asks_first_whether_to_leave(clinic: Clinic) -> None:
    li = await clinic.person()
    await register(li)
    await li.send("/login")
    assert "请先退出" in li.screen
    await li.press("保持登录")
    assert "您已登录" in li.screen
    await li.send("/login")
    await li.press("退出登录并继续")
    assert "您以什么身份登录" in li.screen
    await li.press("患者")
    await li.send("13812345678")
    await li.send(PASSWORD)
    assert "登录成功" in li.screen


async def test_a_command_that_needs_a_login_goes_on_after_it(clinic: Clinic) -> None:
    li = await clinic.person()
    await register(li)
    await li.send("/logout")
    await li.send("/me")
    assert "请先登录" in li.screen
    await li.press("患者")
    await li.send("13812345678")
    await li.send(PASSWORD)
    assert "您的账号 P1" in li.screen


async def test_a_lapsed_login_leads_through_login_and_back(clinic: Clinic) -> None:
    li = await clinic.person()
    await register(li)
    clinic.clock.advance(days=14)
    await li.send("/me")
    assert "登录已过期" in li.screen
    await li.press("患者")
    await li.send("13812345678")
    await li.send(PASSWORD)
    assert "您的账号 P1" in li.screen


async def test_a_login_that_is_used_does_not_lapse_by_idleness(clinic: Clinic) -> None:
    li = await clinic.person()
    await register(li)
    for _ in range(13):
        clinic.clock.advance(days=1)
        await li.send("/me")
        assert "您的账号 P1" in li.screen


async def test_the_owner_hears_of_a_login_from_a_new_telegram_user(clinic: Clinic) -> None:
    li, other = await clinic.person(phone="13812345678"), await clinic.person("新手机", phone="13700000000")
    await register(li)
    await log_in(other)
    await li.expect("在一个新的 Telegram 账号上登录")
    assert not any("新的 Telegram" in message.text for message in other.visible)


async def test_nothing_is_pushed_after_logging_out(clinic: Clinic) -> None:
    li, other = await clinic.person(phone="13812345678"), await clinic.person("新手机", phone="13700000000")
    await register(li)
    await li.send("/logout")
    await log_in(other)
    await li.refresh()
    assert not any("新的 Telegram" in message.text for message in li.visible)


async def test_an_account_made_elsewhere_is_asked_for_consent_once(clinic: Clinic) -> None:
    app = clinic.app
    password = await app.core.passwords.hash(Password.parse(PASSWORD))
    async with app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.CLI)
        await app.core.accounts.create_admin(
            uow, phone=Phone.parse("13912345678"), name=PersonName.parse("王芳"), password_hash=password
        )
    wang = await clinic.person("王芳", phone="13912345678")
    await wang.send("/me")
    await wang.press("工作人员")
    await wang.send("13912345678")
    await wang.send(PASSWORD)
    assert "您同意吗" in wang.screen
    await wang.press("我同意")
    assert "您的账号 A1（工作人员）" in wang.screen
    await wang.send("/logout")
    await wang.send("/login")
    await wang.press("工作人员")
    await wang.send("13912345678")
    await wang.send(PASSWORD)
    assert "您已登录：王芳（工作人员）" in wang.screen


async def test_two_phones_that_log_in_at_once_are_both_logged_in(clinic: Clinic) -> None:
    li, other = await clinic.person(phone="13812345678"), await clinic.person("新手机", phone="13700000000")
    await register(li)
    await li.send("/logout")
    await asyncio.gather(log_in(li), log_in(other))
    for chat in (li, other):
        await chat.send("/me")
        assert "您的账号 P1" in chat.screen


@pytest.mark.slow
async def test_who_has_registered_often_enough_today_reads_so(
    bot_settings: Settings, server: Served, clock: SetClock
) -> None:
    few = bot_settings.model_copy(update={"login": Login(registrations_per_day=1)})
    async with running(few, server, clock) as clinic:
        li = await clinic.person()
        await register(li)
        await li.send("/logout")
        await li.send("/register")
        await li.press("医生")
        await li.press("我同意")
        await li.send("13900000009")
        await li.send("李医生")
        for _ in range(3):
            await li.press("跳过")
        await li.press("下一步：设置密码")
        await li.send(PASSWORD)
        assert "今天用这个 Telegram 注册的账号已达上限" in li.screen
