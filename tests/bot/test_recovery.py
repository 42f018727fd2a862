"""/forgot, /phone and /reset: who has lost the way in and finds it again (DIALOGS.md, SECURITY.md The assisted way)."""

import asyncio
import re

import pytest

from core.settings import Settings
from sandbox.client import Chat
from sandbox.server import Served
from tests.bot.conftest import PASSWORD, Clinic, register, running
from tests.bot.test_admins import FSI, PDI, admin
from tests.bot.test_login import log_in
from tests.bot.test_sessions import press_forged
from tests.conftest import SetClock

NEW = "three long new words"


async def forgot(chat: Chat, who: str = "13812345678") -> str:
    """Asks for a patient's new password; the number that is shown."""
    await chat.send("/forgot")
    await chat.press("患者")
    await chat.send(who)
    return shown_number(chat)


def shown_number(chat: Chat) -> str:
    found = [re.search("申请编号：([0-9A-Z]{6})", message.text) for message in chat.visible]
    return [number for number in found if number][-1][1]


@pytest.fixture
async def wang(clinic: Clinic) -> Chat:
    """A1."""
    return await admin(clinic)


@pytest.fixture
async def li(clinic: Clinic, wang: Chat) -> Chat:
    """P2, who shared their own contact; logged in."""
    chat = await clinic.person("李雷", phone="13812345678")
    await register(chat, name="李雷")
    return chat


async def test_who_verified_the_number_here_shares_it_again_and_sets_a_new_password(clinic: Clinic, li: Chat) -> None:
    other = await clinic.person("新手机", phone="13700000000")
    await log_in(other)
    await li.send("/login")
    await li.press("退出登录并继续")
    await li.press("患者")
    await li.send("13812345678")
    await li.send("what was it again")
    assert "忘了密码？请用 /forgot" in li.screen
    await li.send("/forgot")
    await li.press("放弃")
    assert "一共 2 步" in li.screen
    await li.press("患者")
    assert li.keyboard == ["发送我的手机号", "返回", "取消"]
    await li.share_contact()
    assert "您在这里验证过这个号码" in li.screen
    assert "请设置新密码" in li.screen
    assert li.keyboard == []
    typed = [await li.send("13812345678"), await li.send(NEW)]
    assert all(message.deleted for message in typed)
    assert "新密码已设好，您已登录" in li.screen
    assert "您已登录：李雷（患者）" in li.screen
    await other.expect("您账号的密码已重新设置")
    await other.send("/me")
    assert "请先登录" in other.screen


async def test_from_another_telegram_an_admin_confirms_and_the_chat_is_asked_for_the_password(
    clinic: Clinic, wang: Chat, li: Chat
) -> None:
    lost = await clinic.person("李雷的新手机", phone="13700000000")
    await lost.send("/start")
    await lost.press("忘记密码")
    await lost.press("患者")
    await lost.send("138 1234 5678")
    number = shown_number(lost)
    assert "30 分钟内有效" in lost.visible[-2].text
    await lost.press("帮助")
    assert shown_number(lost) == number  # stays to be read aloud
    await lost.send("/forgot")
    assert "您的申请在等工作人员确认，2026-03-01 12:30 前有效" in lost.screen

    await wang.send("/reset")
    assert "/reset 7K3M2Q" in wang.screen
    await wang.send(f"/reset {number[:3].lower()} {number[3:]}")
    assert "请先核实对方确实是这个账号的主人" in wang.screen
    assert f"账号：P2 {FSI}李雷{PDI}（患者，使用中）" in wang.screen
    assert "手机号：13812345678（已验证）" in wang.screen
    assert "申请：设置新密码" in wang.screen
    assert wang.buttons == ["已核实，确认", "取消"]
    await wang.press("已核实，确认")
    assert "已确认：P2" in wang.screen
    await li.expect("工作人员刚确认了一个申请：为您的账号设置新密码")

    await lost.expect("工作人员已核实您的申请")
    assert "请设置新密码" in lost.screen
    typed = await lost.send(NEW)
    assert typed.deleted
    assert "新密码已设好，您已登录" in lost.screen
    await li.expect("您账号的密码已重新设置")
    await wang.send(f"/reset {number}")
    assert "已经确认过了" in wang.screen
    assert not any(NEW in message.text for chat in (wang, lost, li) for message in chat.visible)


