"""The review in the chat: the queue, an attempt with its images, decisions, what the doctor reads (REVIEW.md)."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.jobs.review import review
from core.jobs.scheduler import Job
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from storage import chats
from tests.bot.conftest import Clinic
from tests.bot.test_admins import admin
from tests.bot.test_certificate import photo
from tests.bot.test_profile import doctor
from tests.bot.test_sessions import press_forged


async def send(chat: Chat, *texts: str) -> str:
    """Sends a certificate of photos that show these texts; its number."""
    await chat.send("/certificate")
    await chat.press("提交证件")
    for text in texts or ("certificate",):
        await chat.send_photo(photo(text))
    await chat.press("发完了")
    await chat.press("提交审核")
    return next(word for word in chat.screen.replace("（", " ").replace("）", " ").split() if word.startswith("C-"))


async def tick(clinic: Clinic, name: str) -> None:
    """The clock comes round to one of the review's jobs."""
    job = next(job for job in review(clinic.app.core) if job.name == name)
    assert isinstance(job, Job)
    async with clinic.app.database.write() as conn:
        await job.act(UnitOfWork(conn, clinic.clock(), Channel.JOB))


@pytest.fixture
async def wang(clinic: Clinic) -> Chat:
    """A doctor, logged in."""
    return await doctor(clinic)


@pytest.fixture
async def chen(clinic: Clinic) -> Chat:
    """An admin, logged in."""
    return await admin(clinic, "13900000001", "陈芳")


@pytest.fixture
async def zhao(clinic: Clinic) -> Chat:
    """Another one."""
    return await admin(clinic, "13900000002", "赵敏")


def images(chat: Chat) -> list[bool]:
    """The photos in the chat, and whether each is gone."""
    return [message.deleted for message in chat.messages if message.media]


async def test_the_queue_says_you_to_who_has_an_attempt_open(clinic: Clinic, wang: Chat, chen: Chat) -> None:
    number = await send(wang, "page one")
    await chen.send(f"/review {number}")
    await chen.send("/queue")
    assert f"1. {number} \u2068王医生\u2069，2026-03-01 12:00 起，您正在审核" in chen.screen


async def test_an_attempt_from_the_queue_to_the_doctors_news(
    clinic: Clinic, wang: Chat, chen: Chat, zhao: Chat
) -> None:
    number = await send(wang, "page one", "page two")
    await chen.send("/queue")
    assert f"1. {number} \u2068王医生\u2069，2026-03-01 12:00 起，待审核" in chen.screen
    await chen.press(number)
    assert "由您审核，保留到 2026-03-01 12:30" in chen.screen
    assert "手机号：13700000001（未验证）" in chen.screen
    card = chen.last
    assert [(m.protected, m.spoiler) for m in chen.visible if m.media] == [(True, True)] * 2

    await zhao.send("/queue")
    assert "A2 正在审核" in zhao.screen
    await zhao.press(number)
    assert "A2 正在审核这份，保留到 2026-03-01 12:30" in zhao.screen
    assert images(zhao) == []

    await chen.press("通过…")
    assert "请再看一眼，然后确认" in chen.screen
    assert chen.buttons == ["确认通过", "改有效期到", "返回", "取消"]
    await chen.press("改有效期到")
    await chen.send("2020年1月1日")
    assert "这一天要在今天以后" in chen.screen
    await chen.send("2028年12月31日")
    await chen.press("确认通过")
    assert f"{number}：已通过，医生会收到通知。" in chen.screen
    assert "现在没有等待审核的证件" in chen.screen
    assert images(chen) == [True, True]
    assert f"{number} \u2068王医生\u2069\n已通过（A2，2026-03-01 12:00）。" in await text_of(chen, card.id)

    await wang.expect(f"您的证件 {number} 已通过审核，有效期到 2028-12-31")
    await wang.send("/certificate")
    assert "已通过" in wang.screen
    assert "A2" not in wang.transcript()


async def test_a_refusal_by_reasons_says_what_to_mend(clinic: Clinic, wang: Chat, chen: Chat) -> None:
    number = await send(wang)
    await chen.send(f"/review {number.lower().replace('-', ' ')}")
    await chen.press("不通过…")
    assert "是什么原因？可以选几项" in chen.screen
    assert "1. 照片模糊" in chen.screen
    await chen.press("1")
    await chen.press("3")
    assert "1. 照片模糊（已选）" in chen.screen
    await chen.press("1 ✓")
    await chen.send("照片模糊，8")
    assert chen.screen.count("（已选）") == 3
    await chen.press("下一页")
    assert "9. 姓名不一致" in chen.screen
    await chen.press("选好了（3 项）")
    assert "还要对医生说什么吗？" in chen.screen
    await chen.send("请把证件平放再拍。")
    await chen.press("跳过")
    assert "原因：照片模糊、四角没有拍全、不是要求的证件" in chen.screen
    await chen.press("确认不通过")
    told = await wang.expect("需要重新提交")
    assert "照片模糊，看不清字。请在亮处拿稳手机" in told.text
    assert "审核人员的说明：\u2068请把证件平放再拍。\u2069" in told.text
    assert "您还可以提交 4 次" in told.text
    await wang.send("/sessions")
    assert "审核人员的说明：\u2068请把证件平放再拍。\u2069" in wang.screen


