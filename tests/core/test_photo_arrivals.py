"""Photos on their way into the store: none stays that no row names (SECURITY.md Photos)."""

import io
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from core.core import Core
from core.errors import Conflict
from core.photo_arrivals import arriving, expect_photo, give_photo_up, settle_photos
from core.photo_removals import removing
from core.photos import PhotoKind
from core.sessions import Signed
from core.settings import Settings
from storage.errors import StorageError
from tests import pictures
from tests.conftest import Desk, SetClock
from tests.core.conftest import MakeAccount
from tests.core.test_certificates import signed_in

KIND = PhotoKind.CERTIFICATE


@pytest.fixture
async def li(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    return await signed_in(core, desk, await make_account())


async def arrive(core: Core, desk: Desk, who: Signed) -> str:
    """A photo that came and is kept, and that no row names yet."""
    async with desk.write() as uow:
        path = await expect_photo(uow, who, KIND)
    await core.photos.keep(path, await core.photos.take(io.BytesIO(pictures.jpeg())))
    return path


async def sweep(core: Core, desk: Desk) -> None:
    await removing(core.photos).act(desk.database, desk.clock)


def kept(settings: Settings) -> list[Path]:
    return [path for path in Path(settings.storage.photos_url).rglob("*") if path.is_file()]


async def test_what_is_never_named_goes_when_a_dialog_can_live_no_longer(
    core: Core, desk: Desk, clock: SetClock, settings: Settings, li: Signed
) -> None:
    await arrive(core, desk, li)
    clock.advance(hours=24)
    await sweep(core, desk)
    assert len(kept(settings)) == 1
    clock.advance(hours=2)
    await sweep(core, desk)
    assert kept(settings) == []


async def test_what_is_named_stays(core: Core, desk: Desk, clock: SetClock, settings: Settings, li: Signed) -> None:
    path = await arrive(core, desk, li)
    async with desk.write() as uow:
        await settle_photos(uow, [path])
    clock.advance(days=3)
    await sweep(core, desk)
    assert len(kept(settings)) == 1


async def test_what_is_named_in_a_transaction_that_fails_goes(
    core: Core, desk: Desk, clock: SetClock, settings: Settings, li: Signed
) -> None:
    path = await arrive(core, desk, li)
    with suppress(RuntimeError):
        async with desk.write() as uow:
            await settle_photos(uow, [path])
            raise RuntimeError
    clock.advance(hours=26)
    await sweep(core, desk)
    assert kept(settings) == []


async def test_what_is_given_up_goes_at_once(core: Core, desk: Desk, settings: Settings, li: Signed) -> None:
    path = await arrive(core, desk, li)
    async with desk.write() as uow:
        await give_photo_up(uow, path)
    await sweep(core, desk)
    assert kept(settings) == []


@pytest.mark.parametrize("late", [timedelta(hours=24, minutes=59), timedelta(days=2)])
async def test_what_may_be_on_its_way_out_cannot_be_named_any_more(
    core: Core, desk: Desk, clock: SetClock, li: Signed, late: timedelta
) -> None:
    one, other = await arrive(core, desk, li), await arrive(core, desk, li)
    clock.now += late
    with pytest.raises(Conflict, match="gone"):
        async with desk.write() as uow:
            await settle_photos(uow, [one, other])


async def test_one_photo_is_named_once(core: Core, desk: Desk, li: Signed) -> None:
    path = await arrive(core, desk, li)
    async with desk.write() as uow:
        await settle_photos(uow, [path])
    with pytest.raises(Conflict, match="gone"):
        async with desk.write() as uow:
            await settle_photos(uow, [path])


async def test_nobody_fills_the_store_with_what_they_never_submit(
    core: Core, desk: Desk, clock: SetClock, li: Signed
) -> None:
    async with desk.write() as uow:
        for _ in range(60):
            path = await expect_photo(uow, li, KIND)
        with pytest.raises(Conflict, match="too_many_waiting"):
            await expect_photo(uow, li, KIND)
        await settle_photos(uow, [path])  # what is submitted does not count
        await expect_photo(uow, li, KIND)
    clock.advance(hours=26)
    await sweep(core, desk)
    await sweep(core, desk)
    async with desk.write() as uow:
        await expect_photo(uow, li, KIND)


async def test_erasing_takes_what_waits_in_a_dialog(core: Core, desk: Desk, settings: Settings, li: Signed) -> None:
    await arrive(core, desk, li)
    async with desk.write() as uow:
        await core.erasing.erase(uow, li)
    await sweep(core, desk)
    assert kept(settings) == []


async def test_when_the_transaction_that_names_it_fails_it_is_gone_at_once(
    core: Core, desk: Desk, settings: Settings, li: Signed
) -> None:
    photo = await core.photos.take(io.BytesIO(pictures.jpeg()))
    async with desk.write() as uow:
        path = await expect_photo(uow, li, KIND)
    with suppress(RuntimeError):
        async with arriving(core.photos, desk.write, path, photo), desk.write() as uow:
            assert len(kept(settings)) == 1
            await settle_photos(uow, [path])
            raise RuntimeError
    assert kept(settings) == []
    with pytest.raises(Conflict, match="gone"):
        async with desk.write() as uow:
            await settle_photos(uow, [path])


async def test_when_the_store_does_not_work_it_is_said_and_nothing_is_left(
    core: Core, desk: Desk, settings: Settings, li: Signed
) -> None:
    photo = await core.photos.take(io.BytesIO(pictures.jpeg()))
    Path(settings.storage.photos_url).write_bytes(b"a file where the folder should be")
    async with desk.write() as uow:
        path = await expect_photo(uow, li, KIND)
    with pytest.raises(StorageError, match="photo store"):
        async with arriving(core.photos, desk.write, path, photo):
            pytest.fail("the photo has no place")
