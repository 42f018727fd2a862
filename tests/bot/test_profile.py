"""`/profile`: what one has told of oneself, changed a field at a time (DIALOGS.md, rules 6-14, 18, 19, 23, 25, 27)."""

import asyncio

import pytest
from sqlalchemy import text

from core.profile_values import PlaceName
from core.profiles import PARSERS, Field
from core.sessions import EndReason
from core.settings import Settings
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from sandbox.server import Served
from storage.reference import Place
from tests.bot.conftest import PASSWORD, Clinic, register, running
from tests.bot.test_sessions import data_of, press_forged
from tests.conftest import SetClock


@pytest.fixture
async def li(clinic: Clinic) -> Chat:
    """A patient, logged in."""
    chat = await clinic.person(phone="13812345678")
    await register(chat)
    return chat


@pytest.fixture
async def wang(clinic: Clinic) -> Chat:
    """A doctor, logged in."""
    return await doctor(clinic)


async def doctor(clinic: Clinic, phone: str = "13700000001", *, language: str = "zh-hans") -> Chat:
    """A doctor who registered in their client's language, with nothing that is optional."""
    chat = await clinic.person("王医生", phone=phone, language=language)
    zh = language.startswith("zh")
    await chat.send("/register")
    await chat.press("医生" if zh else "Doctor")
    await chat.press("我同意" if zh else "I agree")
    await chat.send(phone)
    await chat.send("王医生")
    for _ in range(3):
        await chat.press("跳过" if zh else "Skip")
    await chat.press("下一步：设置密码" if zh else "Next: set a password")
    await chat.send(PASSWORD)
    return chat


async def write_elsewhere(clinic: Clinic, number: str, **values: str) -> None:
    """What the account's owner changes over HTTP meanwhile."""
    core = clinic.app.core
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.HTTP)
        issued = await core.sessions.open_over_http(uow, await core.accounts.find(uow, number))
        signed = await core.sessions.authenticate(uow, issued.access_token)
        changes = {Field(name): PARSERS[Field(name)](value) for name, value in values.items()}
        await core.profiles.change(uow, signed, signed.role, changes)


async def hospitals(clinic: Clinic, *names: str) -> None:
    """Hospitals that the operator imported, numbered from 1."""
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.CLI)
        places = {number: PlaceName(name) for number, name in enumerate(names, start=1)}
        await clinic.app.core.places.save(uow, Place.HOSPITAL, places)


async def end_all(clinic: Clinic, number: str) -> None:
    """Ends every login of an account, as a change of its password elsewhere does."""
    core = clinic.app.core
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.HTTP)
        await core.sessions.end_all(uow, await core.accounts.find(uow, number), EndReason.PASSWORD_CHANGED)


async def test_a_patient_sees_what_stands_and_changes_it_field_by_field(li: Chat) -> None:
    await li.send("/start")
    await li.press("我的资料")
    for line in ("姓名：王小明", "性别：保密", "出生日期：未填写", "住址：未填写"):
        assert line in li.screen
    assert li.buttons == ["姓名", "性别", "出生日期", "住址", "既往病史", "头像", "菜单"]

    await li.press("住址")
    assert "一共 2 步" in li.screen
    assert "（1/2，选填）您的住址是？" in li.screen
    await li.send("北京市朝阳区 <b>和平路</b> 18 号\n3 单元")
    assert "住址：北京市朝阳区 <b>和平路</b> 18 号\n3 单元" in li.screen
    assert li.buttons == ["保存", "改住址", "返回", "取消"]
    await li.press("保存")
    assert "好的，已保存。" in li.screen
    assert "住址：北京市朝阳区 <b>和平路</b> 18 号\n3 单元" in li.screen

    await li.press("住址")
    assert "现在是：北京市朝阳区" in li.screen
    assert li.buttons == ["不改", "清除", "返回", "取消"]
    await li.press("清除")
    assert "住址：未填写" in li.screen
    await li.press("保存")
    assert "住址：未填写" in li.screen
    assert "住址" in li.buttons


async def test_keep_skip_and_back_lead_to_the_list_with_nothing_changed(li: Chat) -> None:
    await li.send("/profile")
    await li.press("姓名")
    assert li.buttons == ["不改", "返回", "取消"]  # a name cannot be erased
    await li.press("不改")
    assert "这是您的资料" in li.screen
    await li.press("姓名")
    await li.send("王大明")
    await li.press("返回")
    assert "目前的回答：王大明" in li.screen
    await li.send("返回")  # typed, it is the button
    assert "姓名：王小明" in li.screen
    await li.press("住址")
    assert li.buttons == ["跳过", "返回", "取消"]
    await li.press("跳过")
    assert "住址：未填写" in li.screen


async def test_cancel_says_that_what_was_saved_stays(li: Chat) -> None:
    await li.send("/profile")
    await li.press("性别")
    await li.press("女")
    await li.send("/cancel")
    assert "刚才的内容没有保存，原来保存的没有改动" in li.screen
    await li.send("/profile")
    assert "性别：保密" in li.screen


