"""`/erase` and `/privacy`: what goes and what stays is said before; then it is gone, everywhere."""

import pytest

from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone
from sandbox.client import Chat
from tests.bot.conftest import PASSWORD, Clinic, register
from tests.bot.test_login import log_in


@pytest.fixture
async def li(clinic: Clinic) -> Chat:
    """A patient, logged in."""
    chat = await clinic.person(phone="13812345678")
    await register(chat)
    return chat


async def write_history(chat: Chat, text: str) -> None:
    await chat.send("/profile")
    await chat.press("既往病史")
    if "您同意吗" in chat.screen:
        await chat.press("我同意")
    await chat.send(text)
    await chat.press("写完了")
    await chat.press("保存，留着消息")


async def test_the_password_then_a_last_look_and_all_is_gone_and_the_phone_is_free_again(
    clinic: Clinic, li: Chat
) -> None:
    other = await clinic.person("新手机", phone="13700000000")
    await log_in(other)
    await other.send("/profile")
    await other.press("住址")
    await other.send("北京市朝阳区")

    await li.send("/start")
    await li.press("删除账号")
    assert "一共 2 步" in li.screen
    assert "/export" in li.screen
    await li.send("not my password")
    assert "密码不对，没有改动任何内容" in li.screen
    await li.send(PASSWORD)
    assert "（2/2）真的要删除账号吗？删除后无法找回。" in li.screen
    for said in ("会清除：资料、病史、照片", "会保留：不带姓名的操作和审核记录"):
        assert said in li.screen
    await li.send("好")
    assert "请点“删除我的账号”，或者取消。" in li.screen
    await li.press("取消")
    await li.send("/me")
    assert "王小明" in li.screen

    await li.send("/erase")
    await li.send(PASSWORD)
    await li.press("删除我的账号")
    assert "您的账号已删除，资料已清除。" in li.screen
    assert "您想做什么" in li.screen
    assert li.buttons[:2] == ["注册", "登录"]
    await other.expect("您在本院的账号已按账号主人的要求删除")
    await other.send("/me")
    assert "请先登录" in other.screen
    assert "北京" not in other.screen
    await other.press("患者")
    await other.send("13812345678")
    await other.send(PASSWORD)
    assert "账号或密码不对" in other.screen

    await register(li, name="王大明")
    assert "您已登录：王大明（患者）" in li.screen
    await li.send("/sessions")
    assert "您的账号现在登录在 1 处" in li.screen


async def test_in_english_the_last_admin_reads_at_once_why_not_and_one_of_two_can_go(clinic: Clinic) -> None:
    core = clinic.app.core
    hashed = await core.passwords.hash(Password(PASSWORD))

    async def make(phone: str) -> None:
        async with clinic.app.database.write() as conn:
            uow = UnitOfWork(conn, clinic.clock(), Channel.CLI)
            await core.accounts.create_admin(uow, phone=Phone(phone), name=PersonName("Ann"), password_hash=hashed)

    await make("13600000001")
    ann = await clinic.person("Ann", language="en", phone="13600000001")
    await ann.send("/login")
    await ann.press("Staff")
    await ann.send("13600000001")
    await ann.send(PASSWORD)
    await ann.press("I agree")
    await ann.send("/erase")
    assert "last active admin" in ann.screen
    await make("13600000002")
    await ann.send("/erase")
    assert "takes 2 steps" in ann.screen
    await ann.send(PASSWORD)
    assert "(2/2) Really erase your account?" in ann.screen
    await ann.press("Erase my account")
    assert "Your account is erased, and your data with it." in ann.screen
    await ann.send("/erase")
    assert "log in" in ann.screen


async def test_privacy_shows_what_was_agreed_to_and_takes_back_the_consent_to_health_data(
    clinic: Clinic, li: Chat
) -> None:
    await li.send("/privacy")
    assert "您同意过：隐私说明（第 1 版）" in li.screen
    assert "健康" not in li.screen.partition("您同意过")[2]
    assert li.buttons == ["删除账号", "菜单"]
    await write_history(li, "2019 年阑尾炎")
    await li.send("/privacy")
    assert "您同意过：保存健康信息（第 1 版）" in li.screen
    await li.press("撤回健康信息的同意")
    assert "马上清除您的既往病史" in li.screen
    await li.press("返回")
    assert "您同意过：保存健康信息" in li.screen
    await li.press("撤回健康信息的同意")
    await li.press("撤回并清除")
    assert "已撤回同意，既往病史已清除。" in li.screen
    assert "您同意过：保存健康信息" not in li.screen
    await write_history(li, "2020 年骨折")  # asks for the consent anew
    await li.send("/privacy")
    assert "您同意过：保存健康信息" in li.screen
    await li.press("删除账号")
    assert "一共 2 步" in li.screen
