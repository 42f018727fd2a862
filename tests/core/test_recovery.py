"""Requests for a new password: who needs an admin, what admins see, and what becomes of a request meanwhile."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.account import Account
from core.audit import Action
from core.confirmations import Request
from core.core import Core
from core.crockford import ALPHABET
from core.errors import AccountError, CoreError, Throttled, Unauthenticated
from core.login import LoggedIn, LoginRefused
from core.notices import NoticeKind
from core.recovery import LIFE, AccountNumber, Named, Purpose
from core.sessions import Signed
from core.values import Age, Email, Password, Phone, Role, Sex, Username
from storage.tables import accounts as tables
from storage.tables.recovery import recovery_requests
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, PHONE, MakeAccount
from tests.core.test_login import HAN, LI, log_in

NEW = "three long new words"
STRANGER, WANG, ZHAO = 404, 501, 502


@pytest.fixture
async def account(make_account: MakeAccount) -> Account:
    return await make_account(telegram_user_id=LI, phone_verified=True)


@pytest.fixture
async def wang(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    """An admin."""
    return await opened(core, desk, await make_account(Phone("13900000001"), role=Role.ADMIN, name="王芳"), WANG)


async def opened(core: Core, desk: Desk, account: Account, person: int) -> Signed:
    async with desk.write() as uow:
        return await core.sessions.open_in_bot(uow, account, person)


async def ask(
    core: Core,
    desk: Desk,
    person: int = LI,
    named: Named = PHONE,
    *,
    role: Role = Role.PATIENT,
    own_contact: bool = False,
) -> str | None:
    async with desk.write() as uow:
        return await core.recovery.ask(uow, person, role, named, own_contact=own_contact)


async def number_of(core: Core, desk: Desk, person: int = LI, named: Named = PHONE) -> str:
    number = await ask(core, desk, person, named)
    assert number is not None
    return number


async def look(core: Core, desk: Desk, admin: Signed, number: str) -> Request | None:
    async with desk.write() as uow:
        return await core.confirmations.look(uow, admin, number)


async def confirm(core: Core, desk: Desk, admin: Signed, number: str) -> Account:
    """Looks and confirms, as the dialog does."""
    request = await look(core, desk, admin, number)
    assert request is not None
    assert request.account is not None
    async with desk.write() as uow:
        return await core.confirmations.confirm(uow, admin, request.id, seen_phone=request.account.phone)


async def reset(core: Core, desk: Desk, person: int = LI, new: str = NEW) -> Signed:
    async with desk.write() as uow:
        begun = await core.password_resets.begin(uow, person, Password.parse(new))
    hashed = await begun.hash()
    async with desk.write() as uow:
        return await core.password_resets.finish(uow, begun, hashed)


async def told(desk: Desk) -> list[tuple[int, str]]:
    async with desk.read() as uow:
        rows = await uow.conn.execute(
            select(tables.outbox.c.telegram_user_id, tables.outbox.c.kind).order_by(tables.outbox.c.id)
        )
        return [tuple(row) for row in rows]


async def refusal(coroutine: object) -> str:
    """The code of what it is refused with."""
    with pytest.raises(CoreError) as refused:
        await coroutine  # type: ignore[misc]
    return refused.value.code


async def test_who_verified_the_phone_here_needs_nobody(core: Core, desk: Desk, account: Account) -> None:
    assert await ask(core, desk, own_contact=True) is None
    signed = await reset(core, desk)
    assert (signed.account_id, signed.telegram_user_id) == (account.id, LI)
    assert isinstance(await log_in(core, desk, NEW), LoggedIn)
    assert await log_in(core, desk, PASSWORD) == LoginRefused()


async def test_a_contact_is_no_proof_from_another_telegram_user_as_numbers_are_recycled(
    core: Core, desk: Desk, account: Account
) -> None:
    assert await ask(core, desk, STRANGER, own_contact=True) is not None
    assert await ask(core, desk, LI, own_contact=False) is not None
    assert await refusal(reset(core, desk, STRANGER)) == "recovery.gone"


async def test_a_contact_is_no_proof_for_a_phone_that_was_only_typed(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    await make_account(telegram_user_id=LI)
    assert await ask(core, desk, LI, own_contact=True) is not None


@pytest.mark.parametrize(
    "named",
    [PHONE, Phone("13700000000"), Email("nobody@example.com"), Username("nobody"), AccountNumber(Role.PATIENT, 99)],
)
async def test_whether_there_is_such_an_account_cannot_be_told_from_the_answer(
    core: Core, desk: Desk, account: Account, named: Named
) -> None:
    number = await ask(core, desk, STRANGER, named)
    assert number is not None
    assert len(number) == 6
    assert set(number) <= set(ALPHABET)
    async with desk.read() as uow:
        waiting = await core.recovery.waiting(uow, STRANGER)
    assert waiting is not None
    assert (waiting.purpose, waiting.granted, waiting.until) == (Purpose.PASSWORD, False, desk.clock() + LIFE)


async def test_the_number_lies_nowhere_readable(core: Core, desk: Desk, account: Account) -> None:
    number = await number_of(core, desk)
    async with desk.read() as uow:
        (row,) = await uow.conn.execute(select(recovery_requests))
    assert number not in str(row)


@pytest.mark.parametrize("typed", ["{}", " {} ", "{:.3}-{}"])
async def test_an_admin_confirms_and_that_chat_sets_the_password(
    core: Core, desk: Desk, account: Account, wang: Signed, typed: str
) -> None:
    han = await opened(core, desk, account, HAN)
    number = await number_of(core, desk, STRANGER)
    written = typed.format(number, number[3:]).lower().replace("0", "o").replace("1", "l")
    await confirm(core, desk, wang, written)
    assert await told(desk) == [(HAN, NoticeKind.RESET_CONFIRMED), (STRANGER, NoticeKind.RESET_GRANTED)]
    assert await refusal(reset(core, desk, WANG)) == "recovery.gone"  # an admin holds nothing that opens an account
    signed = await reset(core, desk, STRANGER)
    assert signed.account_id == account.id
    assert (HAN, NoticeKind.PASSWORD_RESET) in await told(desk)
    async with desk.read() as uow:
        (living,) = await core.sessions.of_account(uow, account.id)
        assert living.telegram_user_id == STRANGER
        with pytest.raises(Unauthenticated):
            await core.sessions.check_living(uow, han)


async def test_what_was_done_is_audited_and_by_whom(core: Core, desk: Desk, account: Account, wang: Signed) -> None:
    await confirm(core, desk, wang, await number_of(core, desk, STRANGER))
    await reset(core, desk, STRANGER)
    actions = [Action.MAKE_REQUEST, Action.FIND, Action.CONFIRM_REQUEST, Action.SET_PASSWORD]
    async with desk.read() as uow:
        rows = await uow.conn.execute(
            select(tables.audit.c.action, tables.audit.c.actor, tables.audit.c.reasons)
            .where(tables.audit.c.action.in_(actions), tables.audit.c.subject == account.pseudonym)
            .order_by(tables.audit.c.id)
        )
        assert [tuple(row) for row in rows] == [
            (Action.MAKE_REQUEST, None, Purpose.PASSWORD),
            (Action.FIND, wang.pseudonym, None),
            (Action.CONFIRM_REQUEST, wang.pseudonym, Purpose.PASSWORD),
            (Action.SET_PASSWORD, None, None),
        ]


async def test_a_doctor_without_a_phone_is_found_by_email_username_and_number(
    core: Core, desk: Desk, wang: Signed
) -> None:
    async with desk.write() as uow:
        doctor = await core.accounts.register_by_email(
            uow,
            username=Username.parse("Dr_Ann"),
            email=Email.parse("Ann@example.com"),
            sex=Sex.FEMALE,
            age=Age.parse("35"),
            password_hash=await core.passwords.hash(Password.parse(PASSWORD)),
        )
    ways: list[Named] = [Email.parse("ann@EXAMPLE.com"), Username.parse("dr_ann"), AccountNumber.parse(doctor.number)]
    for person, named in enumerate(ways, start=STRANGER):
        number = await ask(core, desk, person, named, role=Role.DOCTOR)
        assert number is not None
        request = await look(core, desk, wang, number)
        assert request is not None
        assert request.account == doctor
        number = await ask(core, desk, person, named, role=Role.PATIENT)
        assert number is not None
        request = await look(core, desk, wang, number)
        assert request is not None
        assert request.account is None


async def test_staff_are_sent_to_the_operator(core: Core, desk: Desk, wang: Signed) -> None:
    asked = ask(core, desk, WANG, Phone("13900000001"), role=Role.ADMIN)
    assert await refusal(asked) == "recovery.staff"


async def test_a_request_lives_half_an_hour_and_so_does_what_was_granted(
    core: Core, desk: Desk, account: Account, wang: Signed, clock: SetClock
) -> None:
    number = await number_of(core, desk)
    clock.advance(minutes=30)
    assert await refusal(look(core, desk, wang, number)) == "recovery.expired"
    number = await number_of(core, desk)
    clock.advance(minutes=29, seconds=59)
    await confirm(core, desk, wang, number)
    clock.advance(minutes=29, seconds=59)
    assert await refusal(look(core, desk, wang, number)) == "recovery.confirmed_already"
    clock.advance(seconds=1)
    assert await refusal(reset(core, desk)) == "recovery.gone"


async def test_what_was_granted_is_good_for_one_password(core: Core, desk: Desk, account: Account) -> None:
    await ask(core, desk, own_contact=True)
    await reset(core, desk)
    assert await refusal(reset(core, desk, new="another long password")) == "recovery.gone"


async def test_who_asks_anew_has_the_new_number_only(core: Core, desk: Desk, account: Account, wang: Signed) -> None:
    first = await number_of(core, desk)
    request = await look(core, desk, wang, first)
    assert request is not None
    second = await number_of(core, desk)
    assert await refusal(look(core, desk, wang, first)) == "recovery.dropped"
    async with desk.write() as uow:
        stale = core.confirmations.confirm(uow, wang, request.id, seen_phone=PHONE.value)
        assert await refusal(stale) == "recovery.dropped"
    await confirm(core, desk, wang, second)


async def test_an_owner_who_sets_a_password_or_logs_out_everywhere_ends_what_others_asked(
    core: Core, desk: Desk, account: Account, wang: Signed
) -> None:
    li = await opened(core, desk, account, LI)
    await confirm(core, desk, wang, await number_of(core, desk, STRANGER))
    async with desk.write() as uow:
        await core.sessions.logout_everywhere(uow, li)
    assert await refusal(reset(core, desk, STRANGER)) == "recovery.gone"
    await confirm(core, desk, wang, await number_of(core, desk, STRANGER))
    async with desk.write() as uow:
        await core.accounts.reset_password(uow, account.id, await core.passwords.hash(Password.parse(NEW)))
    assert await refusal(reset(core, desk, STRANGER)) == "recovery.gone"


async def test_a_password_that_is_hashed_while_the_account_is_suspended_is_not_set(
    core: Core, desk: Desk, account: Account, wang: Signed
) -> None:
    await ask(core, desk, own_contact=True)
    async with desk.write() as uow:
        begun = await core.password_resets.begin(uow, LI, Password.parse(NEW))
    async with desk.write() as uow:
        await core.accounts.suspend(uow, account.id, by=wang)
    async with desk.write() as uow:
        finishing = core.password_resets.finish(uow, begun, await begun.hash())
        assert await refusal(finishing) == "recovery.gone"


async def test_a_telegram_user_gets_so_many_numbers_a_day(
    core: Core, desk: Desk, account: Account, clock: SetClock
) -> None:
    asked = await asyncio.gather(*(ask(core, desk, STRANGER) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(number, str) for number in asked) == 5
    refused = [each.code for each in asked if isinstance(each, Throttled)]
    assert refused == ["recovery.too_many"] * 5
    assert await ask(core, desk, LI, own_contact=True) is None
    clock.advance(days=1)
    assert await ask(core, desk, STRANGER) is not None


async def test_of_two_passwords_at_once_one_is_set(core: Core, desk: Desk, account: Account) -> None:
    await ask(core, desk, own_contact=True)
    passwords = ("the first long password", "the second long password")
    done = await asyncio.gather(*(reset(core, desk, new=new) for new in passwords), return_exceptions=True)
    assert sum(isinstance(each, Signed) for each in done) == 1
    assert [each.code for each in done if isinstance(each, AccountError)] == ["recovery.gone"]


async def test_requests_are_cleared_away_a_day_after_their_time(
    core: Core, desk: Desk, account: Account, clock: SetClock
) -> None:
    await ask(core, desk)
    clock.now += LIFE + timedelta(days=1)
    async with desk.write() as uow:
        assert await core.recovery.purge(uow) == 0
        clock.advance(seconds=1)
    async with desk.write() as uow:
        assert await core.recovery.purge(uow) == 1


async def test_an_erased_account_is_nobodys(core: Core, desk: Desk, account: Account, wang: Signed) -> None:
    li = await opened(core, desk, account, LI)
    async with desk.write() as uow:
        await core.erasing.erase(uow, li)
    for named in (PHONE, AccountNumber.parse(account.number)):
        request = await look(core, desk, wang, await number_of(core, desk, STRANGER, named))
        assert request is not None
        assert request.account is None