async def test_a_wrong_answer_is_explained_and_the_help_grows(li: Chat) -> None:
    await li.send("/profile")
    await li.press("住址")
    await li.send("北京\u202e朝阳")
    assert "看不见的控制字符" in li.screen
    await li.send("😀" * 2000)
    assert "您写了 2000 个字，这里最多 255 个" in li.screen
    assert "写到您方便收信的程度" in li.screen
    await li.send_sticker()
    assert "这是贴纸" in li.screen
    assert "可以跳过、取消" in li.screen
    await li.send("👨‍👩‍👧‍👦" * 20)
    await li.press("保存")
    assert "👨‍👩‍👧‍👦" * 20 in li.screen


async def test_a_day_that_cannot_be_a_birthday_is_refused_at_its_question(li: Chat) -> None:
    await li.send("/profile")
    await li.press("出生日期")
    await li.send("2030年1月31日")
    assert "这一天还没有到" in li.screen
    await li.send("1990.1.31")
    await li.press("保存")
    assert "出生日期：1990-01-31" in li.screen


async def test_a_doctor_has_two_pages_and_comes_back_to_the_one_that_they_were_on(clinic: Clinic) -> None:
    ann = await doctor(clinic, language="en")
    await ann.send("/profile")
    assert "Rank: not given" in ann.screen
    await ann.press("Next page")
    await ann.press("School")
    assert "(1/2, optional) Where did you study?" in ann.screen
    await ann.send("Peking University")
    await ann.press("Save")
    assert "School: Peking University" in ann.screen
    await ann.press("Previous page")
    await ann.press("Rank")
    assert {"Resident", "Attending", "Associate chief", "Chief"} <= set(ann.buttons)
    await ann.send("副主任醫師")
    await ann.press("Save")
    assert "Rank: Associate chief" in ann.screen


async def test_a_doctor_finds_the_hospital_by_a_part_of_its_name_and_the_department_by_its_initials(
    clinic: Clinic, wang: Chat
) -> None:
    await hospitals(clinic, *(f"示例市第{number}人民医院" for number in range(1, 11)), "示例大学附属协和医院")
    await wang.send("/profile")
    await wang.press("医院")
    assert "输入名称的一部分或拼音首字母" in wang.screen
    await wang.send("没有的医院")
    assert "没有找到" in wang.screen
    await wang.send("rmyy")
    assert "8. 示例市第8人民医院" in wang.screen
    assert "9. " not in wang.screen
    assert wang.buttons == [*"12345678", "下一页", "这里没有我的", "跳过", "返回", "取消"]
    await wang.press("下一页")
    assert "1. 示例市第9人民医院\n2. 示例市第10人民医院" in wang.screen
    await wang.send("/help")  # answers, and the page is shown again
    assert "2. 示例市第10人民医院" in wang.screen
    await wang.press("这里没有我的")
    assert "请告诉 010-12345678，我们会加上" in wang.screen
    await wang.send("协和")
    await wang.send("１")
    assert "医院：示例大学附属协和医院" in wang.screen
    await wang.press("保存")
    assert "医院：示例大学附属协和医院" in wang.screen

    await wang.press("科室")
    await wang.send("xewk")
    await wang.press("1")
    await wang.press("保存")
    assert "科室：小儿外科" in wang.screen
    await wang.press("医院")
    assert "现在是：示例大学附属协和医院" in wang.screen
    await wang.press("清除")
    await wang.press("保存")
    assert "医院：未填写" in wang.screen


async def test_a_hospital_that_has_the_staff_number_already_or_vanished_is_not_taken(
    clinic: Clinic, wang: Chat
) -> None:
    await hospitals(clinic, "甲医院", "乙医院")
    other = await doctor(clinic, "13700000002")
    for chat, hospital in ((wang, "甲"), (other, "乙")):
        await chat.send("/profile")
        await chat.press("工号")
        await chat.send("DOC1")
        await chat.press("保存")
        await chat.press("医院")
        await chat.send(hospital)
        await chat.press("1")
        await chat.press("保存")
        assert f"医院：{hospital}医院" in chat.screen
    await other.press("医院")
    await other.send("甲")
    await other.press("1")
    await other.press("保存")
    assert "这家医院里已有人用这个工号" in other.screen
    await other.press("返回")
    await other.send("乙")
    await other.press("1")
    async with clinic.app.database.write() as conn:
        for statement in ("UPDATE profiles SET hospital_id = NULL", "DELETE FROM hospitals WHERE id = 2"):
            await conn.execute(text(statement))
    await other.press("保存")
    assert "这家医院已不在名单里" in other.screen
    assert "（1/2，选填）您在哪家医院工作？" in other.screen


