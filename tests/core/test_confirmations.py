"""Admins confirm requests: what they see, whose they may not, who of two is first (SECURITY.md The assisted way)."""

import asyncio

import pytest

from core.account import Account
from core.confirmations import FREE_TRIES
from core.core import Core
from core.errors import AccountError, Forbidden, InvalidValue, Throttled, Unauthenticated
from core.notices import NoticeKind
from core.sessions import Signed
from core.values import Phone, Role
from storage import accounts as account_store
from storage.tables.recovery import recovery_requests
from tests.conftest import Desk, SetClock
from tests.core.conftest import PHONE, MakeAccount
from tests.core.test_login import LI
from tests.core.test_recovery import STRANGER, WANG, ZHAO, ask, confirm, look, number_of, opened, refusal, reset, told


@pytest.fixture
async def account(make_account: MakeAccount) -> Account:
    return await make_account(telegram_user_id=LI, phone_verified=True)


@pytest.fixture
async def wang(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    """An admin."""
    return await opened(core, desk, await make_account(Phone("13900000001"), role=Role.ADMIN, name="王芳"), WANG)


@pytest.fixture
async def zhao(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    """Another one."""
    return await opened(core, desk, await make_account(Phone("13900000002"), role=Role.ADMIN, name="赵敏"), ZHAO)


async def test_a_patient_may_neither_look_nor_confirm(core: Core, desk: Desk, account: Account) -> None:
    li = await opened(core, desk, account, LI)
    number = await number_of(core, desk, STRANGER)
    with pytest.raises(Forbidden):
        await look(core, desk, li, number)
    async with desk.write() as uow:
        with pytest.raises(Forbidden):
            await core.confirmations.confirm(uow, li, 1, seen_phone=PHONE.value)


async def test_nobody_confirms_for_themselves(
    core: Core, desk: Desk, account: Account, make_account: MakeAccount, wang: Signed
) -> None:
    from_own_chat = await number_of(core, desk, WANG)
    assert await refusal(look(core, desk, wang, from_own_chat)) == "account.own"
    await make_account(Phone("13700000007"), telegram_user_id=WANG)
    async with desk.write() as uow:  # an account that was logged in from the admin's Telegram
        own = await core.accounts.find(uow, "P3")
        await core.sessions.open_in_bot(uow, own, ZHAO)
        await core.sessions.open_in_bot(uow, own, WANG)
        admin = await core.accounts.find(uow, "A2")
    again = await opened(core, desk, admin, WANG)
    of_own_account = await number_of(core, desk, STRANGER, Phone("13700000007"))
    assert await refusal(look(core, desk, again, of_own_account)) == "account.own"


async def test_nobody_confirms_for_staff_whatever_request_there_is(
    core: Core, desk: Desk, account: Account, wang: Signed, zhao: Signed
) -> None:
    """Staff cannot ask; were there a request of theirs all the same, it is the operator's."""
    number = await number_of(core, desk, STRANGER)
    request = await look(core, desk, wang, number)
    assert request is not None
    async with desk.write() as uow:
        await uow.conn.execute(recovery_requests.update().values(account_id=zhao.account_id))
    assert await refusal(look(core, desk, wang, number)) == "recovery.staff"
    async with desk.write() as uow:
        confirming = core.confirmations.confirm(uow, wang, request.id, seen_phone="13900000002")
        assert await refusal(confirming) == "recovery.staff"


async def test_a_suspended_account_is_restored_first(core: Core, desk: Desk, account: Account, wang: Signed) -> None:
    async with desk.write() as uow:
        await core.accounts.suspend(uow, account.id, by=wang)
    number = await ask(core, desk, LI, own_contact=True)
    assert number is not None  # not told to whom may not be the owner
    assert await refusal(look(core, desk, wang, number)) == "recovery.suspended"


async def test_an_admin_who_confirms_too_late_reads_that(
    core: Core, desk: Desk, account: Account, wang: Signed, clock: SetClock
) -> None:
    request = await look(core, desk, wang, await number_of(core, desk))
    assert request is not None
    clock.advance(minutes=30)
    async with desk.write() as uow:
        late = core.confirmations.confirm(uow, wang, request.id, seen_phone=PHONE.value)
        assert await refusal(late) == "recovery.expired"
    assert await told(desk) == []


async def test_whose_account_is_suspended_between_look_and_confirmation_is_not_granted_anything(
    core: Core, desk: Desk, account: Account, wang: Signed, zhao: Signed
) -> None:
    request = await look(core, desk, wang, await number_of(core, desk, STRANGER))
    assert request is not None
    async with desk.write() as uow:
        await core.accounts.suspend(uow, account.id, by=zhao)
    async with desk.write() as uow:
        confirming = core.confirmations.confirm(uow, wang, request.id, seen_phone=PHONE.value)
        assert await refusal(confirming) == "recovery.suspended"


async def test_an_admin_who_was_logged_out_meanwhile_confirms_nothing(
    core: Core, desk: Desk, account: Account, wang: Signed
) -> None:
    number = await number_of(core, desk, STRANGER)
    request = await look(core, desk, wang, number)
    assert request is not None
    async with desk.write() as uow:
        await core.sessions.logout(uow, wang)
    async with desk.write() as uow:
        with pytest.raises(Unauthenticated):
            await core.confirmations.confirm(uow, wang, request.id, seen_phone=PHONE.value)
    assert await refusal(reset(core, desk, STRANGER)) == "recovery.gone"


async def test_what_the_admin_saw_is_what_is_confirmed(
    core: Core, desk: Desk, make_account: MakeAccount, wang: Signed
) -> None:
    account = await make_account()
    request = await look(core, desk, wang, await number_of(core, desk, STRANGER))
    assert request is not None
    async with desk.write() as uow:
        await account_store.change(uow.conn, account.id, uow.now, {"phone": "13700000001"})
        changed = core.confirmations.confirm(uow, wang, request.id, seen_phone=PHONE.value)
        assert await refusal(changed) == "recovery.changed"
    await confirm(core, desk, wang, await number_of(core, desk, STRANGER, Phone("13700000001")))


@pytest.mark.parametrize("typed", ["", "7K3M2", "7K3M2QQ", "C-7K3M2Q", "P12", "7K3M2U", "７Ｋ３Ｍ２Ｑ'; --"], ids=repr)
async def test_what_is_no_number_is_said_and_not_counted(core: Core, desk: Desk, wang: Signed, typed: str) -> None:
    for _ in range(FREE_TRIES + 2):
        with pytest.raises(InvalidValue, match=r"recovery\.wrong_number"):
            await look(core, desk, wang, typed)


async def test_fifty_guesses_at_once_get_no_more_looks_than_the_limit(core: Core, desk: Desk, wang: Signed) -> None:
    guesses = await asyncio.gather(
        *(look(core, desk, wang, f"{number:06}") for number in range(50)), return_exceptions=True
    )
    assert [guess for guess in guesses if guess is None] == [None] * FREE_TRIES
    waits = [guess for guess in guesses if isinstance(guess, Throttled)]
    assert len(waits) == 50 - FREE_TRIES
    assert {wait.code for wait in waits} == {"recovery.throttled"}


async def test_right_numbers_are_not_counted(core: Core, desk: Desk, account: Account, wang: Signed) -> None:
    number = await number_of(core, desk)
    for _ in range(FREE_TRIES + 2):
        assert await look(core, desk, wang, number) is not None


async def test_of_two_admins_at_once_one_confirms_and_the_other_reads_that(
    core: Core, desk: Desk, account: Account, wang: Signed, zhao: Signed
) -> None:
    number = await number_of(core, desk, STRANGER)
    done = await asyncio.gather(*(confirm(core, desk, admin, number) for admin in (wang, zhao)), return_exceptions=True)
    assert sum(isinstance(each, Account) for each in done) == 1
    assert [each.code for each in done if isinstance(each, AccountError)] == ["recovery.confirmed_already"]
    assert [kind for _, kind in await told(desk)].count(NoticeKind.RESET_GRANTED) == 1
