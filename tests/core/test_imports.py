"""Accounts from other services: every rule holds for them, each line stands for itself, and twice does no harm."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update

from core.audit import Action
from core.consents import ConsentKind
from core.core import Core
from core.errors import CoreError
from core.import_lines import COLUMNS, NOT_TAKEN, ImportLine
from core.imports import Done, Outcome
from core.login import CodeNeeded, LoggedIn, LoginRefused, Source
from core.passwords import PEPPERED
from core.profiles import PARSERS
from core.unit import Channel
from core.values import Email, Password, PersonName, Phone, Role
from storage.tables import accounts as tables
from storage.tables.imports import imported_accounts
from storage.tables.profiles import hospitals, profiles
from tests.conftest import Desk, SetClock
from tests.core.conftest import PHONE, MakeAccount

PASSWORD = "an old password"


def foreign_hash(password: str = PASSWORD, prefix: str = "2y") -> str:
    """As PHP and others make it: over the raw bytes, of which bcrypt reads 72."""
    hashed = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    return hashed.replace("$2b$", f"${prefix}$")


HASH = "$2y$04$9AMuvmd2ewaobyrsAtxkNOJ.c/HENGuOS2DxNVPAtEn/GCmmYATAm"  # of PASSWORD
PATIENT = {"source_id": "1", "role": "patient", "phone": "13812345678", "name": "王小明", "password_hash": HASH}
DOCTOR = {
    "source_id": "2",
    "type": "0",
    "username": "example",
    "email": "me@example.com",
    "sex": "0",
    "age": "24",
    "password_hash": HASH,
}


async def bring(core: Core, desk: Desk, *rows: dict[str, str], source: str = "old", **how: Any) -> list[str]:
    """What became of each row: a word, or the code of the refusal."""
    async with desk.write(Channel.CLI) as uow:
        outcomes = await core.imports.take(uow, source, [ImportLine.parse(row) for row in rows], **how)
    return [told(outcome) for outcome in outcomes]


def told(outcome: Outcome) -> str:
    return outcome.value if isinstance(outcome, Done) else outcome.code


async def log_in(core: Core, desk: Desk, who: Phone | Email, password: str) -> LoggedIn | LoginRefused | CodeNeeded:
    async with desk.write(Channel.HTTP) as uow:
        attempt = await core.login.begin(
            uow,
            role=Role.PATIENT if isinstance(who, Phone) else None,
            identifier=who,
            password=password,
            source=Source.http("127.0.0.1"),
        )
    await attempt.verify()
    async with desk.write(Channel.HTTP) as uow:
        return await core.login.finish(uow, attempt)


async def only_row(desk: Desk, table: Any) -> Any:
    async with desk.read() as uow:
        return (await uow.conn.execute(select(table))).one()


async def count(desk: Desk, table: Any) -> int:
    async with desk.read() as uow:
        return int(await uow.conn.scalar(select(func.count()).select_from(table)) or 0)


async def add_hospital(desk: Desk, hospital_id: int = 3) -> None:
    async with desk.write() as uow:
        await uow.conn.execute(insert(hospitals).values(id=hospital_id, name="仁和医院"))


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
async def test_people_log_in_with_the_password_they_had_and_its_hash_becomes_ours(
    core: Core, desk: Desk, prefix: str
) -> None:
    assert await bring(core, desk, {**PATIENT, "password_hash": foreign_hash(prefix=prefix)}) == ["imported"]
    assert isinstance(await log_in(core, desk, PHONE, PASSWORD), LoggedIn)
    account = await only_row(desk, tables.accounts)
    assert account.password_scheme == PEPPERED
    assert isinstance(await log_in(core, desk, PHONE, PASSWORD), LoggedIn)  # now by the new hash


async def test_a_password_over_72_bytes_is_cut_as_its_makers_cut_it_until_it_is_ours(core: Core, desk: Desk) -> None:
    long = "密" * 30  # 90 bytes
    await bring(core, desk, {**PATIENT, "password_hash": foreign_hash(long)})
    assert isinstance(await log_in(core, desk, PHONE, "密" * 23), LoginRefused)
    assert isinstance(await log_in(core, desk, PHONE, long), LoggedIn)
    assert isinstance(await log_in(core, desk, PHONE, "密" * 24), LoginRefused)  # 72 bytes: the old hash took it


async def test_a_doctor_of_the_first_document_is_called_by_their_username(core: Core, desk: Desk) -> None:
    assert await bring(core, desk, DOCTOR) == ["imported"]
    account = await only_row(desk, tables.accounts)
    assert (account.role, account.name, account.username, account.sex, account.age) == (
        "doctor",
        "example",
        "example",
        "male",
        24,
    )
    assert isinstance(await log_in(core, desk, Email("me@example.com"), PASSWORD), LoggedIn)


async def test_everything_a_doctor_has_comes_along(core: Core, desk: Desk, clock: SetClock) -> None:
    await add_hospital(desk)
    told = {
        "role": "doctor",
        "mobile": "+86 138-1234-5678",
        "name": "李明",
        "gender": "female",
        "birth_date": "1980-01-31",
        "head_portrait": "https://pictures.example/li.png",
        "hospital_id": "3",
        "department_id": "1",
        "internal_id": "D-2023",
        "position_rank": "副主任医师",
        "specialty": "心血管",
        "clinic": "仁和诊所",
        "fixphonenumber": "010-12345678",
        "wechat": "LiMing",
        "intro": "二十年经验",
        "school": "示例医科大学",
        "major": "内科",
        "created_at": "2020-05-01T08:00:00+08:00",
        "updated_at": "2021-05-01 08:00:00",
        "certificat": "certificate/1.jpg",
        "certificat_checked": "2",
        "email": "",
    }
    assert await bring(core, desk, {**told, "source_id": "9", "password_hash": HASH}) == ["imported"]
    account, profile = await only_row(desk, tables.accounts), await only_row(desk, profiles)
    assert (account.phone, account.phone_verified_at, account.sex) == ("13812345678", None, "female")
    assert account.created_at == datetime(2020, 5, 1, tzinfo=UTC)
    assert account.updated_at == datetime(2021, 5, 1, 8, tzinfo=UTC)
    assert (profile.avatar_url, profile.hospital_id, profile.department_id) == (told["head_portrait"], 3, 1)
    assert (profile.internal_id, profile.position_rank, profile.speciality) == ("D-2023", "associate_chief", "心血管")
    assert (profile.clinic, profile.fixed_phone, profile.wechat_folded) == ("仁和诊所", "010-12345678", "liming")
    assert (profile.intro, profile.school, profile.major) == ("二十年经验", "示例医科大学", "内科")


async def test_the_consent_to_privacy_is_left_for_the_bot_to_ask(core: Core, desk: Desk) -> None:
    await bring(core, desk, PATIENT)
    assert await count(desk, tables.consents) == 0


REFUSED = [
    ({"role": "admin"}, "role.not_imported", "role"),
    ({"role": "", "type": "3"}, "role.not_imported", "role"),
    ({"role": "expert"}, "role.not_imported", "role"),
    ({"role": "nurse"}, "role.wrong_format", "role"),
    ({"role": ""}, "role.empty", "role"),
    ({"source_id": ""}, "source_id.empty", "source_id"),
    ({"source_id": "1\u200b"}, "source_id.wrong_characters", "source_id"),
    ({"source_id": "1" * 65}, "source_id.too_long", "source_id"),
    ({"password_hash": ""}, "password_hash.empty", "password_hash"),
    ({"mobile": "13812345678"}, "column.twice", "mobile"),
    ({"phone": "", "mobile": "12345678901"}, "phone.wrong_format", "mobile"),
    ({"phone": ""}, "account.no_login", None),
    ({"phone": "", "username": "example"}, "account.no_login", None),
    ({"name": ""}, "name.empty", "name"),
    ({"name": "=cmd()"}, "name.wrong_characters", "name"),
    ({"gender": "9"}, "sex.wrong_format", "gender"),
    ({"age": "151"}, "age.too_high", "age"),
    ({"clinic": "仁和"}, "field.not_of_role", "clinic"),
    ({"birth_date": "1990-02-30"}, "birth_date.no_such_day", "birth_date"),
    ({"created_at": "yesterday"}, "created_at.wrong_format", "created_at"),
    ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at.wrong_format", "created_at"),
    ({"head_portrait": "http://pictures.example/a"}, "avatar_url.wrong_format", "head_portrait"),
    ({"certificat_checked": "2", "password": "12345678"}, "column.unknown", "password"),
    ({"id": "7"}, "column.unknown", "id"),
]


@pytest.mark.parametrize(("changed", "code", "column"), REFUSED)
def test_a_line_that_breaks_a_rule_is_refused_by_its_own_column(
    changed: dict[str, str], code: str, column: str | None
) -> None:
    with pytest.raises(CoreError) as refused:
        ImportLine.parse({**PATIENT, **changed})
    assert (refused.value.code, refused.value.field) == (code, column)


@pytest.mark.parametrize(
    "hashed",
    [
        "12345678",
        HASH[:-1],
        HASH + "A",
        HASH.replace("$2y$", "$2x$"),
        HASH.replace("$04$", "$17$"),  # a login would take minutes
        HASH.replace("$04$", "$03$"),
        HASH[:28] + "z" + HASH[29:],  # bcrypt's library raises at such a salt
        HASH[:-1] + "B",  # no sum ends so: nobody could ever log in
        HASH[:30] + "\n" + HASH[31:],
        "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG",
    ],
)
def test_what_is_no_bcrypt_hash_is_refused(hashed: str) -> None:
    with pytest.raises(CoreError, match=r"password_hash.wrong_format"):
        ImportLine.parse({**PATIENT, "password_hash": hashed})


STRANGE = st.text(st.sampled_from("\ud800\0\n\u2028\u202e\u200b\u3000１９a1@.=-:/+T男"), max_size=30)
LIKELY = st.sampled_from(["2020-01-01", "+1-1-1", "https://a.example/\ud800", "a\ud800@example.com", "9" * 5000])


@given(column=st.sampled_from(sorted(COLUMNS)), text=st.one_of(STRANGE, LIKELY, st.text(max_size=30)))
def test_whatever_stands_in_a_cell_it_is_taken_or_refused_and_never_breaks(column: str, text: str) -> None:
    try:
        line = ImportLine.parse({**PATIENT, column: text})
    except CoreError:
        return
    kept = {**line.account, **line.profile, "source_id": line.source_id}
    assert not any("\0" in str(value) for value in kept.values())  # PostgreSQL refuses it in a text
    json.dumps(kept, default=str, ensure_ascii=False).encode()  # fails at a lone surrogate


@pytest.mark.parametrize("column", sorted(COLUMNS.keys() - {"role", "type", "source_id", "password_hash"}))
def test_every_column_is_the_first_or_another_spelling_of_a_field_that_has_a_parser(column: str) -> None:
    assert COLUMNS[column] in {*PARSERS, "phone", "username", "age", "created_at", "updated_at", "hospital_id"} | {
        "department_id"
    }
    assert column not in NOT_TAKEN


TAKEN = [
    ({"source_id": "8", "phone": "138 1234 5678"}, "phone.taken"),
    ({"source_id": "8", "phone": "", "email": "ANNA@example.com"}, "email.taken"),
    ({"source_id": "8", "phone": "13900000000", "username": "ＡＮＮＡ"}, "username.taken"),
    ({"source_id": "8", "phone": "13900000000", "wechat": "Anna_W"}, "wechat.taken"),
    ({"source_id": "8", "phone": "13900000000", "hospital_id": "3", "internal_id": "D-1"}, "internal_id.taken"),
]
ANNA = {
    **PATIENT,
    "role": "doctor",
    "email": "anna@example.com",
    "username": "anna",
    "wechat": "anna_w",
    "hospital_id": "3",
    "internal_id": "D-1",
}
BARE = {"role": "doctor", "name": "李明", "password_hash": HASH}
OTHER = {**BARE, "source_id": "100", "phone": "13700000000"}


@pytest.mark.parametrize(("changed", "code"), TAKEN)
async def test_what_another_account_has_costs_the_later_line_alone(
    core: Core, desk: Desk, changed: dict[str, str], code: str
) -> None:
    await add_hospital(desk)
    again = {**BARE, **changed}
    assert await bring(core, desk, ANNA, again, OTHER) == ["imported", code, "imported"]  # in one batch
    assert await bring(core, desk, again) == [code]  # and in the next
    assert await count(desk, tables.accounts) == 2


async def test_one_who_registered_here_keeps_their_phone(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account()
    assert await bring(core, desk, PATIENT, {**DOCTOR, "mobile": "13812345678"}) == ["phone.taken", "imported"]


async def test_one_who_registers_at_that_moment_was_first(core: Core, desk: Desk) -> None:
    """The import's look-up does not see the account that is being made; the database does."""
    hashed = await core.passwords.hash(Password.parse(PASSWORD))
    async with desk.write() as uow:
        await core.accounts.register_by_phone(
            uow, role=Role.PATIENT, phone=PHONE, phone_verified=False, name=PersonName("王芳"), password_hash=hashed
        )
        importing = asyncio.create_task(bring(core, desk, PATIENT, OTHER))
        await asyncio.sleep(0.3)
        assert not importing.done()
    assert await importing == ["phone.taken", "imported"]
    assert await count(desk, imported_accounts) == 1


