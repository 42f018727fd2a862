"""Accounts: who gets which phone, e-mail and username, and who may be suspended (CONTRACT.md 1)."""

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from core.account import AccountState
from core.audit import Action
from core.consents import CURRENT_VERSION, ConsentKind
from core.core import Core
from core.errors import AccountError, CoreError, InvalidValue, Throttled
from core.passwords import PasswordHash
from core.unit import Channel
from core.values import Age, BirthDate, Email, Password, PersonName, Phone, Role, Sex, Username
from storage import account_chats
from storage.tables import accounts as tables
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, PHONE, MakeAccount

LI = 700_000_000_001
HAN = 700_000_000_002
HASH = PasswordHash("$2b$04$" + "x" * 53, "bcrypt-sha384", "k1")


async def by_email(core: Core, desk: Desk, username: str, email: str, *, telegram_user_id: int | None = None) -> None:
    async with desk.write(Channel.HTTP) as uow:
        await core.accounts.register_by_email(
            uow,
            username=Username.parse(username),
            email=Email.parse(email),
            sex=Sex.FEMALE,
            age=Age(40),
            password_hash=HASH,
            telegram_user_id=telegram_user_id,
        )


async def outbox(desk: Desk) -> list[tuple[int, str]]:
    async with desk.read() as uow:
        rows = await uow.conn.execute(select(tables.outbox.c.telegram_user_id, tables.outbox.c.kind))
        return [(person, kind) for person, kind in rows]


async def test_a_registered_patient_sees_what_they_gave(core: Core, desk: Desk) -> None:
    async with desk.write() as uow:
        account = await core.accounts.register_by_phone(
            uow,
            role=Role.PATIENT,
            phone=PHONE,
            phone_verified=True,
            name=PersonName.parse("王小明"),
            email=Email.parse("Me@Example.com"),
            sex=Sex.MALE,
            birth_date=BirthDate.parse("1990年3月2日"),
            password_hash=HASH,
            telegram_user_id=LI,
        )
    async with desk.read() as uow:
        seen = await core.accounts.get(uow, account.id)
    assert (seen.number, seen.name, seen.phone, seen.phone_verified) == (f"P{seen.id}", "王小明", "13812345678", True)
    assert (seen.email, seen.sex, seen.birth_date) == ("Me@example.com", Sex.MALE, date(1990, 3, 2))
    assert (seen.username, seen.state, seen.created_at) == (None, AccountState.ACTIVE, desk.clock())
    assert seen.age == 35  # 36 tomorrow


async def test_a_doctor_by_e_mail_is_called_by_the_username(core: Core, desk: Desk) -> None:
    await by_email(core, desk, "dr_han", "han@example.com")
    async with desk.read() as uow:
        doctor = await core.accounts.find(uow, "d1")
    assert (doctor.role, doctor.name, doctor.username, doctor.age) == (Role.DOCTOR, "dr_han", "dr_han", 40)


async def test_the_age_is_counted_on_the_clinics_day_not_on_londons(core: Core, desk: Desk, clock: SetClock) -> None:
    clock.now = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)  # the 2nd in Shanghai
    async with desk.write() as uow:
        await core.accounts.check_birth_date(uow, BirthDate(date(2026, 3, 2)))
        with pytest.raises(InvalidValue) as refusal:
            await core.accounts.check_birth_date(uow, BirthDate(date(2026, 3, 3)))
    assert refusal.value.code == "birth_date.in_future"


async def test_one_phone_may_own_one_account_a_role(core: Core, make_account: MakeAccount) -> None:
    for role in (Role.PATIENT, Role.DOCTOR, Role.ADMIN):
        assert (await make_account(role=role)).phone == PHONE.value
        with pytest.raises(AccountError) as refusal:
            await make_account(role=role)
        assert (refusal.value.code, refusal.value.field) == ("phone.taken", "phone")


@pytest.mark.parametrize(
    ("username", "email", "code"),
    [("ＤＲ_Han", "other@example.com", "username.taken"), ("other", "HAN@EXAMPLE.COM", "email.taken")],
)
async def test_username_and_e_mail_are_unique_whatever_their_case_or_width(
    core: Core, desk: Desk, username: str, email: str, code: str
) -> None:
    await by_email(core, desk, "dr_han", "han@example.com")
    with pytest.raises(AccountError) as refusal:
        await by_email(core, desk, username, email)
    assert (refusal.value.code, refusal.value.field) == (code, code.partition(".")[0])


