"""Finding a hospital or department by what people type of it (DIALOGS.md edit profile)."""

import pytest

from core.core import Core
from core.errors import Forbidden
from core.profile_values import PlaceName
from core.unit import Channel
from core.values import Role
from storage.reference import Place
from tests.conftest import Desk
from tests.core.conftest import MakeAccount

NAMES = {
    1: "北京协和医院",
    2: "东阳市人民医院",
    3: "协和第一医院（ABC 院区）",
    4: "100%健康医院",
    5: "厦门大学附属医院",
}


async def found(core: Core, desk: Desk, make_account: MakeAccount, typed: str) -> list[int]:
    account = await make_account(role=Role.DOCTOR)
    async with desk.write(Channel.CLI) as uow:
        await core.places.save(uow, Place.HOSPITAL, {number: PlaceName(name) for number, name in NAMES.items()})
        signed = await core.sessions.open_in_bot(uow, account, 7)
        page = await core.places.search(uow, signed, Place.HOSPITAL, typed, page=0, size=8)
    assert not page.more
    assert all(NAMES[number] == name for number, name in page.places)
    return [number for number, _ in page.places]


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("协和", [3, 1]),  # what begins with it comes first
        ("人民 医院", [2]),
        ("xhyy", [1]),
        ("ＸＨ", [1, 3]),
        ("abc", [3]),
        ("xm", [5]),  # 厦 of 厦门 is xia in other words
        ("%", [4]),
        ("_", []),
        ("没有的", []),
        ("", [1, 2, 3, 4, 5]),
    ],
)
async def test_a_place_is_found_by_part_of_its_name_or_its_initials(
    core: Core, desk: Desk, make_account: MakeAccount, typed: str, numbers: list[int]
) -> None:
    assert await found(core, desk, make_account, typed) == numbers


async def test_a_new_name_is_what_it_is_found_by_from_then_on(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account(role=Role.DOCTOR)
    async with desk.write(Channel.CLI) as uow:
        signed = await core.sessions.open_in_bot(uow, account, 7)
        for name in ("协和医院", "同济医院"):
            await core.places.save(uow, Place.HOSPITAL, {1: PlaceName(name)})
        for typed, numbers in (("tj", [1]), ("xh", [])):
            page = await core.places.search(uow, signed, Place.HOSPITAL, typed, page=0, size=8)
            assert [number for number, _ in page.places] == numbers


async def test_the_departments_that_were_there_before_are_found_a_page_at_a_time(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account(role=Role.DOCTOR)
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, 7)
        pages = [
            await core.places.search(uow, signed, Place.DEPARTMENT, "wk", page=number, size=1) for number in range(3)
        ]
    shown = [[name for _, name in page.places] for page in pages]
    assert shown == [["外科"], ["小儿外科"], []]
    assert [page.more for page in pages] == [True, False, False]


async def test_only_doctors_look_for_places(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    account = await make_account()
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, 7)
        with pytest.raises(Forbidden):
            await core.places.search(uow, signed, Place.HOSPITAL, "", page=0, size=8)