async def test_the_second_time_a_line_is_passed_over_as_its_account_is_now(core: Core, desk: Desk) -> None:
    await bring(core, desk, PATIENT)
    async with desk.write() as uow:
        await uow.conn.execute(update(tables.accounts).values(name="王大明"))
    assert await bring(core, desk, PATIENT, DOCTOR) == ["here already", "imported"]
    async with desk.read() as uow:
        names = (await uow.conn.execute(select(tables.accounts.c.name))).scalars()
        assert sorted(names) == ["example", "王大明"]


async def test_two_runs_of_one_file_at_once_take_each_line_once(core: Core, desk: Desk) -> None:
    outcomes = await asyncio.gather(bring(core, desk, PATIENT, DOCTOR), bring(core, desk, PATIENT, DOCTOR))
    assert sorted(outcomes) == [["here already", "here already"], ["imported", "imported"]]


async def test_an_erased_account_does_not_come_back(core: Core, desk: Desk) -> None:
    await bring(core, desk, PATIENT)
    async with desk.write() as uow:
        await uow.conn.execute(update(tables.accounts).values(state="erased", phone=None))
    assert await bring(core, desk, PATIENT) == ["here already"]


async def test_the_same_number_of_another_service_is_not_passed_over(core: Core, desk: Desk) -> None:
    await bring(core, desk, PATIENT)
    other = {**PATIENT, "phone": "13900000000"}
    assert await bring(core, desk, other) == ["source_id.another"]
    assert await bring(core, desk, other, source="another") == ["imported"]
    assert await bring(core, desk, {**other, "role": "doctor"}) == ["imported"]  # each role is numbered from 1