async def test_everything_in_one_line(clinic: Clinic, wang: Chat, chen: Chat, zhao: Chat) -> None:
    number = await send(wang)
    await chen.send(f"/approve {number}")
    assert "请先看照片，再点“通过”" in chen.screen
    await chen.send(f"/approve {number} 2028-12-31")
    assert f"{number}：已通过" in chen.screen
    await zhao.send(f"/reject {number} BLR")
    assert "A2 已在 2026-03-01 12:00 作了决定" in zhao.screen
    await zhao.send(f"/revoke {number} NOT 请联系我们 // 登记机构来电确认")
    assert "原因：官方查询不到" in zhao.screen
    await zhao.press("确认撤销")
    await wang.expect("您的医生认证")
    await chen.expect(f"A3 撤销了 {number} 的认证")
    await zhao.send(f"/history {number}")
    assert "恢复认证…" not in zhao.buttons
    await chen.send(f"/history {number}")
    assert "备注：\u2068登记机构来电确认\u2069" in chen.screen
    await chen.press("恢复认证…")
    await chen.press("恢复认证")
    await wang.expect("已恢复，不需要您做什么")

    await chen.send(f"/release {number}")
    assert "这份证件不在您手上" in chen.screen
    await chen.send("/reject C-000000 BLR")
    assert "没有这个编号的证件" in chen.screen
    await chen.send("/review D1")
    assert "这是账号，不是证件编号" in chen.screen
    for command in ("/revoke A2", "/reopen D1"):
        await chen.send(command)
        assert "这是账号，不是证件编号" in chen.screen
    await chen.send("/history A2")
    assert "这不是医生的账号" in chen.screen
    await chen.send(f"/reject {number} XYZ")
    assert "没有 XYZ 这个原因代码" in chen.screen


@pytest.mark.slow
async def test_a_number_typed_with_many_spaces_leads_through_the_history_as_well(wang: Chat, chen: Chat) -> None:
    number = await send(wang)
    await chen.send(f"/reject {number} BLR")
    newer = await send(wang, "once more")
    await chen.send(f"/history D{' ' * 60}1")
    assert newer in chen.screen
    await chen.press("较早的一份")
    assert number in chen.screen


@pytest.mark.slow
async def test_a_photo_that_cannot_be_read_is_missed_aloud(clinic: Clinic, wang: Chat, chen: Chat) -> None:
    number = await send(wang, "first", "second")
    kept = [path for path in Path(clinic.app.settings.storage.photos_url).rglob("*") if path.is_file()]
    kept[0].write_bytes(b"damaged")
    await chen.send(f"/review {number}")
    assert images(chen) == [False]
    assert any("有的照片现在打不开，没有显示" in message.text for message in chen.visible)
    assert "通过…" in chen.buttons


@pytest.mark.slow
async def test_a_claim_ends_by_itself_and_its_images_go(clinic: Clinic, wang: Chat, chen: Chat) -> None:
    number = await send(wang)
    await chen.send(f"/review {number}")
    card = chen.last
    clinic.clock.now += timedelta(minutes=30)
    await tick(clinic, "end_claims")
    await clinic.app.idle()
    await chen.refresh()
    assert images(chen) == [True]
    assert "待审核。" in await text_of(chen, card.id)
    await chen.press_on(card, "通过…")
    await chen.press("确认通过")
    assert "这份证件的状态刚刚变了" in chen.screen


@pytest.mark.slow
async def test_forged_and_late_presses_decide_nothing(clinic: Clinic, wang: Chat, chen: Chat, zhao: Chat) -> None:
    number = await send(wang)
    await chen.send(f"/review {number}")
    await zhao.send("/queue")
    for forged in (f"agreed.{number}.2", f"release.{number}.2", f"undone.{number}.2", f"send_back.{number}.2"):
        await press_forged(zhao, f"menu:{await revision(clinic, zhao)}:review:{forged}")
    for odd in ("approve", "nonsense", "approve.x.y.z", "open.", "undone.C-000000.1"):
        await press_forged(zhao, f"menu:{await revision(clinic, zhao)}:review:{odd}")
    await press_forged(wang, f"menu:{await revision(clinic, wang)}:review:approve.{number}.2")
    assert "没有这项权限" in wang.screen or "不适用" in wang.screen
    await chen.press("通过…")
    await chen.press("确认通过")
    assert f"{number}：已通过" in chen.screen


@pytest.mark.slow
async def test_a_doctor_who_has_blocked_the_bot_is_told_of_to_the_admin(clinic: Clinic, wang: Chat, chen: Chat) -> None:
    number = await send(wang)
    await chen.send(f"/review {number}")
    await wang.block()
    await chen.press("放回队列")
    assert f"{number}：已放回队列" in chen.screen
    await chen.send(f"/reject {number} BLR")
    await chen.expect(f"{number} 的医生收不到我们的消息")


async def revision(clinic: Clinic, chat: Chat) -> int:
    """The number that buttons of the present screen carry."""
    async with clinic.app.database.read() as conn:
        return (await chats.get(conn, [chat.id]))[chat.id].revision


async def text_of(chat: Chat, message_id: int) -> str:
    """What a message says now."""
    await chat.refresh()
    return next(message.text for message in chat.messages if message.id == message_id)
