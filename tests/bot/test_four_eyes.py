"""Two admins for one decision, and an approval that needs a new look, in the chat (REVIEW.md 7 and 13)."""

import pytest

from core.settings import Review, Settings
from sandbox.client import Chat
from tests.bot.conftest import Clinic
from tests.bot.test_admins import admin
from tests.bot.test_profile import doctor
from tests.bot.test_reviews import images, send, text_of

pytestmark = pytest.mark.slow


@pytest.fixture
def bot_settings(bot_settings: Settings) -> Settings:
    return bot_settings.model_copy(update={"review": Review(four_eyes=True)})


@pytest.fixture
async def wang(clinic: Clinic) -> Chat:
    """A doctor, logged in."""
    return await doctor(clinic)


async def test_what_one_proposes_another_agrees_with_or_sends_back(clinic: Clinic, wang: Chat) -> None:
    chen, zhao = await admin(clinic, "13900000001", "陈芳"), await admin(clinic, "13900000002", "赵敏")
    number = await send(wang)
    await chen.send(f"/review {number}")
    first = chen.last
    await chen.press("通过…")
    await chen.press("确认通过")
    assert f"{number}：您的意见已记下，等另一位工作人员确认" in chen.screen
    assert "A2 于" in await text_of(chen, first.id)
    await chen.send(f"/review {number}")
    assert "同意…" not in chen.buttons
    await zhao.send(f"/review {number}")
    assert "A2 建议通过，等您确认" in zhao.screen
    assert zhao.buttons[:2] == ["同意…", "不同意，退回"]
    await zhao.press("不同意，退回")
    assert f"{number}：已放回队列" in zhao.screen

    await zhao.send(f"/reject {number} NOT // 名册中没有此人")
    assert "等另一位工作人员确认" in zhao.screen
    await chen.send(f"/review {number}")
    assert "A3 建议不通过" in chen.screen
    card = chen.last
    await chen.press("同意…")
    await chen.press("同意并执行")
    assert f"{number}：未通过，医生会收到通知" in chen.screen
    assert "未通过（A2，" in await text_of(chen, card.id)
    assert all(images(chen))
    assert all(images(zhao))
    told = await wang.expect("没有通过审核")
    assert "名册" not in told.text


async def test_a_new_name_is_seen_beside_the_former_and_confirmed(clinic: Clinic, wang: Chat) -> None:
    chen, zhao = await admin(clinic, "13900000001", "陈芳"), await admin(clinic, "13900000002", "赵敏")
    number = await send(wang)
    for chat in (chen, zhao):
        await chat.send(f"/review {number}")
        await chat.send(f"/approve {number}")
    assert f"{number}：已通过" in zhao.screen
    await wang.send("/profile")
    await wang.press("姓名")
    await wang.send("王一生")
    await wang.press("保存")
    await wang.expect("您改了姓名")
    await zhao.send("/queue")
    assert "需要重新确认" in zhao.screen
    await zhao.press(number)
    assert "提交时的姓名是 \u2068王医生\u2069" in zhao.screen
    await zhao.press("确认仍有效…")
    await zhao.press("确认通过")
    await wang.expect("已再次确认")