async def test_a_number_twice_in_one_batch_is_as_in_two(core: Core, desk: Desk) -> None:
    other = {**PATIENT, "phone": "13900000000"}
    assert await bring(core, desk, PATIENT, PATIENT, other) == ["imported", "here already", "source_id.another"]


async def test_a_line_mended_after_its_refusal_is_taken(core: Core, desk: Desk) -> None:
    assert await bring(core, desk, {**BARE, "source_id": "5", "phone": "13812345678", "hospital_id": "3"}) == [
        "hospital.unknown"
    ]
    await add_hospital(desk)
    assert await bring(core, desk, {**BARE, "source_id": "5", "phone": "13812345678", "hospital_id": "3"}) == [
        "imported"
    ]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"hospital_id": "4"}, "hospital.unknown"),
        ({"department_id": "99"}, "department.unknown"),
        ({"birth_date": "2026-03-02"}, "birth_date.in_future"),
        ({"birth_date": "1800-01-01"}, "birth_date.too_old"),
        ({"created_at": "2026-03-02"}, "created_at.in_future"),
    ],
)
async def test_what_does_not_exist_or_has_not_been_yet_is_refused(
    core: Core, desk: Desk, changed: dict[str, str], code: str
) -> None:
    assert await bring(core, desk, {**BARE, "source_id": "5", "phone": "13812345678", **changed}, OTHER) == [
        code,
        "imported",
    ]


