"""Accounts, made and refused the same on every face (CONTRACT.md 1)."""

import asyncio

import pytest
from sqlalchemy import select

from core.unit import UnitOfWork
from core.values import Role, Sex
from storage.tables import metadata
from tests.faces.face import NO, OK, PASSWORD, PHONE, Face, Seen
from tests.faces.rules import proves

OTHER = "13912345678"


@proves("CONTRACT.md 1 phone")
@pytest.mark.parametrize(
    "written", ["１３８１２３４５６７８", "+86 138-1234-5678", "（0086）138 1234 5678", "13812345678\n"]
)
async def test_a_phone_is_one_phone_however_it_is_written(face: Face, written: str) -> None:
    assert await face.register(written) == OK
    login = await face.log_in(" 138 1234-5678")
    assert await face.see(login) == Seen("王小明", PHONE, Role.PATIENT)


@proves("CONTRACT.md 1 phone", "CONTRACT.md 4")
@pytest.mark.parametrize(
    "written", ["1381234567", "138123456789", "12812345678", "138１２３٤٥٦٧٨", "1381234567a", "+85291234567"]
)
async def test_what_is_no_mainland_mobile_makes_no_account(face: Face, written: str) -> None:
    assert await face.register(written) == "bad phone"
    assert await face.account() is None


@proves("CONTRACT.md 1 phone")
async def test_one_phone_owns_one_account_a_role(face: Face) -> None:
    assert await face.register() == OK
    assert await face.register(name="李雷") == "taken phone"
    assert await face.register(role=Role.DOCTOR, name="李雷") == OK
    patient, doctor = await face.account(), await face.account(role=Role.DOCTOR)
    assert patient is not None
    assert doctor is not None
    assert (patient.name, doctor.name) == ("王小明", "李雷")


@proves("CONTRACT.md 1 phone")
async def test_of_many_who_register_one_phone_at_once_one_gets_it(face: Face) -> None:
    came = await asyncio.gather(
        *(face.register(name=f"第{n}人".replace(str(n), "一二三四五六七八"[n])) for n in range(8))
    )
    assert sorted(came) == [OK, *["taken phone"] * 7]


@proves("CONTRACT.md 1 name")
@pytest.mark.parametrize("name", ["王小明", "𠮷田", "Ann O'Neil-Li Jr.", "阿卜杜拉·买买提", "e\u0301milie"])
async def test_a_name_of_any_script_is_kept(face: Face, name: str) -> None:
    assert await face.register(name=name) == OK
    seen = await face.see(await face.log_in())
    assert isinstance(seen, Seen)
    assert seen.name == name.replace("e\u0301", "é")


@proves("CONTRACT.md 1 name")
@pytest.mark.parametrize("name", ["王" * 51, "王小明1", "<b>王</b>", "王\u202e小明", "王\u200b小明", "...", "王\x00明"])
async def test_what_is_no_name_makes_no_account(face: Face, name: str) -> None:
    assert await face.register(name=name) == "bad name"
    assert await face.account() is None


@proves("CONTRACT.md 1 password")
@pytest.mark.parametrize("password", ["1234567", "x" * 65, "line\nbreak in it"])
async def test_what_is_no_password_makes_no_account(face: Face, password: str) -> None:
    assert await face.register(password=password) == "bad password"
    assert await face.account() is None


@proves("CONTRACT.md 1 password at its ends")
@pytest.mark.parametrize("password", [" padded word", "padded word\u3000", "\tpadded word"])
async def test_a_password_has_no_white_space_at_its_ends(face: Face, password: str) -> None:
    assert await face.register(password=password) == "bad password"


@proves("CONTRACT.md 1 password")
@pytest.mark.parametrize("password", ["a-b-c-d8", "密" * 64, "p@ss <b>*_`", "correct  horse"])
async def test_a_password_needs_no_composition(face: Face, password: str) -> None:
    assert await face.register(password=password) == OK
    await face.log_in(PHONE, password)


@proves("CONTRACT.md 1 password")
@pytest.mark.parametrize(("owns", "says"), [("password123", NO), (PHONE, NO), ("王小明王小明王小明", OK)])
async def test_a_password_anybody_would_guess_is_refused(face: Face, owns: str, says: str) -> None:
    assert await face.register(password=owns) == ("bad password" if says == NO else OK)


@proves("CONTRACT.md 1 password")
async def test_a_password_is_taken_whole_and_in_every_width(face: Face) -> None:
    long = "密" * 30
    assert await face.register(password=f"{long}Ａ１") == OK
    assert await face.try_login(PHONE, f"{long}B1") == NO
    assert await face.try_login(PHONE, long) == NO
    await face.log_in(PHONE, f"{long}A1")


@proves("CONTRACT.md 1 email", "CONTRACT.md 1 username", "CONTRACT.md 1 age", "CONTRACT.md 1 sex")
async def test_a_doctor_registers_by_email_and_is_called_by_the_username(face: Face) -> None:
    assert await face.register_by_email("dr_ann", "ann@example.com", sex="1", age="41") == OK
    login = await face.log_in("ANN@example.com", role=Role.DOCTOR)
    seen = await face.see(login, Role.DOCTOR)
    assert isinstance(seen, Seen)
    assert (seen.name, seen.phone) == ("dr_ann", None)
    async with face.desk.read() as uow:
        found = await face.core.accounts.find(uow, "D1")
    assert (found.sex, found.age, found.role) == (Sex.FEMALE, 41, Role.DOCTOR)


@proves("CONTRACT.md 1 email", "CONTRACT.md 1 username")
async def test_an_email_and_a_username_are_one_accounts_whatever_their_case(face: Face) -> None:
    assert await face.register_by_email("dr_ann", "ann@example.com") == OK
    assert await face.register_by_email("other", "Ann@Example.com") == "taken email"
    assert await face.register_by_email("ＤＲ_Ann", "other@example.com") == "taken username"


@proves("CONTRACT.md 1 email", "CONTRACT.md 3.8")
@pytest.mark.parametrize(
    ("email", "says"),
    [("me@example.comciw", OK), ("me@example.com", OK), ("me", "bad email"), ("a b@example.com", "bad email")],
)
async def test_an_email_is_what_reads_as_one(face: Face, email: str, says: str) -> None:
    assert await face.register_by_email("demo", email) == says


@proves("CONTRACT.md 1 username")
@pytest.mark.parametrize("username", ["ab", "a" * 17, "dr\u202eann"])
async def test_a_username_has_three_to_sixteen_visible_characters(face: Face, username: str) -> None:
    assert await face.register_by_email(username, "ann@example.com") == "bad username"


@proves("CONTRACT.md 1 age")
@pytest.mark.parametrize(("age", "says"), [("0", OK), ("150", OK), ("151", "bad age"), ("-1", "bad age")])
async def test_an_age_is_0_to_150(face: Face, age: str, says: str) -> None:
    assert await face.register_by_email("dr_ann", "ann@example.com", age=age) == says


@proves("CONTRACT.md 4")
async def test_no_password_lies_readable_in_the_database(face: Face) -> None:
    assert await face.register() == OK
    assert await face.register(OTHER, password="another long secret") == OK
    await face.log_in()
    assert await face.try_login(PHONE, "a wrong long secret") == NO
    async with face.desk.read() as uow:
        written = await dump(uow)
    assert not [secret for secret in (PASSWORD, "another long secret", "a wrong long secret") if secret in written]


async def dump(uow: UnitOfWork) -> str:
    """All that lies in every table, as text."""
    rows = [repr((await uow.conn.execute(select(table))).all()) for table in metadata.sorted_tables]
    return "\n".join(rows)