async def test_in_the_middle_of_something_else_they_are_told_where_to_go(clinic: Clinic, wang: Chat, li: Chat) -> None:
    lost = await clinic.person("李雷的新手机", phone="13700000000")
    number = await forgot(lost)
    await lost.send("/register")
    await lost.press("医生")
    await lost.press("我同意")
    await wang.send(f"/reset {number}")
    await wang.press("已核实，确认")
    await lost.expect("请用 /forgot 设置新密码")
    await lost.send("/forgot")
    await lost.press("放弃")
    assert "请设置新密码" in lost.screen
    clinic.clock.advance(minutes=30)
    await lost.send(NEW)
    await lost.send(NEW)
    assert "这次申请已失效，密码没有改动" in lost.screen
    await lost.send("/me")
    assert "请先登录" in lost.screen


async def test_who_logged_in_meanwhile_is_told_and_not_asked(clinic: Clinic, wang: Chat, li: Chat) -> None:
    lost = await clinic.person("李雷的新手机", phone="13700000000")
    number = await forgot(lost)
    await log_in(lost)
    await wang.send(f"/reset {number}")
    await wang.press("已核实，确认")
    await lost.expect("请用 /forgot 设置新密码")
    await lost.send("this is no password")
    assert "现在不需要输入密码" in lost.screen
    await lost.send("/forgot")
    await lost.press("退出登录并继续")
    assert "请设置新密码" in lost.screen


@pytest.mark.slow
async def test_who_blocked_the_bot_meanwhile_finds_the_question_by_the_command(
    clinic: Clinic, wang: Chat, li: Chat
) -> None:
    lost = await clinic.person("李雷的新手机", phone="13700000000")
    number = await forgot(lost)
    await lost.block()
    await wang.send(f"/reset {number}")
    await wang.press("已核实，确认")
    await lost.unblock()
    await lost.send("/forgot")
    assert "请设置新密码" in lost.screen
    await lost.send(NEW)
    assert "新密码已设好，您已登录" in lost.screen


@pytest.mark.slow
async def test_a_chat_that_was_asked_goes_on_being_asked_whatever_else_is_pressed(
    clinic: Clinic, wang: Chat, li: Chat
) -> None:
    lost = await clinic.person("李雷的新手机", phone="13700000000")
    number = await forgot(lost)
    menu = lost.last
    await wang.send(f"/reset {number}")
    await wang.press("已核实，确认")
    await lost.expect("请设置新密码")
    await lost.press_on(menu, "注册")
    assert "这个按钮过期了" in lost.alerts[-1]
    assert "请设置新密码" in lost.screen
    clinic.clock.advance(minutes=16)
    late = await lost.send(NEW)
    assert late.deleted
    assert "隔得有点久" in lost.screen
    await lost.send(NEW)
    assert "新密码已设好，您已登录" in lost.screen


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["cut", "cut_after"])
async def test_a_question_that_was_cut_off_on_its_way_is_asked_again(
    clinic: Clinic, wang: Chat, li: Chat, fault: str
) -> None:
    await li.send("/logout")  # nobody else is told anything
    lost = await clinic.person("李雷的新手机", phone="13700000000")
    await wang.send(f"/reset {await forgot(lost)}")
    await clinic.sandbox.fail(fault, "sendMessage")
    await wang.press("已核实，确认")
    clinic.clock.advance(seconds=5)
    await clinic.app.idle()
    await lost.refresh()
    assert lost.screen.startswith("工作人员已核实您的申请")
    await lost.send(NEW)
    assert "新密码已设好，您已登录" in lost.screen