HISTORY = {**PATIENT, "medical_history": "青霉素过敏"}


async def test_a_medical_history_is_not_taken_without_the_consent_it_needs(core: Core, desk: Desk) -> None:
    assert await bring(core, desk, HISTORY) == ["medical_history.needs_consent"]
    assert await count(desk, tables.accounts) == 0


async def test_with_the_consent_that_the_source_holds_it_lies_sealed_and_its_owner_reads_it(
    core: Core, desk: Desk
) -> None:
    assert await bring(core, desk, HISTORY, health_consent=True) == ["imported"]
    account, profile = await only_row(desk, tables.accounts), await only_row(desk, profiles)
    assert "青霉素".encode() not in profile.medical_history
    consent = await only_row(desk, tables.consents)
    assert (consent.kind, consent.channel) == ("health", "cli")
    logged_in = await log_in(core, desk, PHONE, PASSWORD)
    assert isinstance(logged_in, LoggedIn)
    assert logged_in.issued is not None
    async with desk.write() as uow:
        signed = await core.sessions.authenticate(uow, logged_in.issued.access_token)
        assert await core.profiles.medical_history(uow, signed) == "青霉素过敏"
        await core.consents.withdraw(uow, account.id, ConsentKind.HEALTH)
        assert await core.profiles.medical_history(uow, signed) is None


async def test_each_account_is_an_entry_of_the_audit_made_by_nobody_signed_in(core: Core, desk: Desk) -> None:
    await bring(core, desk, PATIENT, {**PATIENT, "source_id": "3"}, DOCTOR)
    async with desk.write(Channel.JOB) as uow:
        entries = (await uow.conn.execute(select(tables.audit))).all()
        pseudonyms = set((await uow.conn.execute(select(tables.accounts.c.pseudonym))).scalars())
        assert {entry.subject for entry in entries} == pseudonyms
        assert {(entry.action, entry.actor, entry.channel) for entry in entries} == {(Action.IMPORT, None, "cli")}
        await core.audit.seal(uow)
        assert (await core.audit.verify(uow)).number == 2
