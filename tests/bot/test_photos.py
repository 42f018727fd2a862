"""What people send as photos, and what may go wrong with it (SECURITY.md Photos, DIALOGS rules 12, 16, 18, 20)."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import ImageFilter
from sqlalchemy import func, select

from core import picture_work
from core.photo_removals import removing
from sandbox.client import Chat
from storage.tables.erasures import photo_removals
from tests import pictures
from tests.bot.conftest import Clinic, register
from tests.bot.test_certificate import kept, photo
from tests.bot.test_profile import doctor, end_all


@pytest.fixture
async def wang(clinic: Clinic) -> Chat:
    """A doctor at the question for photos of the certificate."""
    chat = await doctor(clinic)
    await chat.send("/certificate")
    await chat.press("提交证件")
    return chat


async def sweep(clinic: Clinic) -> None:
    """The job of the bot's clock that takes photos out of the store."""
    await removing(clinic.app.core.photos).act(clinic.app.database, clinic.clock)


async def waiting(clinic: Clinic) -> int:
    """How many photos in the store no row names yet."""
    async with clinic.app.database.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(photo_removals))).scalar_one())


async def test_each_file_that_is_no_good_photo_gets_its_own_sentence_and_leaves_nothing(
    clinic: Clinic, wang: Chat
) -> None:
    for content, name, said in (
        (pictures.BAD["a HEIC"][1](), "IMG_1.HEIC", "HEIC 格式"),
        (b"%PDF-1.7\n" + bytes(100), "scan.pdf", "这是 PDF 文件"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "不是 JPEG 或 PNG 照片"),
        (pictures.jpeg()[:400], "cut.jpg", "打不开"),
        (pictures.BAD["a PNG that promises 50 megapixels"][1](), "bomb.png", "照片太大了"),
        (pictures.jpeg(pictures.page((300, 240))), "tiny.jpg", "短的一边至少 320 像素"),
    ):
        await wang.send_document(content, name)
        assert said in wang.screen, name
        assert "（1/2）请发证件照片" in wang.screen, name
    await wang.send("我的证书")
    assert "这里需要照片，不用打字" in wang.screen
    await wang.send_document(pictures.jpeg(pictures.page().filter(ImageFilter.GaussianBlur(6))), "good.jpg")
    assert "已收到 1 张" in wang.screen
    assert "有点模糊" in wang.screen
    await wang.press("重新发")
    await sweep(clinic)
    assert len(kept(clinic)) == 1  # the good one, as long as a dialog lives
    clinic.clock.advance(hours=26)
    await sweep(clinic)
    assert kept(clinic) == []
    assert await waiting(clinic) == 0


async def test_a_file_that_says_it_is_too_large_is_not_even_asked_for(clinic: Clinic, wang: Chat) -> None:
    """Else the first call to come would meet the fault that waits for it."""
    await clinic.sandbox.fail("error", "getFile", status=400, description="Bad Request: wrong file_id")
    await wang.send_document(bytes(21 * 1024 * 1024), "huge.jpg")
    assert "超过 20 MB" in wang.screen
    assert "（1/2）请发证件照片" in wang.screen
    await wang.send_photo(photo("the first that is asked for"))
    assert "取不到了，请重新发一次" in wang.screen


async def test_telegram_does_not_give_the_file_for_now_or_any_more(clinic: Clinic, wang: Chat) -> None:
    await clinic.sandbox.fail("error", "getFile", status=400, description="Bad Request: wrong file_id")
    await wang.send_photo(photo("expired"))
    assert "取不到了，请重新发一次" in wang.screen
    await clinic.sandbox.fail("cut", "getFile")
    await wang.send_photo(photo("tried again"))
    assert "已收到 1 张" in wang.screen


@pytest.mark.slow
async def test_telegram_is_away_for_long_and_the_dialog_stays(clinic: Clinic, wang: Chat) -> None:
    await clinic.sandbox.fail("error", "getFile", times=3)
    await wang.send_photo(photo("lost"))
    assert "没能从 Telegram 取下来" in wang.screen
    assert kept(clinic) == []


@pytest.mark.slow
async def test_the_store_is_full_or_away_and_the_dialog_stays(clinic: Clinic, wang: Chat) -> None:
    await wang.send_photo(photo("first"))
    folder = Path(clinic.app.settings.storage.photos_url)
    (folder / "certificate").rename(folder / "away")
    (folder / "certificate").write_bytes(b"a file where the folder was")
    await wang.send_photo(photo("second"))
    assert "照片现在存不下来" in wang.screen
    assert "已收到 1 张" in wang.screen
    (folder / "certificate").unlink()
    (folder / "away").rename(folder / "certificate")
    await wang.send_photo(photo("second"))
    assert "已收到 2 张" in wang.screen


@pytest.mark.slow
async def test_where_nothing_can_work_on_pictures_its_sender_is_told(
    clinic: Clinic, wang: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_work, "_idle", [])
    with monkeypatch.context() as without:
        without.setattr(sys, "executable", "/bin/false")
        await wang.send_photo(photo("first"))
        assert "照片现在存不下来" in wang.screen
    assert kept(clinic) == []
    await wang.send_photo(photo("first"))
    assert "已收到 1 张" in wang.screen


@pytest.mark.slow
async def test_whose_login_was_ended_while_a_photo_came_loses_nothing_but_it(clinic: Clinic, wang: Chat) -> None:
    await wang.send_photo(photo("first"))
    await end_all(clinic, "D1")
    await wang.send_photo(photo("second"))
    assert "登录" in wang.screen
    clinic.clock.advance(hours=26)
    await sweep(clinic)
    assert kept(clinic) == []


async def test_photos_that_were_submitted_stay(clinic: Clinic, wang: Chat) -> None:
    await wang.send_album([photo("one"), photo("two")])
    await wang.press("发完了")
    await wang.press("提交审核")
    clinic.clock.advance(hours=30)
    await sweep(clinic)
    assert len(kept(clinic)) == 2
    assert await waiting(clinic) == 0


@pytest.mark.slow
async def test_a_photo_that_waited_too_long_is_asked_for_anew(clinic: Clinic, wang: Chat) -> None:
    await wang.send_photo(photo("old"))
    await wang.press("发完了")
    async with clinic.app.database.write() as conn:
        await conn.execute(photo_removals.update().values(due_at=clinic.clock() + timedelta(seconds=30)))
    await wang.press("提交审核")
    assert "照片放得太久，已经清除" in wang.screen
    assert "已收到" not in wang.screen
    await wang.send_photo(photo("new"))
    await wang.press("发完了")
    await wang.press("提交审核")
    assert "收到了，谢谢您" in wang.screen


@pytest.mark.slow
async def test_while_large_photos_are_taken_another_person_is_answered(clinic: Clinic, wang: Chat) -> None:
    li = await clinic.person("李雷", phone="13812345678")
    await register(li)
    large = pictures.jpeg(pictures.page((4000, 3000)))
    clinic.sandbox.settled = None
    sending = [asyncio.create_task(wang.send_document(large, f"{number}.jpg", album="a")) for number in range(4)]
    answered = 0
    while not all(task.done() for task in sending):
        await li.send("/help", wait=False)
        await li.expect("/profile")
        answered += 1
    await asyncio.gather(*sending)
    await wang.expect("已收到 4 张", timeout=20)
    assert answered > 2  # counted, not timed