@pytest.mark.slow
async def test_who_guesses_numbers_waits(clinic: Clinic, wang: Chat) -> None:
    for _ in range(5):
        await wang.send("/reset 000000")
        assert "没有这个编号" in wang.screen
    await wang.send("/reset 000000")
    assert "输错的编号太多。请等待 15 秒再试" in wang.screen


async def test_between_the_number_and_the_password_the_bot_may_stop(
    bot_settings: Settings, server: Served, clock: SetClock
) -> None:
    async with running(bot_settings, server, clock) as clinic:
        wang = await admin(clinic)
        await register(await clinic.person("李雷", phone="13812345678"), name="李雷")
        lost = await clinic.person("李雷的新手机", phone="13700000000")
        await wang.send(f"/reset {await forgot(lost)}")
    async with running(bot_settings, server, clock) as clinic:
        wang, lost = [each for each in await clinic.sandbox.people() if each.id in (wang.id, lost.id)]
        await wang.press("已核实，确认")
        await lost.expect("请设置新密码")
    async with running(bot_settings, server, clock) as clinic:
        lost = next(each for each in await clinic.sandbox.people() if each.id == lost.id)
        await lost.send(NEW)
        assert "新密码已设好，您已登录" in lost.screen


async def test_whether_there_is_an_account_only_the_admin_reads(clinic: Clinic, wang: Chat, li: Chat) -> None:
    said = []
    for person, phone in (("甲", "13812345678"), ("乙", "13799999999")):
        chat = await clinic.person(person, phone="13700000000")
        number = await forgot(chat, phone)
        said.append(chat.transcript().replace(number, "").replace(phone, "").replace(person, ""))
    assert said[0] == said[1]
    await wang.send(f"/reset {number}")
    assert "对方填写的账号不存在" in wang.screen
    await wang.send("/reset 000000")
    assert "没有这个编号" in wang.screen
    await wang.send("/reset P2")
    assert "申请编号是 6 位字母和数字" in wang.screen


@pytest.mark.slow
async def test_an_account_that_lost_its_phone_is_named_by_its_number(clinic: Clinic, wang: Chat) -> None:
    lost = await clinic.person("李雷", phone="13700000000")
    await lost.send("/register")
    await lost.press("患者")
    await lost.press("我同意")
    await lost.send("13812345678")
    await lost.send("李雷")
    for _ in range(3):
        await lost.press("跳过")
    await lost.press("下一步：设置密码")
    await lost.send(PASSWORD)
    await register(await clinic.person("真机主", phone="13812345678"), name="真机主")
    await lost.expect("手机号已由他人验证并使用")
    await wang.send(f"/reset {await forgot(lost, 'p2')}")
    assert f"账号：P2 {FSI}李雷{PDI}" in wang.screen
    assert "手机号：未填写" in wang.screen
    await wang.press("已核实，确认")
    await lost.expect("请设置新密码")
    await lost.send(NEW)
    assert "您已登录：李雷（患者）" in lost.screen


@pytest.mark.slow
async def test_of_two_admins_at_once_one_reads_that_it_is_confirmed(clinic: Clinic, wang: Chat, li: Chat) -> None:
    zhao = await admin(clinic, "13900000002", "赵敏")
    lost = await clinic.person("李雷的新手机", phone="13700000000")
    number = await forgot(lost)
    for chat in (wang, zhao):
        await chat.send(f"/reset {number}")
    await asyncio.gather(*(chat.press("已核实，确认") for chat in (wang, zhao)))
    assert sorted("已确认：P2" in chat.screen for chat in (wang, zhao)) == [False, True]
    assert sorted("已经确认过了" in chat.screen for chat in (wang, zhao)) == [False, True]


@pytest.mark.slow
async def test_staff_are_sent_to_who_looks_after_the_server(clinic: Clinic) -> None:
    chat = await clinic.person()
    await chat.send("/forgot")
    await chat.press("工作人员")
    assert "工作人员的密码由系统管理员" in chat.screen
    assert "要找回哪种账号的密码" in chat.screen


