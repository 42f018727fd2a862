"""`/certificate`: what doctors send, see and do about it (REVIEW.md, DIALOGS.md certificate, rules 12, 16, 18-24)."""

from pathlib import Path

import pytest
from sqlalchemy import select

from sandbox.client import Chat
from storage.tables.submissions import submission_files, submissions
from tests import pictures
from tests.bot.conftest import Clinic
from tests.bot.test_profile import doctor


@pytest.fixture
async def wang(clinic: Clinic) -> Chat:
    """A doctor, logged in."""
    return await doctor(clinic)


def photo(text: str, size: tuple[int, int] = (1280, 960)) -> bytes:
    """A photo that is told from others by its text."""
    return pictures.jpeg(pictures.page(size, text))


def kept(clinic: Clinic) -> list[Path]:
    """The files in the photo store."""
    return [path for path in Path(clinic.app.settings.storage.photos_url).rglob("*") if path.is_file()]


async def attempts(clinic: Clinic) -> list[tuple[str, int]]:
    """State and number of photos of each attempt."""
    async with clinic.app.database.read() as conn:
        found = []
        for row in (await conn.execute(select(submissions).order_by(submissions.c.id))).all():
            files = select(submission_files.c.path).where(submission_files.c.submission_id == row.id)
            found.append((row.state, len((await conn.execute(files)).all())))
        return found


async def test_a_doctor_sends_replaces_looks_and_withdraws(clinic: Clinic, wang: Chat) -> None:
    await wang.send("/start")
    await wang.press("我的证件")
    assert "您还没有提交证件" in wang.screen
    await wang.press("提交证件")
    assert "请准备好《医师执业证书》原件" in wang.screen
    assert "（1/2）请发证件照片，1 到 4 张" in wang.screen
    await wang.send_photo(photo("first page"))
    assert "已收到 1 张，最多 4 张" in wang.screen
    await wang.send_document(pictures.png(pictures.page((900, 1200), "second page")), "scan.png")
    assert "已收到 2 张" in wang.screen
    await wang.press("发完了")
    assert "证件：2 张照片" in wang.screen
    album = wang.visible[-3:-1]
    assert all(message.media and message.protected for message in album)
    assert len({message.album for message in album}) == 1
    await wang.press("提交审核")
    assert "收到了，谢谢您" in wang.screen
    assert "已提交，正在排队等审核" in wang.screen
    assert "一般 1 个工作日内有结果" in wang.screen
    assert wang.buttons == ["换照片", "撤回", "看照片", "菜单"]
    assert await attempts(clinic) == [("pending", 2)]

    await wang.press("换照片")
    assert "会自动撤回" in wang.screen
    await wang.send_photo(photo("better"))
    await wang.press("发完了")
    await wang.press("提交审核")
    assert await attempts(clinic) == [("withdrawn", 2), ("pending", 1)]
    await wang.press("看照片")
    assert "只有您和审核人员能看到" in wang.screen
    assert wang.visible[-2].protected
    await wang.press("返回")
    await wang.press("撤回")
    await wang.press("确定撤回")
    assert "已撤回" in wang.screen
    assert "您还没有提交证件" in wang.screen
    assert await attempts(clinic) == [("withdrawn", 2), ("withdrawn", 1)]


async def test_an_album_is_one_sending_and_has_one_answer(clinic: Clinic, wang: Chat) -> None:
    await wang.send("/certificate")
    await wang.press("提交证件")
    before = len(wang.visible)
    await wang.send_album([photo(str(page)) for page in range(3)])
    assert "已收到 3 张" in wang.screen
    assert len(wang.visible) == before + 3 + 1
    await wang.press("发完了")
    assert "3 张照片" in wang.screen
