"""`/profile`: what one has told of oneself, changed a field at a time."""

import pytest

from sandbox.client import Chat
from tests.bot.conftest import PASSWORD, Clinic, register


@pytest.fixture
async def li(clinic: Clinic) -> Chat:
    """A patient, logged in."""
    chat = await clinic.person(phone="13812345678")
    await register(chat)
    return chat


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


async def test_a_patient_sees_what_stands_and_changes_it_field_by_field(li: Chat) -> None:
    await li.send("/start")
    await li.press("我的资料")
    for line in ("姓名：王小明", "性别：保密", "出生日期：未填写", "住址：未填写"):
        assert line in li.screen
    assert li.buttons == ["姓名", "性别", "出生日期", "住址", "菜单"]

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


async def test_a_doctor_has_two_pages_and_comes_back_to_the_one_that_they_were_on(clinic: Clinic) -> None:
    ann = await doctor(clinic, language="en")
    await ann.send("/profile")
    assert "Rank: not given" in ann.screen
    await ann.press("Next page")
    await ann.press("School")
    await ann.send("Peking University")
    await ann.press("Save")
    assert "School: Peking University" in ann.screen
    await ann.press("Previous page")
    await ann.press("Rank")
    assert {"Resident", "Attending", "Associate chief", "Chief"} <= set(ann.buttons)
    await ann.send("副主任醫師")
    await ann.press("Save")
    assert "Rank: Associate chief" in ann.screen