async def test_what_is_taken_is_refused_at_its_step(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account()
    await by_email(core, desk, "dr_han", "han@example.com")
    async with desk.read() as uow:
        for check in (
            core.accounts.check_phone_free(uow, Role.PATIENT, PHONE, verified_by_contact=False),
            core.accounts.check_email_free(uow, Email.parse("Han@example.com")),
            core.accounts.check_username_free(uow, Username.parse("DR_HAN")),
        ):
            with pytest.raises(AccountError, match="taken"):
                await check
        await core.accounts.check_phone_free(uow, Role.DOCTOR, PHONE, verified_by_contact=False)
        await core.accounts.check_phone_free(uow, Role.PATIENT, PHONE, verified_by_contact=True)


async def test_fifty_who_register_one_phone_at_once_make_one_account(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    outcomes = await asyncio.gather(*(make_account() for _ in range(50)), return_exceptions=True)
    lost = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(lost) == 49
    assert {getattr(error, "code", repr(error)) for error in lost} == {"phone.taken"}
    async with desk.read() as uow:
        assert await uow.conn.scalar(select(func.count()).select_from(tables.accounts)) == 1


async def test_the_owner_of_a_phone_takes_it_from_one_who_only_typed_it(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    squatter = await make_account(name="张三")
    async with desk.write() as uow:
        token = (await core.sessions.open_over_http(uow, squatter)).access_token
        await core.sessions.open_in_bot(uow, squatter, HAN)
    owner = await make_account(telegram_user_id=LI, phone_verified=True)
    async with desk.read() as uow:
        loser = await core.accounts.get(uow, squatter.id)
        with pytest.raises(CoreError):
            await core.sessions.authenticate(uow, token)
        assert await core.sessions.of_people(uow, [HAN]) == {}
    assert (owner.phone, loser.phone, loser.name) == (PHONE.value, None, "张三")
    assert await outbox(desk) == [(HAN, "phone_claimed")]


async def test_a_verified_phone_is_never_claimed(make_account: MakeAccount) -> None:
    await make_account(telegram_user_id=HAN, phone_verified=True)
    with pytest.raises(AccountError, match=r"phone\.taken"):
        await make_account(telegram_user_id=LI, phone_verified=True)


async def test_of_many_who_claim_one_phone_at_once_one_gets_it(desk: Desk, make_account: MakeAccount) -> None:
    await make_account(name="张三")
    claims = (make_account(telegram_user_id=LI + number, phone_verified=True) for number in range(10))
    outcomes = await asyncio.gather(*claims, return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert {type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)} == {AccountError}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EXPERT])
async def test_nobody_registers_as_admin_or_expert(core: Core, desk: Desk, role: Role) -> None:
    async with desk.write() as uow:
        with pytest.raises(AccountError, match="role_not_open"):
            await core.accounts.register_by_phone(
                uow, role=role, phone=PHONE, phone_verified=False, name=PersonName("甲"), password_hash=HASH
            )


async def test_the_sixth_registration_of_a_day_is_refused(
    core: Core, desk: Desk, make_account: MakeAccount, clock: SetClock
) -> None:
    for number in range(5):
        await make_account(Phone(f"1380000000{number}"), telegram_user_id=LI)
    clock.advance(hours=23)
    with pytest.raises(Throttled) as refusal:
        await make_account(Phone("13800000009"), telegram_user_id=LI)
    assert (refusal.value.code, refusal.value.wait_seconds) == ("register.too_many", 3600)
    async with desk.read() as uow:
        with pytest.raises(Throttled):
            await core.accounts.check_may_register(uow, LI)
        await core.accounts.check_may_register(uow, HAN)
    with pytest.raises(Throttled):
        await by_email(core, desk, "dr_ann", "ann@example.com", telegram_user_id=LI)
    clock.advance(hours=1)
    assert await make_account(Phone("13800000009"), telegram_user_id=LI)


async def test_a_refused_registration_costs_none_of_the_days(core: Core, make_account: MakeAccount) -> None:
    await make_account()
    for _ in range(6):
        with pytest.raises(AccountError, match="taken"):
            await make_account(telegram_user_id=LI)
    assert await make_account(Phone("13800000001"), telegram_user_id=LI)


async def test_consent_is_recorded_in_the_bot_and_asked_for_later_elsewhere(core: Core, desk: Desk) -> None:
    for channel, phone, agreed in ((Channel.BOT, "13800000001", True), (Channel.HTTP, "13800000002", False)):
        async with desk.write(channel) as uow:
            account = await core.accounts.register_by_phone(
                uow,
                role=Role.PATIENT,
                phone=Phone(phone),
                phone_verified=False,
                name=PersonName("甲"),
                password_hash=HASH,
            )
            assert await core.consents.has(uow, account.id, ConsentKind.PRIVACY) is agreed


async def test_a_consent_is_given_once_and_can_be_withdrawn_and_given_anew(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        await core.consents.give(uow, account.id, ConsentKind.PRIVACY)
        assert len((await uow.conn.execute(select(tables.consents))).all()) == 1
        await core.consents.withdraw(uow, account.id, ConsentKind.PRIVACY)
        assert not await core.consents.has(uow, account.id, ConsentKind.PRIVACY)
        await core.consents.give(uow, account.id, ConsentKind.PRIVACY)
        assert await core.consents.has(uow, account.id, ConsentKind.PRIVACY)
        assert not await core.consents.has(uow, account.id, ConsentKind.HEALTH)


async def test_a_consent_to_an_older_text_is_none_to_a_newer_one(
    core: Core, desk: Desk, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        await core.consents.give(uow, account.id, ConsentKind.HEALTH)
        monkeypatch.setitem(CURRENT_VERSION, ConsentKind.HEALTH, 2)
        assert not await core.consents.has(uow, account.id, ConsentKind.HEALTH)
        await core.consents.give(uow, account.id, ConsentKind.HEALTH)
        assert await core.consents.has(uow, account.id, ConsentKind.HEALTH)


async def test_of_many_who_give_one_consent_at_once_one_is_recorded(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account()

    async def give() -> None:
        async with desk.write(Channel.HTTP) as uow:
            await core.consents.give(uow, account.id, ConsentKind.HEALTH)

    await asyncio.gather(*(give() for _ in range(8)))
    async with desk.read() as uow:
        standing = (await uow.conn.execute(select(tables.consents).where(tables.consents.c.kind == "health"))).all()
        entries = select(tables.audit).where(
            tables.audit.c.action == Action.GIVE_CONSENT, tables.audit.c.reasons == "health"
        )
        assert (len(standing), len((await uow.conn.execute(entries)).all())) == (1, 1)


@pytest.mark.parametrize("number", ["", "P", "P0", "12", "X1", "P1x", "P1.2", "P" + "9" * 40])
async def test_what_is_no_account_number_says_so(core: Core, desk: Desk, number: str) -> None:
    async with desk.read() as uow:
        with pytest.raises(AccountError, match="wrong_number"):
            await core.accounts.find(uow, number)


async def test_a_number_of_another_role_finds_nobody(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    account = await make_account()
    async with desk.read() as uow:
        assert (await core.accounts.find(uow, f" p0{account.id} ")).id == account.id
        with pytest.raises(AccountError, match="unknown"):
            await core.accounts.find(uow, f"A{account.id}")


async def test_a_suspended_account_is_out_at_once_and_comes_back(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        await core.sessions.open_in_bot(uow, account, LI)
    async with desk.write(Channel.CLI) as uow:
        assert (await core.accounts.suspend(uow, account.id)).state is AccountState.SUSPENDED
        assert await core.sessions.of_people(uow, [LI]) == {}
    async with desk.write(Channel.CLI) as uow:
        with pytest.raises(AccountError, match="is_suspended"):
            await core.accounts.suspend(uow, account.id)
        assert (await core.accounts.restore(uow, account.id)).state is AccountState.ACTIVE
    assert await outbox(desk) == [(LI, "suspended"), (LI, "restored")]


async def test_the_last_active_admin_cannot_be_suspended(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    one = await make_account(role=Role.ADMIN)
    other = await make_account(Phone("13900000000"), role=Role.ADMIN)
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.suspend(uow, one.id)
    async with desk.write(Channel.CLI) as uow:
        with pytest.raises(AccountError, match="last_admin"):
            await core.accounts.suspend(uow, other.id)


async def test_two_admins_suspended_at_once_leave_one(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    admins = [await make_account(Phone(f"1390000000{number}"), role=Role.ADMIN) for number in range(2)]

    async def suspend(account_id: int) -> None:
        async with desk.write(Channel.CLI) as uow:
            await core.accounts.suspend(uow, account_id)

    outcomes = await asyncio.gather(*(suspend(admin.id) for admin in admins), return_exceptions=True)
    assert sorted(getattr(outcome, "code", "done") for outcome in outcomes) == ["account.last_admin", "done"]


async def test_nobody_suspends_themselves(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    admin = await make_account(role=Role.ADMIN)
    await make_account(Phone("13900000000"), role=Role.ADMIN)
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, admin, LI)
        with pytest.raises(AccountError, match=r"account\.own"):
            await core.accounts.suspend(uow, admin.id, by=signed)


async def test_a_password_reset_on_the_machine_ends_all_logins_and_tells(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        await core.sessions.open_in_bot(uow, account, LI)
    hashed = await core.passwords.hash(Password.parse(PASSWORD + "!"))
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.reset_password(uow, account.id, hashed)
        assert await core.sessions.of_people(uow, [LI]) == {}
    assert await outbox(desk) == [(LI, "password_reset")]


async def test_after_logout_nothing_is_pushed_to_that_chat(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    account = await make_account()
    async with desk.write() as uow:
        await core.sessions.open_in_bot(uow, account, HAN)
        await core.sessions.logout(uow, await core.sessions.open_in_bot(uow, account, LI))
        assert await account_chats.is_known(uow.conn, account.id, LI)
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.suspend(uow, account.id)
    assert await outbox(desk) == [(HAN, "suspended")]