@pytest.mark.slow
async def test_in_english_it_reads_as_well(clinic: Clinic, wang: Chat, li: Chat) -> None:
    ann = await clinic.person("Ann", language="en", phone="13700000000")
    await ann.send("/forgot")
    await ann.press("Doctor")
    await ann.send("dr_ann")
    assert "(good for 30 minutes)" in ann.visible[-2].text
    await ann.send("/forgot")
    await ann.press("Ask anew")
    await ann.press("Patient")
    await ann.send("dr_ann")
    assert "I cannot tell which account that is" in ann.visible[-1].text
    await ann.send("13812345678")
    number = re.search("request number: (.{6})", ann.visible[-2].text)
    assert number is not None
    await wang.send(f"/reset {number[1]}")
    await wang.press("已核实，确认")
    await ann.expect("The clinic has confirmed your request.")
    await ann.send(NEW)
    assert "Your new password is set" in ann.screen


async def test_a_new_phone_by_ones_own_contact(clinic: Clinic, wang: Chat) -> None:
    li = await clinic.person("李雷", phone="13912345678")
    await li.send("/register")
    await li.press("患者")
    await li.press("我同意")
    await li.send("13812345678")
    await li.send("李雷")
    for _ in range(3):
        await li.press("跳过")
    await li.press("下一步：设置密码")
    await li.send(PASSWORD)
    other = await clinic.person("旧手机", phone="13700000000")
    await log_in(other)
    await li.send("/start")
    await li.press("更换手机号")
    assert "一共 2 步" in li.screen
    await li.send(PASSWORD)
    assert "（2/2）新手机号是" in li.screen
    await li.send("13812345678")
    assert "这就是您现在的手机号" in li.screen
    await li.send("1381234567")
    assert "号码只有 10 位" in li.screen
    await li.share_contact()
    assert "手机号已换成 13912345678" in li.screen
    assert li.keyboard == []
    await other.expect("您账号的手机号已更换")
    await li.send("/me")
    assert "手机号：13912345678（已验证）" in li.screen


async def test_a_new_phone_that_was_typed_is_confirmed_by_an_admin(clinic: Clinic, wang: Chat, li: Chat) -> None:
    await li.send("/phone")
    await li.send(PASSWORD)
    await li.send("13900000009")
    number = shown_number(li)
    assert "手机号就换成 13900000009" in li.visible[-2].text
    await wang.send(f"/reset {number}")
    assert "申请：手机号换成 13900000009" in wang.screen
    await wang.press("已核实，确认")
    assert "手机号已换成 13900000009" in wang.screen
    await li.expect("您账号的手机号已更换")
    await li.send("/me")
    assert "手机号：13900000009（未验证）" in li.screen


async def test_a_number_of_another_account_is_refused_with_the_ways_on(clinic: Clinic, wang: Chat, li: Chat) -> None:
    han = await clinic.person("韩梅梅", phone="13912345678")
    await register(han, name="韩梅梅")
    await li.send("/phone")
    await li.send(PASSWORD)
    await li.send("13912345678")
    assert "这个手机号已有账号" in li.screen
    assert "/login" in li.screen
    assert "/forgot" in li.screen
    assert li.keyboard == ["发送我的手机号", "返回", "取消"]


async def test_who_is_signed_in_leaves_the_account_first_and_is_then_asked(li: Chat) -> None:
    await li.send("/forgot")
    await li.press("退出登录并继续")
    assert "要找回哪种账号的密码" in li.screen


@pytest.mark.slow
async def test_a_patients_forged_confirmation_does_nothing(clinic: Clinic, wang: Chat, li: Chat) -> None:
    lost = await clinic.person("李雷的新手机", phone="13700000000")
    number = await forgot(lost)
    await li.send(f"/reset {number}")
    assert "您的账号没有这项权限" in li.screen
    await li.send("/start")
    revision = li.last.rows[0][0]["callback_data"].split(":")[1]
    await press_forged(li, f"reset:{revision}:next")
    await press_forged(li, f"forgot:{revision}:again")
    await lost.send("/forgot")
    assert "在等工作人员确认" in lost.screen
