"""People's own data: written by its owner, field by field, and read by nobody who should not (CONTRACT.md 1, 3)."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from core.account import Account
from core.audit import Action
from core.consents import ConsentKind
from core.core import Core
from core.errors import AccountError, CoreError, Forbidden, InvalidValue, NotFound
from core.permissions import Permission
from core.profile_values import Address, AvatarUrl, InternalId, MedicalHistory, PositionRank, WeChat
from core.profiles import PARSERS, WRITABLE, Field, Profile
from core.sessions import Signed
from core.unit import Channel
from core.values import BirthDate, Email, PersonName, Phone, Role, Sex
from storage.tables.accounts import audit, consents
from storage.tables.profiles import hospitals, profiles
from tests.conftest import Desk
from tests.core.conftest import PHONE, MakeAccount

OTHER = Phone("13912345678")
HISTORY = MedicalHistory("2019 年阑尾炎")

SignIn = Callable[..., Awaitable[Signed]]


@pytest.fixture
def sign_in(core: Core, desk: Desk, make_account: MakeAccount) -> SignIn:
    """Somebody new who is signed in; `role` and `phone` as make_account has them."""

    async def sign(role: Role = Role.PATIENT, phone: Phone = PHONE) -> Signed:
        account: Account = await make_account(phone, role=role)
        async with desk.write() as uow:
            return await core.sessions.open_in_bot(uow, account, int(phone.value) + len(role))

    return sign


@pytest.fixture
async def hospital(desk: Desk) -> int:
    async with desk.write() as uow:
        await uow.conn.execute(insert(hospitals).values([{"id": 3, "name": "第三医院"}, {"id": 4, "name": "第四医院"}]))
    return 3


async def change(core: Core, desk: Desk, signed: Signed, channel: Channel = Channel.HTTP, **changes: Any) -> None:
    """Writes fields by their internal names."""
    async with desk.write(channel) as uow:
        await core.profiles.change(uow, signed, signed.role, {Field(name): value for name, value in changes.items()})


async def told(core: Core, desk: Desk, signed: Signed) -> Profile:
    async with desk.read() as uow:
        return await core.profiles.own(uow, signed)


async def refusal(core: Core, desk: Desk, signed: Signed, channel: Channel = Channel.HTTP, **changes: Any) -> CoreError:
    with pytest.raises(CoreError) as refused:
        await change(core, desk, signed, channel, **changes)
    return refused.value


async def test_a_patient_tells_what_they_want_and_the_rest_stays(core: Core, desk: Desk, sign_in: SignIn) -> None:
    signed = await sign_in()
    await change(
        core, desk, signed, address=Address("北京市朝阳区"), sex=Sex.FEMALE, birth_date=BirthDate(date(1990, 1, 1))
    )
    await change(core, desk, signed, name=PersonName("张三"))
    async with desk.read() as uow:
        account = await core.accounts.me(uow, signed)
    assert (account.name, account.sex, account.birth_date, account.age) == ("张三", Sex.FEMALE, date(1990, 1, 1), 36)
    assert await told(core, desk, signed) == Profile(address="北京市朝阳区")


async def test_none_erases_what_is_optional(core: Core, desk: Desk, sign_in: SignIn) -> None:
    signed = await sign_in()
    await change(core, desk, signed, address=Address("北京"), sex=Sex.MALE, birth_date=BirthDate(date(1990, 1, 1)))
    await change(core, desk, signed, address=None, sex=None, birth_date=None)
    async with desk.read() as uow:
        account = await core.accounts.me(uow, signed)
    assert (account.sex, account.birth_date, account.age) == (Sex.UNDISCLOSED, None, None)
    assert await told(core, desk, signed) == Profile()


async def test_a_name_is_never_erased(core: Core, desk: Desk, sign_in: SignIn) -> None:
    assert (await refusal(core, desk, await sign_in(), name=None)).code == "name.needed"


async def test_a_doctor_tells_where_they_work(core: Core, desk: Desk, sign_in: SignIn, hospital: int) -> None:
    signed = await sign_in(Role.DOCTOR)
    await change(core, desk, signed, hospital_id=hospital, department_id=1, internal_id=InternalId("DOC2023001"))
    await change(core, desk, signed, position_rank=PositionRank.CHIEF, wechat=WeChat("Wang"))
    profile = await told(core, desk, signed)
    assert profile == Profile(
        hospital_id=3, department_id=1, internal_id="DOC2023001", position_rank=PositionRank.CHIEF, wechat="Wang"
    )


@pytest.mark.parametrize("number", [0, -1, 99, 2**31, 2**63])
@pytest.mark.parametrize("field", [Field.HOSPITAL, Field.DEPARTMENT])
async def test_a_place_that_is_not_there_is_refused_and_nothing_is_written(
    core: Core, desk: Desk, sign_in: SignIn, field: Field, number: int
) -> None:
    signed = await sign_in(Role.DOCTOR)
    changes: dict[str, Any] = {"name": PersonName("新名字"), field.value: number}
    error = await refusal(core, desk, signed, **changes)
    assert isinstance(error, NotFound)
    assert error.code == f"{field.value.removesuffix('_id')}.unknown"
    async with desk.read() as uow:
        assert (await core.accounts.me(uow, signed)).name == "王小明"


async def test_a_staff_number_is_one_doctors_within_a_hospital(
    core: Core, desk: Desk, sign_in: SignIn, hospital: int
) -> None:
    first, second = await sign_in(Role.DOCTOR), await sign_in(Role.DOCTOR, OTHER)
    await change(core, desk, first, hospital_id=hospital, internal_id=InternalId("DOC1"))
    error = await refusal(core, desk, second, hospital_id=hospital, internal_id=InternalId("DOC1"))
    assert (type(error), error.code) == (AccountError, "internal_id.taken")
    await change(core, desk, second, hospital_id=4, internal_id=InternalId("DOC1"))


async def test_a_wechat_name_is_one_accounts_whatever_its_case(core: Core, desk: Desk, sign_in: SignIn) -> None:
    first, second = await sign_in(Role.DOCTOR), await sign_in(Role.DOCTOR, OTHER)
    await change(core, desk, first, wechat=WeChat("Wang"))
    assert (await refusal(core, desk, second, wechat=WeChat("wANG"))).code == "wechat.taken"
    await change(core, desk, first, wechat=None)
    await change(core, desk, second, wechat=WeChat("wANG"))


async def test_an_email_is_one_accounts_and_stays_where_it_is_the_only_login(
    core: Core, desk: Desk, sign_in: SignIn
) -> None:
    first, second = await sign_in(Role.DOCTOR), await sign_in(Role.DOCTOR, OTHER)
    await change(core, desk, first, email=Email("li@example.com"))
    assert (await refusal(core, desk, second, email=Email("LI@example.com"))).code == "email.taken"
    async with desk.write() as uow:
        await uow.conn.execute(text("UPDATE accounts SET phone = NULL WHERE id = :id"), {"id": first.account_id})
    assert (await refusal(core, desk, first, email=None)).code == "email.needed"


async def test_nobody_is_born_tomorrow(core: Core, desk: Desk, sign_in: SignIn) -> None:
    error = await refusal(core, desk, await sign_in(), birth_date=BirthDate(date(2026, 3, 2)))
    assert (type(error), error.code) == (InvalidValue, "birth_date.in_future")


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR, Role.ADMIN])
@pytest.mark.parametrize("record", [Role.PATIENT, Role.DOCTOR])
async def test_nobody_writes_a_record_of_another_role(
    core: Core, desk: Desk, sign_in: SignIn, role: Role, record: Role
) -> None:
    signed = await sign_in(role)
    async with desk.write() as uow:
        if role is record:
            await core.profiles.change(uow, signed, record, {Field.NAME: PersonName("张三")})
            return
        with pytest.raises(Forbidden):
            await core.profiles.change(uow, signed, record, {Field.NAME: PersonName("张三")})


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR])
async def test_only_the_fields_of_a_role_can_be_written(core: Core, desk: Desk, sign_in: SignIn, role: Role) -> None:
    """Written out once more: who widens core's list says so here, too."""
    patients_alone = {Field.ADDRESS, Field.MEDICAL_HISTORY}
    patients = {Field.NAME, Field.SEX, Field.BIRTH_DATE, Field.AVATAR_URL} | patients_alone
    own = patients if role is Role.PATIENT else set(Field) - patients_alone
    assert WRITABLE[role] == own
    signed = await sign_in(role)
    for field in set(Field) - own:
        async with desk.write() as uow:
            with pytest.raises(Forbidden):
                await core.profiles.change(uow, signed, role, {field: None})


