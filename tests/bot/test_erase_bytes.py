"""After `/erase` nothing that a person told can be read anywhere: database, WAL, photo store, log (SECURITY.md)."""

from pathlib import Path

import pytest

from core.jobs.scheduler import Errand
from core.jobs.standing import standing
from core.profiles import PARSERS, Field
from core.settings import Settings
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat
from sandbox.server import Served
from tests import pictures
from tests.bot.conftest import PASSWORD, Clinic, register, running
from tests.bot.test_erase import write_history
from tests.bot.test_login import log_in
from tests.bot.test_profile import doctor
from tests.conftest import Desk, SetClock
from tests.core.erased import TOLD, send_certificate
from tests.readable import readable

PHONE = "13812345678"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def all_is_done(clinic: Clinic) -> None:
    """What the bot's clock does in the hour after an erasure: the photos go at once, the rest at its end."""
    errands = [job for job in standing(clinic.app.core) if isinstance(job, Errand)]
    for minutes in (0, 61):
        clinic.clock.advance(minutes=minutes)
        for errand in errands:
            await errand.act(clinic.app.database, clinic.clock)
        photos = Path(clinic.app.settings.storage.photos_url)
        assert not any(path.is_file() for path in photos.rglob("*"))


async def tell(clinic: Clinic, chat: Chat, told: dict[Field, str]) -> None:
    """What the person tells over HTTP."""
    core = clinic.app.core
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.HTTP)
        signed = (await core.sessions.of_people(uow, [chat.id]))[chat.id]
        changes = {field: PARSERS[field](text) for field, text in told.items()}
        await core.profiles.change(uow, signed, signed.role, changes)


@on_sqlite
async def test_a_patient_told_much_and_is_gone(
    bot_settings: Settings, server: Served, clock: SetClock, tmp_path: Path
) -> None:
    marks = ["MARKname", "MARKaddress", "MARKhistory", "MARKavatar", "MARKdraft", "MARKpart", "王小明小明", PHONE]
    async with running(bot_settings, server, clock) as clinic:
        li, other = await clinic.person(phone=PHONE), await clinic.person("新手机", phone="13700000000")
        await register(li, name="王小明小明")
        await tell(clinic, li, {Field.NAME: "MARKname", Field.ADDRESS: "MARKaddress 王小明小明"})
        await tell(clinic, li, {Field.AVATAR_URL: "https://example.com/MARKavatar"})
        await write_history(li, "MARKhistory")
        await li.send("/profile")
        await li.press("头像")
        await li.press("更换或清除")
        await li.send_photo(pictures.jpeg(comment=b"MARKphoto"))
        await li.press("保存")
        await log_in(other)
        await other.send("/profile")
        await other.press("住址")
        await other.send("MARKdraft")
        await li.send("/profile")
        await li.press("既往病史")
        await li.press("重新填写")
        await li.send("MARKpart")
        assert readable(tmp_path, ["MARKaddress", PHONE])  # it can be read as long as it is there
        assert any(path.is_file() for path in (tmp_path / "photos").rglob("*"))

        await li.send("/erase")
        await li.press("放弃")
        await li.send(PASSWORD)
        await li.press("删除我的账号")
        assert "您的账号已删除" in li.screen
        await all_is_done(clinic)
        assert readable(tmp_path, marks) == []
        assert clinic.heard.said(set(marks)) == []
        await other.send("MARKlater")  # a guest's chat goes on
    assert readable(tmp_path, marks) == []


@on_sqlite
async def test_a_doctor_sent_a_certificate_and_is_gone(
    bot_settings: Settings, server: Served, clock: SetClock, tmp_path: Path
) -> None:
    marks = ["王医生", "13700000001", *(text for text in TOLD["doctor"].values() if "MARK" in text)]
    async with running(bot_settings, server, clock) as clinic:
        core, desk = clinic.app.core, Desk(clinic.app.database, clock)
        wang = await doctor(clinic, "13700000001")
        await tell(clinic, wang, TOLD["doctor"])
        async with desk.read() as uow:
            signed = (await core.sessions.of_people(uow, [wang.id]))[wang.id]
        await send_certificate(core, desk, signed)
        assert readable(tmp_path, marks)
        await wang.send("/erase")
        await wang.send(PASSWORD)
        await wang.press("删除我的账号")
        await all_is_done(clinic)
        assert readable(tmp_path, marks) == []
        assert clinic.heard.said(set(marks)) == []
