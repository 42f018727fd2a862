"""The avatar: a photo that is sent to the bot (DIALOGS.md edit profile, rules 6-12, 16, 18-21, SECURITY.md Photos)."""

import io
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from core.photo_removals import removing
from sandbox.client import Chat
from storage.tables.accounts import audit
from storage.tables.erasures import photo_removals
from tests import pictures
from tests.bot.conftest import Clinic, register


@pytest.fixture
async def li(clinic: Clinic) -> Chat:
    """A patient at the question for a picture."""
    chat = await clinic.person(phone="13812345678")
    await register(chat)
    await chat.send("/profile")
    await chat.press("头像")
    return chat


def kept(clinic: Clinic) -> list[Path]:
    """The files in the photo store."""
    return [path for path in Path(clinic.app.settings.storage.photos_url).rglob("*") if path.is_file()]


async def sweep(clinic: Clinic) -> None:
    """The bot's clock goes on, and what nobody names leaves the store."""
    await removing(clinic.app.core.photos).act(clinic.app.database, clinic.clock)


def photo(text: str = "李雷", size: tuple[int, int] = (1600, 1200)) -> bytes:
    return pictures.jpeg(pictures.certificate(size, text=text), exif=pictures.located_exif(1))


async def test_a_photo_becomes_the_avatar_is_shown_replaced_and_erased(clinic: Clinic, li: Chat) -> None:
    assert "（1/2，选填）请发一张照片作为头像" in li.screen
    await li.send_photo(photo())
    assert "头像：1 张照片" in li.screen
    shown = li.visible[-2]
    assert shown.media
    assert shown.protected
    await li.press("保存")
    assert "头像：已设置（点开可看）" in li.screen

    await li.press("头像")
    assert "只有您自己能看到" in li.screen
    assert li.visible[-2].media
    seen = Image.open(io.BytesIO(await clinic.sandbox.file(li.visible[-2].media["file_id"])))
    assert (seen.size, seen.format, dict(seen.getexif())) == ((512, 384), "JPEG", {})
    (first,) = kept(clinic)

    await li.press("更换或清除")
    await li.send_document(pictures.png(pictures.certificate((300, 300))), "me.png")
    await li.press("保存")
    await sweep(clinic)
    (second,) = kept(clinic)
    assert second != first

    await li.press("头像")
    await li.press("更换或清除")
    await li.press("清除")
    await li.press("保存")
    assert "头像：未填写" in li.screen
    await sweep(clinic)
    assert kept(clinic) == []
    async with clinic.app.database.read() as conn:
        actions = list((await conn.execute(select(audit.c.action))).scalars())
        assert actions.count("avatar.see") == 2
        assert (await conn.execute(select(photo_removals))).all() == []