async def test_a_medical_history_lies_sealed_and_only_its_owner_reads_it(
    core: Core, desk: Desk, sign_in: SignIn
) -> None:
    signed, other, doctor = await sign_in(), await sign_in(phone=OTHER), await sign_in(Role.DOCTOR)
    await change(core, desk, signed, medical_history=HISTORY)
    async with desk.read() as uow:
        stored = await uow.conn.scalar(select(profiles.c.medical_history))
        assert stored
        assert HISTORY.value.encode() not in stored
        assert await core.profiles.medical_history(uow, signed) == HISTORY.value
        assert await core.profiles.medical_history(uow, other) is None
        with pytest.raises(Forbidden):
            await core.profiles.medical_history(uow, doctor)


async def test_over_http_sending_a_medical_history_is_the_consent(core: Core, desk: Desk, sign_in: SignIn) -> None:
    signed = await sign_in()
    await change(core, desk, signed, medical_history=None)
    async with desk.read() as uow:
        assert not await core.consents.has(uow, signed.account_id, ConsentKind.HEALTH)
    await change(core, desk, signed, medical_history=HISTORY)
    async with desk.read() as uow:
        given = (await uow.conn.execute(select(consents).where(consents.c.kind == "health"))).one()
    assert (given.account_id, given.channel, given.version) == (signed.account_id, "http", 1)


