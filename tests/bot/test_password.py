"""`/password`: the present password, then the new one; and what a proof is worth."""

import pytest

from sandbox.client import Chat
from tests.bot.conftest import PASSWORD, Clinic, register

NEW = "three long new words"


@pytest.fixture
async def li(clinic: Clinic) -> Chat:
    chat = await clinic.person(phone="13812345678")
    await register(chat)
    return chat


async def test_the_present_password_and_the_new_one(clinic: Clinic, li: Chat) -> None:
    await li.send("/start")
    await li.press("修改密码")
    assert "一共 2 步" in li.screen
    assert "（1/2）请输入现在的密码" in li.screen
    typed = [await li.send("not my password"), await li.send(PASSWORD)]
    assert "（2/2）请设置新密码" in li.screen
    typed.append(await li.send(NEW))
    assert "密码已修改" in li.screen
    assert all(message.deleted for message in typed)
