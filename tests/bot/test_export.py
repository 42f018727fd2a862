"""`/export`: all that is kept about oneself, as a file in the chat, for a day (SECURITY.md Privacy)."""

import io
import json
from zipfile import ZipFile

from core.photos import PhotoKind, new_name
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from sandbox.client.message import Message
from tests.bot.conftest import PASSWORD, Clinic
from tests.pictures import certificate, held, opened, png


def files(chat: Chat) -> list[Message]:
    """The files that the bot has sent, as long as they are there."""
    return [message for message in chat.visible if message.media and message.media["kind"] == "document"]


async def register_doctor(chat: Chat, *, name: str = "王医生") -> None:
    await chat.send("/register")
    await chat.press("医生")
    await chat.press("我同意")
    await chat.share_contact()
    await chat.send(name)
    for _ in range(3):
        await chat.press("跳过")
    await chat.press("下一步：设置密码")
    await chat.send(PASSWORD)


async def send_certificate(clinic: Clinic, chat: Chat, *photos: bytes) -> str:
    """An attempt with these photos, as the doctor's dialog makes it; its number."""
    core = clinic.app.core
    taken = [await core.photos.take(io.BytesIO(content)) for content in photos]
    stored = [await core.photos.keep(new_name(PhotoKind.CERTIFICATE), photo) for photo in taken]
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.BOT)
        signed = (await core.sessions.of_people(uow, [chat.id]))[chat.id]
        return (await core.certificates.submit(uow, signed, stored)).number


async def test_a_doctor_gets_all_that_is_kept_as_a_file_which_goes_after_a_day(clinic: Clinic) -> None:
    wang = await clinic.person("王", phone="13900000001")
    await register_doctor(wang)
    number = await send_certificate(clinic, wang, held(6), png(certificate(text="second")))

    await wang.send("/start")
    await wang.press("导出我的资料")
    assert "（1/1）请输入现在的密码" in wang.screen
    assert "24 小时后我会删除文件消息" in wang.screen
    typed = [await wang.send("not my password")]
    assert "密码不对" in wang.screen
    await clinic.sandbox.fail("slow", "sendDocument", seconds=0.5)
    typed.append(await wang.send(PASSWORD, wait=False))
    await wang.expect("正在发送文件：第 1 个，共 1 个")
    await wang.send("/me", wait=False)  # other things are answered meanwhile
    await wang.expect("您的账号 D1")
    await wang.send("/export", wait=False)
    await wang.expect("您的资料正在准备")
    await wang.send("/start")
    progress = await wang.expect("您的资料已经发给您，共 1 个文件")
    assert progress.edited
    assert all(message.deleted for message in wang.messages if message.id in {each.id for each in typed})

    [file] = files(wang)
    assert "24 小时后我会删除这条消息" in file.text
    assert file.media
    assert file.media["file_name"] == "my-data-2026-03-01.zip"
    with ZipFile(io.BytesIO(await wang.save(file))) as export:
        photos = [f"photos/{number}-1.jpg", f"photos/{number}-2.png"]
        assert export.namelist() == ["说明.txt", "data.json", "audit.json", *photos]
        readme = export.read("说明.txt").decode("utf-8-sig")
        assert readme.startswith("王医生（D1）的资料\n仁和诊所，2026-03-01 12:00")
        data = json.loads(export.read("data.json"))
        assert data["account"]["phone"] == "13900000001"
        [attempt] = data["certificates"]
        assert (attempt["number"], [photo["file"] for photo in attempt["photos"]]) == (number, photos)
        assert opened(export.read(photos[0])).size == (120, 80)  # upright, as it was taken
        trail = json.loads(export.read("audit.json"))
        assert {"注册", "提交证件", "要求导出资料"} <= {entry["what"] for entry in trail}
        assert {entry["by"] for entry in trail} <= {"本人", "聊天中，未登录"}

    clinic.clock.advance(hours=23, minutes=59)
    await wang.send("/me")
    assert files(wang)
    clinic.clock.advance(minutes=2)
    await wang.send("/me")
    assert not files(wang)
