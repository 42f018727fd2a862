"""The medical history: behind a consent of its own, told in several messages, shown by page (DIALOGS rule 28)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.dialog import pages
from core.audit import Action
from core.consents import ConsentKind
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from storage.tables.accounts import audit
from storage.tables.profiles import profiles
from tests import pictures
from tests.bot.conftest import Clinic, register
from tests.bot.test_sessions import data_of, press_forged

LONG = "一二三四五六七八九十" * 90 + "。"


@pytest.fixture
async def li(clinic: Clinic) -> Chat:
    """A patient, logged in, who looks at the list."""
    chat = await clinic.person()
    await register(chat)
    await chat.send("/profile")
    return chat


async def stored(clinic: Clinic) -> list[bytes | None]:
    async with clinic.app.database.read() as conn:
        return list(await conn.scalars(select(profiles.c.medical_history)))


async def test_it_is_told_after_its_own_consent_read_by_page_and_erased_with_the_consent(
    clinic: Clinic, li: Chat
) -> None:
    assert "既往病史：未填写" in li.screen
    await li.press("既往病史")
    assert "（1/3）既往病史是健康信息，需要您单独同意" in li.screen
    await li.send("不行")
    assert "请点“我同意”，或者取消" in li.screen
    await li.press("我同意")
    assert "（2/3）请写下您的既往病史" in li.screen
    assert "写完了" not in li.buttons
    sent = [await li.send(part) for part in (LONG, "对青霉素过敏 <b>!</b>", LONG)]
    assert "已收到 3 条，共 1819 个字" in li.screen
    await li.press("写完了")
    assert li.buttons == ["保存并删除消息", "保存，留着消息", "返回", "取消"]
    assert await stored(clinic) == []
    await li.press("保存并删除消息")
    await li.refresh()
    assert not {message.id for message in sent} & {message.id for message in li.visible}
    assert "已保存" in li.screen
    assert "既往病史：已填写（点开可看）" in li.screen
    (sealed,) = await stored(clinic)
    assert sealed is not None
    assert "青霉素".encode() not in sealed

    await li.press("既往病史")
    assert "第 1 页，共 2 页" in li.screen
    assert "对青霉素过敏 <b>!</b>" in li.screen
    await li.press("下一页")
    assert "第 2 页，共 2 页" in li.screen
    await li.press("撤回同意并清除")
    assert "无法找回" in li.screen
    await li.press("返回")
    assert "第 1 页" in li.screen
    await li.press("撤回同意并清除")
    await li.press("撤回并清除")
    assert "既往病史已清除" in li.screen
    assert "既往病史：未填写" in li.screen
    assert await stored(clinic) == [None]
    async with clinic.app.database.read() as conn:
        done = list(await conn.scalars(select(audit.c.action).order_by(audit.c.id)))
    assert done[-3:] == [Action.GIVE_CONSENT, Action.CHANGE_PROFILE, Action.WITHDRAW_CONSENT]


async def test_in_english_it_is_written_anew_without_asking_for_the_consent_again(li: Chat) -> None:
    await li.send("/language")
    await li.press("English")
    await li.send("/profile")
    await li.press("Medical history")
    await li.press("I agree")
    await li.send("asthma")
    await li.press("Start over")
    await li.press("I agree")
    kept = await li.send("hay fever")
    await li.send("Done")
    await li.press("Save, leave messages")
    await li.refresh()
    assert any(message.id == kept.id for message in li.visible)
    await li.press("Medical history")
    assert "hay fever" in li.screen
    assert "asthma" not in li.screen
    await li.press("Write it anew")
    assert "(1/2) Please write down your medical history" in li.screen
    await li.press("Back")
    assert "Medical history: given" in li.screen


async def test_what_is_too_much_or_no_text_is_refused_and_the_rest_is_kept(li: Chat) -> None:
    await li.press("既往病史")
    await li.press("我同意")
    await li.send("好" * 3000)
    await li.send("好" * 3000)
    assert "您写了 6001 个字，这里最多 5000 个" in li.screen
    assert "已收到 1 条，共 3000 个字" in li.screen
    await li.send_photo(pictures.png())
    assert "这是图片" in li.screen
    await li.press("写完了")
    await li.press("返回")
    await li.send("完")
    assert "已收到 2 条，共 3002 个字" in li.screen


async def test_nothing_is_saved_when_the_consent_was_withdrawn_meanwhile(clinic: Clinic, li: Chat) -> None:
    for way, said in (("我同意", "哮喘"), ("重新填写", "过敏")):
        await li.press("既往病史")
        await li.press(way)
        await li.send(said)
        await li.press("写完了")
        if said == "哮喘":
            await li.press("保存，留着消息")
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.HTTP)
        await clinic.app.core.consents.withdraw(uow, 1, ConsentKind.HEALTH)
    await li.press("保存，留着消息")
    assert "您已在别处撤回同意，所以没有保存" in li.screen
    assert await stored(clinic) == [None]


async def test_another_command_asks_before_what_was_sent_is_dropped(li: Chat) -> None:
    await li.press("既往病史")
    await li.press("我同意")
    await li.send("哮喘")
    await li.press("写完了")
    await li.press("保存，留着消息")
    await li.press("既往病史")
    await li.press("重新填写")
    await li.send("哮喘，多年")
    await li.send("/logout")
    assert "还没做完" in li.screen
    await li.press("继续")
    assert "已收到 1 条" in li.screen


async def test_a_forged_button_erases_nothing_that_is_not_there(clinic: Clinic, li: Chat) -> None:
    start = data_of(li, "姓名").rpartition(":")[0]
    await press_forged(li, f"{start}:history.erase")
    assert "既往病史：未填写" in li.screen
    assert "已清除" not in li.screen


@given(st.text(alphabet=st.sampled_from("a一。 \n👩\u200d👧🏽🇨🇳e\u0301"), min_size=1400, max_size=4000))
def test_pages_hold_all_of_a_text_and_cut_no_character(text: str) -> None:
    cut = pages.pages(text)
    assert "".join(cut) == text
    assert all(len(page) <= pages.PAGE for page in cut)
    for page in cut[1:]:
        assert page[0] not in "\u200d\u0301\U0001f3fd"
