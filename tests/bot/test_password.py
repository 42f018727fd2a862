"""`/password`: the present password, then the new one; what a proof is worth, and for how long."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.settings import Settings
from sandbox.client import Chat
from sandbox.server import Served
from tests.bot.conftest import PASSWORD, Clinic, register, running
from tests.bot.test_login import log_in
from tests.bot.test_sessions import press_forged
from tests.conftest import SetClock

NEW = "three long new words"
WRONG = "not my password"


@pytest.fixture
async def li(clinic: Clinic) -> AsyncIterator[Chat]:
    """A patient, logged in, whose passwords are nowhere to be read in the end."""
    chat = await clinic.person(phone="13812345678")
    await register(chat)
    yield chat
    await chat.refresh()
    assert not any(secret in message.text for message in chat.visible for secret in (PASSWORD, NEW, WRONG))


async def test_the_present_password_then_the_new_one_and_only_this_chat_stays_logged_in(
    clinic: Clinic, li: Chat
) -> None:
    other = await clinic.person("新手机", phone="13700000000")
    await log_in(other)
    await other.send("/password")
    await other.send(PASSWORD)

    await li.send("/start")
    await li.press("修改密码")
    assert "一共 2 步" in li.screen
    assert "（1/2）请输入现在的密码" in li.screen
    typed = [await li.send(WRONG)]
    assert "密码不对，没有改动任何内容" in li.screen
    typed.append(await li.send(PASSWORD))
    assert "（2/2）请设置新密码" in li.screen
    for refused, why in (
        ("short", "至少 8 个字符"),
        (PASSWORD, "这就是您现在的密码"),
        ("13812345678", "不要用自己的姓名、手机号"),
        ("password123", "太常见"),
    ):
        typed.append(await li.send(refused))
        assert why in li.screen
        assert "（2/2）" in li.screen
    typed.append(await li.send(NEW))
    assert "密码已修改。其他地方都已退出登录，这个聊天不用重新登录" in li.screen
    assert "您已登录：王小明（患者）" in li.screen
    assert all(message.deleted for message in typed)

    await other.expect("您账号的密码已修改")
    late = await other.send("what the other has chosen")
    assert late.deleted
    assert "请先登录" in other.screen
    await other.press("患者")
    await other.send("13812345678")
    await other.send(PASSWORD)
    assert "账号或密码不对" in other.screen
    await other.send(NEW)
    assert "（2/2）请设置新密码" in other.screen  # where they were; who logs in knows the present one
    await li.send("/sessions")
    assert "您的账号现在登录在 2 处" in li.screen


async def test_in_english_and_changed_to_chinese_in_the_middle(clinic: Clinic, li: Chat) -> None:
    await li.send("/language")
    await li.press("English")
    await li.press("Change password")
    assert "takes 2 steps" in li.screen
    await li.send(WRONG)
    assert "not the right password; nothing was changed" in li.screen
    await li.send(PASSWORD)
    assert "(2/2) Please choose a new password" in li.screen
    await li.send("/language")
    await li.press("中文")
    assert "（2/2）请设置新密码" in li.screen
    await li.send(NEW)
    assert "密码已修改" in li.screen


async def test_who_guesses_has_to_wait_as_at_a_login(clinic: Clinic, li: Chat) -> None:
    await li.send("/password")
    for _ in range(5):
        await li.send(WRONG)
    assert "还是不行" in li.screen
    await li.send(PASSWORD)
    assert "请等待 15 秒" in li.screen
    assert "（1/2）" in li.screen
    clinic.clock.advance(seconds=15)
    await li.send(PASSWORD)
    assert "（2/2）" in li.screen


async def test_the_proof_holds_for_ten_minutes(clinic: Clinic, li: Chat) -> None:
    await li.send("/password")
    await li.send(PASSWORD)
    clinic.clock.advance(minutes=10)
    late = await li.send(NEW)
    assert late.deleted
    assert "请再输入一次现在的密码，然后接着办" in li.screen
    assert "（1/2）" in li.screen
    await li.send(NEW)
    assert "密码不对" in li.screen
    await li.send(PASSWORD)
    clinic.clock.advance(minutes=9, seconds=59)
    await li.send(NEW)
    assert "密码已修改" in li.screen


async def test_back_and_cancel_leave_the_password_as_it_was(clinic: Clinic, li: Chat) -> None:
    await li.send("/password")
    assert li.buttons == ["取消"]
    await li.send(PASSWORD)
    await li.press("返回")
    assert "（1/2）" in li.screen
    for forged in ("keep", "skip", "next"):
        await press_forged(li, f"{_stem(li)}:{forged}")
        assert "（1/2）" in li.screen
    await li.send(WRONG)
    await li.send(PASSWORD)
    await li.send("/password")
    assert "密码修改还没做完" in li.screen
    await li.press("继续")
    await li.send("/cancel")
    assert "已停止密码修改" in li.screen
    await li.send("/logout")
    await li.send("/password")
    await li.press("患者")
    await li.send("13812345678")
    await li.send(PASSWORD)
    assert "（1/2）请输入现在的密码" in li.screen


async def test_of_two_chats_that_change_it_at_once_one_is_logged_out_by_the_other(clinic: Clinic, li: Chat) -> None:
    other = await clinic.person("新手机", phone="13700000000")
    await log_in(other)
    for chat in (li, other):
        await chat.send("/password")
        await chat.send(PASSWORD)
    await asyncio.gather(li.send(NEW), other.send(NEW))
    done, late = sorted((li, other), key=lambda chat: "密码已修改。" not in chat.screen)
    assert "密码已修改。" in done.screen
    await late.expect("您账号的密码已修改")
    said = "".join(message.text for message in late.visible)
    assert "刚刚在别处结束了" in said or "请先登录" in said  # by whether it came during the other's change or after it


async def test_the_proof_outlives_a_restart(bot_settings: Settings, server: Served, clock: SetClock) -> None:
    async with running(bot_settings, server, clock) as clinic:
        li = await clinic.person()
        await register(li)
        await li.send("/password")
        await li.send(PASSWORD)
    async with running(bot_settings, server, clock) as clinic:
        again = next(chat for chat in await clinic.sandbox.people() if chat.id == li.id)
        await again.send(NEW)
        assert "密码已修改" in again.screen


def _stem(chat: Chat) -> str:
    """What the callback data of the present screen begins with."""
    return ":".join(chat.last.rows[-1][-1]["callback_data"].split(":")[:2])