async def test_a_staff_number_or_email_that_another_has_leads_back_to_its_question(clinic: Clinic, wang: Chat) -> None:
    other = await doctor(clinic, "13700000002")
    for chat in (wang, other):
        await chat.send("/profile")
        await chat.press("下一页")
        await chat.press("邮箱")
        await chat.send("same@example.com")
    await wang.press("保存")
    assert "邮箱：same@example.com" in wang.screen
    await other.press("保存")
    assert "这个邮箱已有账号" in other.screen
    assert "（1/2，选填）您的邮箱是？" in other.screen
    await other.send("other@example.com")
    await other.press("保存")
    assert "邮箱：other@example.com" in other.screen


async def test_an_email_that_is_the_only_way_to_log_in_can_be_changed_and_not_erased(clinic: Clinic) -> None:
    ann = await clinic.person("Ann", language="en")
    await ann.send("/register")
    await ann.press("Doctor, by e-mail")
    await ann.press("I agree")
    for answer in ("dr_ann", "ann@example.com", "2", "41"):
        await ann.send(answer)
    await ann.press("Next: set a password")
    await ann.send(PASSWORD)
    await ann.send("/profile")
    await ann.press("Next page")
    await ann.press("E-mail")
    assert "Now: ann@example.com" in ann.screen
    assert ann.buttons == ["Keep it", "Back", "Cancel"]
    await ann.send("Ann@Example.org")
    await ann.press("Save")
    assert "E-mail: Ann@example.org" in ann.screen


async def test_what_another_chat_changed_meanwhile_is_in_the_list_and_the_last_to_save_wins(
    clinic: Clinic, li: Chat
) -> None:
    await li.send("/profile")
    await li.press("住址")
    await write_elsewhere(clinic, "P1", address="上海", name="王晓明")
    await li.send("北京")
    await li.press("保存")
    assert "住址：北京" in li.screen
    assert "姓名：王晓明" in li.screen


async def test_a_double_tap_saves_once_and_an_old_button_changes_nothing(li: Chat) -> None:
    await li.send("/profile")
    listed = li.last
    await li.press("住址")
    await li.send("北京")
    review = li.last
    await asyncio.gather(*(li.press_on(review, "保存") for _ in range(3)))
    await li.refresh()
    assert "住址：北京" in li.screen
    await li.press_on(listed, "姓名")
    assert "这个按钮过期了" in li.alerts[-1]
    assert "想改哪一项" in li.screen


async def test_a_restart_in_the_middle_loses_nothing(bot_settings: Settings, server: Served, clock: SetClock) -> None:
    async with running(bot_settings, server, clock) as clinic:
        li = await clinic.person()
        await register(li)
        await li.send("/profile")
        await li.press("住址")
        await li.send("北京")
    async with running(bot_settings, server, clock) as clinic:
        (li,) = await clinic.sandbox.people()
        await li.press("保存")
        assert "住址：北京" in li.screen


async def test_the_language_can_be_changed_between_question_and_confirmation(li: Chat) -> None:
    await li.send("/profile")
    await li.press("性别")
    await li.send("/language")
    await li.press("English")
    assert "Now: Rather not say" in li.screen
    await li.send("男")
    await li.press("Save")
    assert "Sex: Male" in li.screen


async def test_rule_25_a_guest_is_led_through_log_in_to_the_list(li: Chat) -> None:
    await li.send("/logout")
    await li.send("/profile")
    assert "请先登录" in li.screen
    await log_in_here(li)
    assert "这是您的资料" in li.screen


async def test_rule_25_who_was_logged_out_in_the_middle_logs_in_and_comes_back(clinic: Clinic, li: Chat) -> None:
    await li.send("/profile")
    await li.press("住址")
    await end_all(clinic, "P1")
    await li.send("北京")
    assert "请先登录" in li.screen
    await log_in_here(li)
    assert "（1/2，选填）您的住址是" in li.screen
    await li.send("北京")
    assert "住址：北京" in li.screen


async def test_rule_25_the_way_back_is_for_the_same_account_only(clinic: Clinic, li: Chat) -> None:
    await doctor(clinic)
    await li.send("/profile")
    await li.press("住址")
    await end_all(clinic, "P1")
    await li.send("北京")
    await li.press("医生")
    await li.send("13700000001")
    await li.send(PASSWORD)
    assert "您已登录：王医生（医生）" in li.screen
    assert "这是您的资料" not in li.screen


async def test_another_command_asks_before_it_leaves_the_change(li: Chat) -> None:
    await li.send("/profile")
    await li.press("姓名")
    await li.send("王大明")
    await li.send("/profile")
    assert "还没做完" in li.screen
    await li.press("放弃")
    assert "刚才的内容没有保存，原来保存的没有改动" in li.screen
    assert "姓名：王小明" in li.screen
    await li.press("姓名")
    assert "现在是：王小明" in li.screen


async def test_a_forged_button_opens_no_field_of_another_role(wang: Chat) -> None:
    await wang.send("/profile")
    start = data_of(wang, "姓名").rpartition(":")[0]
    await press_forged(wang, f"{start}:address")
    assert "这是您的资料" in wang.screen


async def log_in_here(chat: Chat) -> None:
    """Answers the log in dialog that is open."""
    await chat.press("患者")
    await chat.send("13812345678")
    await chat.send(PASSWORD)
