"""The avatar: a photo that its owner sent, in place of an address and the other way round (CONTRACT.md 1 avatar)."""

import asyncio
import io
from pathlib import Path

import pytest
from sqlalchemy import select

from core.audit import Action
from core.avatars import SIDE
from core.core import Core
from core.errors import Conflict, Forbidden
from core.photo_arrivals import expect_photo
from core.photo_removals import removing
from core.photos import PhotoKind, StoredPhoto
from core.profile_values import AvatarUrl
from core.profiles import Field
from core.sessions import Signed
from core.settings import Settings
from core.values import Role
from storage.tables.accounts import audit
from tests import pictures
from tests.conftest import Desk
from tests.core.conftest import MakeAccount
from tests.core.test_certificates import signed_in

ADDRESS = AvatarUrl.parse("https://example.com/me.jpg")


@pytest.fixture
async def li(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    return await signed_in(core, desk, await make_account())


async def arrive(core: Core, desk: Desk, who: Signed) -> StoredPhoto:
    async with desk.write() as uow:
        path = await expect_photo(uow, who, PhotoKind.AVATAR)
    return await core.photos.keep(path, await core.photos.take(io.BytesIO(pictures.png()), side=SIDE))


async def set_photo(core: Core, desk: Desk, who: Signed) -> None:
    photo = await arrive(core, desk, who)
    async with desk.write() as uow:
        await core.avatars.set(uow, who, photo)


async def stands(core: Core, desk: Desk, who: Signed) -> tuple[str | None, bool]:
    """The address, and whether there is a photo."""
    async with desk.read() as uow:
        profile = await core.profiles.own(uow, who)
    return profile.avatar_url, profile.avatar_photo is not None


async def kept(core: Core, desk: Desk, settings: Settings) -> int:
    """How many files lie in the store after the bot's clock has looked."""
    await removing(core.photos).act(desk.database, desk.clock)
    return sum(path.is_file() for path in Path(settings.storage.photos_url).rglob("*"))


async def test_a_photo_takes_the_place_of_an_address_and_an_address_that_of_a_photo(
    core: Core, desk: Desk, settings: Settings, li: Signed
) -> None:
    async with desk.write() as uow:
        await core.profiles.change(uow, li, Role.PATIENT, {Field.AVATAR_URL: ADDRESS})
    await set_photo(core, desk, li)
    assert await stands(core, desk, li) == (None, True)
    async with desk.write() as uow:
        await core.profiles.change(uow, li, Role.PATIENT, {Field.AVATAR_URL: None})
    assert await stands(core, desk, li) == (None, True)  # what HTTP erases is an address
    async with desk.write() as uow:
        await core.profiles.change(uow, li, Role.PATIENT, {Field.AVATAR_URL: ADDRESS})
    assert await stands(core, desk, li) == (ADDRESS.value, False)
    assert await kept(core, desk, settings) == 0
    async with desk.write() as uow:
        await core.avatars.erase(uow, li)
    assert await stands(core, desk, li) == (None, False)


async def test_of_photos_set_at_once_one_stays_and_no_other_is_left(
    core: Core, desk: Desk, settings: Settings, li: Signed
) -> None:
    await asyncio.gather(*(set_photo(core, desk, li) for _ in range(5)))
    assert await kept(core, desk, settings) == 1
    async with desk.write() as uow:
        path = await core.avatars.look(uow, li)
    assert path
    assert await core.photos.read(path)


async def test_a_look_is_audited_and_no_photo_is_no_look(core: Core, desk: Desk, li: Signed) -> None:
    async with desk.write() as uow:
        assert await core.avatars.look(uow, li) is None
    await set_photo(core, desk, li)
    async with desk.write() as uow:
        await core.avatars.look(uow, li)
        looks = await uow.conn.execute(select(audit.c.actor).where(audit.c.action == Action.SEE_AVATAR.value))
        assert list(looks.scalars()) == [li.pseudonym]


async def test_one_photo_cannot_be_set_twice(core: Core, desk: Desk, li: Signed) -> None:
    photo = await arrive(core, desk, li)
    async with desk.write() as uow:
        await core.avatars.set(uow, li, photo)
    with pytest.raises(Conflict, match="gone"):
        async with desk.write() as uow:
            await core.avatars.set(uow, li, photo)


async def test_an_erased_account_leaves_no_photo(core: Core, desk: Desk, settings: Settings, li: Signed) -> None:
    await set_photo(core, desk, li)
    async with desk.write() as uow:
        await core.erasing.erase(uow, li)
    assert await kept(core, desk, settings) == 0


async def test_an_admin_has_no_avatar(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    admin = await signed_in(core, desk, await make_account(role=Role.ADMIN))
    with pytest.raises(Forbidden):
        core.avatars.check_may_change(admin)