async def test_in_the_bot_the_consent_comes_first(core: Core, desk: Desk, sign_in: SignIn) -> None:
    signed = await sign_in()
    error = await refusal(core, desk, signed, Channel.BOT, medical_history=HISTORY)
    assert error.code == "medical_history.needs_consent"
    async with desk.write() as uow:
        await core.consents.give(uow, signed.account_id, ConsentKind.HEALTH)
    await change(core, desk, signed, Channel.BOT, medical_history=HISTORY)


async def test_withdrawing_the_consent_erases_the_medical_history(core: Core, desk: Desk, sign_in: SignIn) -> None:
    signed = await sign_in()
    await change(core, desk, signed, medical_history=HISTORY, address=Address("北京"))
    async with desk.write() as uow:
        await core.consents.withdraw(uow, signed.account_id, ConsentKind.HEALTH)
        assert await core.profiles.medical_history(uow, signed) is None
        assert (await core.profiles.own(uow, signed)).address == "北京"


async def test_a_write_names_the_present_phone_or_none_of_it_is_done(core: Core, desk: Desk, sign_in: SignIn) -> None:
    signed = await sign_in()
    async with desk.read() as uow:
        await core.profiles.check_own_phone(uow, signed, PHONE)
        with pytest.raises(Forbidden) as refused:
            await core.profiles.check_own_phone(uow, signed, OTHER)
        with pytest.raises(InvalidValue):
            await core.profiles.check_own_phone(uow, signed, None)
    assert refused.value.code == "phone.not_here"


async def test_an_account_without_a_phone_names_none(core: Core, desk: Desk, sign_in: SignIn) -> None:
    signed = await sign_in()
    async with desk.write() as uow:
        await uow.conn.execute(text("UPDATE accounts SET phone = NULL"))
    async with desk.read() as uow:
        await core.profiles.check_own_phone(uow, signed, None)
        with pytest.raises(Forbidden):
            await core.profiles.check_own_phone(uow, signed, PHONE)


async def test_the_audit_says_which_fields_were_written_and_not_what(core: Core, desk: Desk, sign_in: SignIn) -> None:
    signed = await sign_in()
    await change(core, desk, signed, address=Address("北京市朝阳区"), avatar_url=AvatarUrl("https://example.com/a.jpg"))
    async with desk.read() as uow:
        rows = (await uow.conn.execute(select(audit).where(audit.c.action == Action.CHANGE_PROFILE))).all()
    assert [(row.actor, row.subject, row.reasons) for row in rows] == [
        (signed.pseudonym, signed.pseudonym, "address,avatar_url")
    ]
    assert "北京" not in repr(rows)


def test_every_field_has_a_parser_but_for_those_that_are_picked() -> None:
    assert PARSERS.keys() == set(Field) - {Field.HOSPITAL, Field.DEPARTMENT}
    assert {Permission.CHANGE_OWN_PATIENT, Permission.CHANGE_OWN_DOCTOR} <= set(Permission)
