"""A backup is the database first, then the photos: what is put back has every photo that its rows name."""

import io
import shutil
from pathlib import Path

import pytest

from core.core import Core
from core.photo_arrivals import expect_photo
from core.photo_removals import removing
from core.photos import PhotoKind
from core.sessions import Signed
from core.settings import Secrets, Settings, Storage
from core.unit import Channel, UnitOfWork
from core.values import Phone
from storage.backup import back_up, put_back
from storage.database import Database
from storage.errors import NotStored
from tests import pictures
from tests.conftest import Desk, SetClock
from tests.core.conftest import MakeAccount
from tests.core.test_certificates import signed_in


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_photos_that_come_and_go_between_the_two_copies(
    core: Core,
    desk: Desk,
    make_account: MakeAccount,
    settings: Settings,
    secrets: Secrets,
    clock: SetClock,
    tmp_path: Path,
) -> None:
    stays, comes, goes = [await signed_in(core, desk, await make_account(Phone(f"1381234567{n}"))) for n in range(3)]

    async def set_avatar(who: Signed) -> None:
        async with desk.write() as uow:
            path = await expect_photo(uow, who, PhotoKind.AVATAR)
        kept = await core.photos.keep(path, await core.photos.take(io.BytesIO(pictures.jpeg())))
        async with desk.write() as uow:
            await core.avatars.set(uow, who, kept)

    await set_avatar(stays)
    await set_avatar(goes)
    await back_up(desk.database, tmp_path / "copy.db")
    await set_avatar(comes)
    async with desk.write() as uow:
        await core.avatars.erase(uow, goes)
    await removing(core.photos).act(desk.database, clock)
    shutil.copytree(settings.storage.photos_url, tmp_path / "photos-copy")

    restored = Database(f"sqlite+aiosqlite:///{tmp_path}/new.db")
    there = Core(settings.model_copy(update={"storage": Storage(photos_url=str(tmp_path / "photos-copy"))}), secrets)
    try:
        await put_back(restored, tmp_path / "copy.db")

        async def avatar_of(who: Signed) -> str | None:
            async with restored.write() as conn:
                return await there.avatars.look(UnitOfWork(conn, clock(), Channel.BOT), who)

        path = await avatar_of(stays)
        assert path is not None
        assert (await there.photos.read(path)).startswith(b"\xff\xd8\xff")
        assert await avatar_of(comes) is None  # the backup is of before that
        gone = await avatar_of(goes)
        assert gone is not None
        with pytest.raises(NotStored):  # erased since: that it is gone is right
            await there.photos.read(gone)
    finally:
        there.close()
        await restored.dispose()
