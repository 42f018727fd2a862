"""Changing one's phone: by one's own contact, or confirmed by an admin; who loses what by it, and who is told."""

import asyncio

import pytest
from sqlalchemy import select

from core.account import Account
from core.audit import Action
from core.core import Core
from core.errors import AccountError, Forbidden, Throttled, Unauthenticated
from core.login import LoggedIn
from core.notices import NoticeKind
from core.recovery import A_DAY, Purpose
from core.sessions import EndReason, Signed
from core.values import Phone, Role
from storage import accounts as account_store
from storage.tables import accounts as tables
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, PHONE, MakeAccount
from tests.core.test_login import HAN, LI, log_in
from tests.core.test_recovery import STRANGER, WANG, confirm, look, opened, refusal, reset, told

NEW = Phone("13987654321")


@pytest.fixture
async def account(make_account: MakeAccount) -> Account:
    return await make_account(telegram_user_id=LI, phone_verified=True)


@pytest.fixture
async def li(core: Core, desk: Desk, account: Account) -> Signed:
    return await opened(core, desk, account, LI)


@pytest.fixture
async def wang(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    """An admin."""
    return await opened(core, desk, await make_account(Phone("13900000001"), role=Role.ADMIN, name="王芳"), WANG)


async def by_contact(core: Core, desk: Desk, signed: Signed, phone: Phone = NEW) -> bool:
    async with desk.write() as uow:
        return await core.phone_changes.by_contact(uow, signed, phone)


async def ask(core: Core, desk: Desk, signed: Signed, phone: Phone = NEW) -> str:
    async with desk.write() as uow:
        return await core.recovery.ask_for_phone(uow, signed, phone)


async def stored(desk: Desk, account_id: int) -> tuple[str | None, bool, int | None]:
    """The account's phone, whether it is verified, and by whom."""
    async with desk.read() as uow:
        row = await account_store.get(uow.conn, account_id)
    assert row is not None
    return row.phone, row.phone_verified_at is not None, row.phone_verified_by


async def test_t25_the_shared_number_holds_at_once_and_only_this_chat_stays_logged_in(
    core: Core, desk: Desk, account: Account, li: Signed
) -> None:
    han = await opened(core, desk, account, HAN)
    assert await by_contact(core, desk, li)
    assert await stored(desk, account.id) == (NEW.value, True, LI)
    async with desk.read() as uow:
        (living,) = await core.sessions.of_account(uow, account.id)
        assert (living.telegram_user_id, living.session_id == li.session_id) == (LI, False)
        with pytest.raises(Unauthenticated):
            await core.sessions.check_living(uow, han)
        entries = await uow.conn.execute(
            select(tables.audit.c.action, tables.audit.c.actor, tables.audit.c.reasons)
            .where(tables.audit.c.action.in_([Action.CHANGE_PHONE, Action.LOG_OUT_EVERYWHERE]))
            .order_by(tables.audit.c.id)
        )
        assert [tuple(row) for row in entries] == [
            (Action.CHANGE_PHONE, account.pseudonym, None),
            (Action.LOG_OUT_EVERYWHERE, None, EndReason.PHONE_CHANGED),
        ]
    assert await told(desk) == [(HAN, NoticeKind.PHONE_CHANGED)]
    assert isinstance(await log_in(core, desk, PASSWORD, who=NEW), LoggedIn)


async def test_the_old_number_is_free_again(core: Core, desk: Desk, li: Signed, make_account: MakeAccount) -> None:
    await by_contact(core, desk, li)
    assert (await make_account(telegram_user_id=HAN, phone_verified=True)).phone == PHONE.value


async def test_sharing_the_number_one_has_verifies_it_and_ends_nothing(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account()
    li = await opened(core, desk, account, LI)
    await opened(core, desk, account, HAN)
    assert not await by_contact(core, desk, li, PHONE)
    assert await stored(desk, account.id) == (PHONE.value, True, LI)
    async with desk.read() as uow:
        assert len(await core.sessions.of_account(uow, account.id)) == 2
    assert await told(desk) == []


async def test_a_number_that_another_account_holds_unverified_is_claimed(
    core: Core, desk: Desk, li: Signed, account: Account, make_account: MakeAccount
) -> None:
    loser = await make_account(NEW, telegram_user_id=HAN)
    await opened(core, desk, loser, HAN)
    assert await by_contact(core, desk, li)
    assert await stored(desk, account.id) == (NEW.value, True, LI)
    assert await stored(desk, loser.id) == (None, False, None)
    assert await told(desk) == [(HAN, NoticeKind.PHONE_CLAIMED)]
    async with desk.read() as uow:
        assert await core.sessions.of_account(uow, loser.id) == []


async def test_a_number_that_another_account_has_verified_is_refused_and_nothing_changes(
    core: Core, desk: Desk, li: Signed, account: Account, make_account: MakeAccount
) -> None:
    await make_account(NEW, telegram_user_id=HAN, phone_verified=True)
    assert await refusal(by_contact(core, desk, li)) == "phone.taken"
    assert await refusal(ask(core, desk, li)) == "phone.taken"
    assert await stored(desk, account.id) == (PHONE.value, True, LI)


async def test_the_same_number_may_be_a_doctors(core: Core, desk: Desk, li: Signed, make_account: MakeAccount) -> None:
    await make_account(NEW, role=Role.DOCTOR, telegram_user_id=HAN, phone_verified=True)
    assert await by_contact(core, desk, li)


async def test_of_two_who_take_one_number_at_once_one_has_it(
    core: Core, desk: Desk, li: Signed, make_account: MakeAccount
) -> None:
    other = await make_account(Phone("13700000001"), telegram_user_id=HAN)
    han = await opened(core, desk, other, HAN)
    done = await asyncio.gather(*(by_contact(core, desk, who) for who in (li, han)), return_exceptions=True)
    assert done.count(True) == 1
    assert [each.code for each in done if isinstance(each, AccountError)] == ["phone.taken"]


async def test_a_login_that_was_ended_meanwhile_changes_nothing(
    core: Core, desk: Desk, account: Account, li: Signed
) -> None:
    async with desk.write() as uow:
        await core.sessions.logout_everywhere(uow, li)
    for act in (by_contact, ask):
        with pytest.raises(Unauthenticated):
            await act(core, desk, li)
    assert await stored(desk, account.id) == (PHONE.value, True, LI)


async def test_a_typed_number_is_confirmed_by_an_admin_and_stays_unverified(
    core: Core, desk: Desk, account: Account, li: Signed, wang: Signed
) -> None:
    await opened(core, desk, account, HAN)
    number = await ask(core, desk, li)
    assert await stored(desk, account.id) == (PHONE.value, True, LI)
    request = await look(core, desk, wang, number)
    assert request is not None
    assert (request.purpose, request.account, request.phone) == (Purpose.PHONE, account, NEW.value)
    await confirm(core, desk, wang, number)
    assert await stored(desk, account.id) == (NEW.value, False, None)
    async with desk.read() as uow:
        (living,) = await core.sessions.of_account(uow, account.id)
    assert living.telegram_user_id == LI
    assert sorted(await told(desk)) == [(LI, NoticeKind.PHONE_CHANGED), (HAN, NoticeKind.PHONE_CHANGED)]
    assert await refusal(look(core, desk, wang, number)) == "recovery.confirmed_already"
    assert await refusal(reset(core, desk)) == "recovery.gone"  # a phone's request sets no password


async def test_who_logged_out_or_in_elsewhere_while_they_waited_is_not_logged_in_by_it(
    core: Core, desk: Desk, account: Account, li: Signed, wang: Signed, make_account: MakeAccount
) -> None:
    number = await ask(core, desk, li)
    other = await opened(core, desk, await make_account(Phone("13700000001")), LI)
    await confirm(core, desk, wang, number)
    async with desk.read() as uow:
        assert await core.sessions.of_account(uow, account.id) == []
        await core.sessions.check_living(uow, other)


async def test_what_a_stranger_asked_for_ends_when_the_owner_ends_their_login(
    core: Core, desk: Desk, account: Account, li: Signed, wang: Signed
) -> None:
    stranger = await opened(core, desk, account, HAN)
    number = await ask(core, desk, stranger)
    async with desk.write() as uow:
        assert await core.sessions.end_one(uow, li, stranger.session_id)
    assert await refusal(look(core, desk, wang, number)) == "recovery.dropped"
    assert await stored(desk, account.id) == (PHONE.value, True, LI)


async def test_a_number_taken_while_it_waited_is_not_given_and_the_request_stands(
    core: Core, desk: Desk, account: Account, li: Signed, wang: Signed, make_account: MakeAccount
) -> None:
    number = await ask(core, desk, li)
    request = await look(core, desk, wang, number)
    assert request is not None
    await make_account(NEW)
    async with desk.write() as uow:  # committed, as the bot commits what it says of it
        assert await refusal(core.confirmations.confirm(uow, wang, request.id, seen_phone=PHONE.value)) == "phone.taken"
    assert await stored(desk, account.id) == (PHONE.value, True, LI)
    assert await look(core, desk, wang, number) is not None


async def test_the_number_one_has_needs_nobody_to_confirm_it(core: Core, desk: Desk, li: Signed) -> None:
    assert await refusal(ask(core, desk, li, PHONE)) == "phone.same"


async def test_staff_share_their_own_contact(core: Core, desk: Desk, wang: Signed) -> None:
    assert await refusal(ask(core, desk, wang)) == "recovery.staff_phone"
    assert await by_contact(core, desk, wang)
    assert await stored(desk, wang.account_id) == (NEW.value, True, WANG)


async def test_both_kinds_of_request_count_together(core: Core, desk: Desk, li: Signed) -> None:
    for _ in range(A_DAY):
        await ask(core, desk, li)
    with pytest.raises(Throttled):
        await ask(core, desk, li)


async def test_a_lapsed_login_may_not(core: Core, desk: Desk, account: Account, li: Signed, clock: SetClock) -> None:
    clock.advance(days=14)
    async with desk.read() as uow:
        lapsed = (await core.sessions.of_people(uow, [LI]))[LI]
    with pytest.raises(Forbidden):
        await by_contact(core, desk, lapsed)
    assert await stored(desk, account.id) == (PHONE.value, True, LI)


async def test_a_new_number_of_the_attackers_is_no_way_around_the_one_who_verified(
    core: Core, desk: Desk, account: Account, li: Signed, wang: Signed
) -> None:
    """After an assisted change nobody has verified the number: a contact alone resets nothing."""
    await confirm(core, desk, wang, await ask(core, desk, li))
    for person in (LI, STRANGER):
        async with desk.write() as uow:
            assert await core.recovery.ask(uow, person, Role.PATIENT, NEW, own_contact=True) is not None
