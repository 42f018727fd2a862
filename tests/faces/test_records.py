"""One's own record, written the same on every face that can (CONTRACT.md 3.5-3.7, 4)."""

import pytest
from sqlalchemy import select

from core.values import Role, Sex
from storage import profiles as profile_store
from storage.tables.profiles import profiles
from tests.faces.face import FORBIDDEN, OK, PHONE, Face, Seen
from tests.faces.rules import proves

OTHER = "13912345678"
HISTORY = "2019 年阑尾炎"


async def told(face: Face, phone: str = PHONE, role: Role = Role.PATIENT) -> dict[str, object]:
    """What lies in the database of this account's profile, but for what was never told."""
    account = await face.account(phone, role)
    assert account is not None
    async with face.desk.read() as uow:
        row = await profile_store.get(uow.conn, account.id)
    return (
        {name: value for name, value in row._mapping.items() if value is not None and name != "account_id"}
        if row
        else {}
    )


@proves("CONTRACT.md 3.6")
async def test_what_is_not_named_stays_and_null_erases(face: Face) -> None:
    login = await face.newcomer()
    assert await face.change(login, address="北京市朝阳区", sex="女") == OK
    assert await face.change(login, birth_date="1990-01-01") == OK
    assert await told(face) == {"address": "北京市朝阳区"}
    assert await face.change(login, address=None) == OK
    assert await told(face) == {}
    account = await face.account()
    assert account is not None
    assert (account.sex, account.age) == (Sex.FEMALE, 36)


@proves("CONTRACT.md 3.5")
async def test_a_write_that_names_another_phone_changes_nothing(face: Face) -> None:
    login = await face.newcomer()
    assert await face.change(login, phone=OTHER, address="北京") == FORBIDDEN
    assert await told(face) == {}
    assert await face.change(login, phone="+86 138 1234 5678", address="北京") == OK
    assert await face.see(login) == Seen("王小明", PHONE, Role.PATIENT)


@proves("CONTRACT.md 3.7", "CONTRACT.md 4")
@pytest.mark.parametrize(("mine", "theirs"), [(Role.PATIENT, Role.DOCTOR), (Role.DOCTOR, Role.PATIENT)])
async def test_nobody_writes_the_record_of_the_other_role(face: Face, mine: Role, theirs: Role) -> None:
    login = await face.newcomer(role=mine)
    await face.newcomer(role=theirs)
    assert await face.change(login, theirs, avatar_url="https://example.com/a.jpg") == FORBIDDEN
    assert await told(face, role=mine) == await told(face, role=theirs) == {}


@proves("CONTRACT.md 4 medical history")
async def test_a_medical_history_lies_sealed(face: Face) -> None:
    login = await face.newcomer()
    assert await face.change(login, medical_history=HISTORY) == OK
    async with face.desk.read() as uow:
        stored = await uow.conn.scalar(select(profiles.c.medical_history))
    assert stored
    assert HISTORY.encode() not in stored


@proves("CONTRACT.md 1 birth_date", "CONTRACT.md 3.6")
@pytest.mark.parametrize("written", ["2026-03-02", "1990-02-30", "1800-01-01", "soon"])
async def test_what_is_no_birthday_changes_nothing(face: Face, written: str) -> None:
    login = await face.newcomer()
    assert await face.change(login, birth_date=written) == "bad birth_date"
    assert await told(face) == {}


@proves("CONTRACT.md 1 birth_date", "CONTRACT.md 3.6")
async def test_today_is_the_clinics_day(face: Face) -> None:
    face.clock.now = face.clock().replace(hour=15, minute=59)  # one minute to midnight in Shanghai
    login = await face.newcomer()
    assert await face.change(login, birth_date="2026-03-02") == "bad birth_date"
    face.clock.advance(minutes=1)
    assert await face.change(login, birth_date="2026-03-02") == OK
