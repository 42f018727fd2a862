"""Changing one's own password: what is refused, what ends, who is told, and who of two is first."""

import asyncio

import pytest
from sqlalchemy import select

from core.account import Account
from core.audit import Action
from core.core import Core
from core.errors import Forbidden, InvalidValue, Unauthenticated
from core.login import LoggedIn, LoginRefused
from core.notices import NoticeKind
from core.sessions import EndReason, Signed
from core.values import Age, Email, Password, Sex, Username
from storage.tables import accounts as tables
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, PHONE, MakeAccount
from tests.core.test_login import HAN, LI, log_in

NEW = "three long new words"


@pytest.fixture
async def account(make_account: MakeAccount) -> Account:
    return await make_account(name="王小明王小明王小明")


@pytest.fixture
async def li(core: Core, desk: Desk, account: Account) -> Signed:
    return await opened(core, desk, account, LI)


async def opened(core: Core, desk: Desk, account: Account, person: int) -> Signed:
    async with desk.write() as uow:
        return await core.sessions.open_in_bot(uow, account, person)


async def change(core: Core, desk: Desk, signed: Signed, new: str = NEW) -> Signed | None:
    async with desk.write() as uow:
        begun = await core.password_changes.begin(uow, signed, Password.parse(new))
    hashed = await begun.hash()
    async with desk.write() as uow:
        return await core.password_changes.finish(uow, signed, hashed)


async def test_the_new_password_logs_in_and_the_old_one_does_not(core: Core, desk: Desk, li: Signed) -> None:
    await change(core, desk, li)
    assert isinstance(await log_in(core, desk, NEW), LoggedIn)
    assert await log_in(core, desk, PASSWORD) == LoginRefused()


async def test_t25_every_login_ends_and_only_the_chat_where_it_was_done_gets_a_new_one(
    core: Core, desk: Desk, account: Account, li: Signed
) -> None:
    await opened(core, desk, account, HAN)
    async with desk.write() as uow:
        token = (await core.sessions.open_over_http(uow, account)).access_token
    here = await change(core, desk, li)
    assert here is not None
    async with desk.read() as uow:
        (living,) = await core.sessions.of_account(uow, account.id)
        assert (living.session_id, living.telegram_user_id) == (here.session_id, LI)
        assert here.session_id != li.session_id
        with pytest.raises(Unauthenticated):
            await core.sessions.authenticate(uow, token)


async def test_the_other_chats_are_told_and_the_audit_names_who_did_it(
    core: Core, desk: Desk, account: Account, li: Signed
) -> None:
    await opened(core, desk, account, HAN)
    await change(core, desk, li)
    async with desk.read() as uow:
        told = await uow.conn.execute(select(tables.outbox.c.telegram_user_id, tables.outbox.c.kind))
        assert [tuple(row) for row in told] == [(HAN, NoticeKind.PASSWORD_CHANGED)]
        entries = await uow.conn.execute(
            select(tables.audit.c.action, tables.audit.c.actor, tables.audit.c.reasons)
            .where(tables.audit.c.action.in_([Action.SET_PASSWORD, Action.LOG_OUT_EVERYWHERE]))
            .order_by(tables.audit.c.id)
        )
        assert [tuple(row) for row in entries] == [
            (Action.SET_PASSWORD, account.pseudonym, None),
            (Action.LOG_OUT_EVERYWHERE, None, EndReason.PASSWORD_CHANGED),
        ]


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (PASSWORD, "password.same"),
        (PHONE.value, "password.is_own_data"),
        ("王小明王小明王小明", "password.is_own_data"),
        ("password123", "password.too_common"),
    ],
)
async def test_a_password_that_is_no_new_one_or_easily_guessed_is_refused(
    core: Core, desk: Desk, li: Signed, new: str, code: str
) -> None:
    with pytest.raises(InvalidValue) as refusal:
        await change(core, desk, li, new)
    assert (refusal.value.code, refusal.value.field) == (code, "password")
    assert isinstance(await log_in(core, desk, PASSWORD), LoggedIn)


@pytest.mark.parametrize("new", ["dr_ann_li", "Ann.Li.1990"], ids=["username", "local part of the e-mail"])
async def test_a_doctors_username_and_email_are_own_data_too(core: Core, desk: Desk, new: str) -> None:
    hashed = await core.passwords.hash(Password.parse(PASSWORD))
    async with desk.write() as uow:
        account = await core.accounts.register_by_email(
            uow,
            username=Username.parse("dr_ann_li"),
            email=Email.parse("ann.li.1990@example.com"),
            sex=Sex.FEMALE,
            age=Age.parse("35"),
            password_hash=hashed,
        )
    with pytest.raises(InvalidValue, match="is_own_data"):
        await change(core, desk, await opened(core, desk, account, LI), new)


async def test_of_two_who_change_it_at_once_the_second_is_logged_out_by_the_first(
    core: Core, desk: Desk, account: Account, li: Signed
) -> None:
    han = await opened(core, desk, account, HAN)
    passwords = ("what li has chosen", "what han has chosen")
    done = await asyncio.gather(
        *(change(core, desk, who, new) for who, new in zip((li, han), passwords, strict=True)), return_exceptions=True
    )
    (winner,) = (number for number, each in enumerate(done) if isinstance(each, Signed))
    assert isinstance(done[1 - winner], Unauthenticated)
    async with desk.read() as uow:
        (living,) = await core.sessions.of_account(uow, account.id)
        assert living.telegram_user_id == (LI, HAN)[winner]
    assert isinstance(await log_in(core, desk, passwords[winner]), LoggedIn)
    assert await log_in(core, desk, passwords[1 - winner]) == LoginRefused()


async def test_a_login_that_was_ended_meanwhile_changes_nothing(core: Core, desk: Desk, li: Signed) -> None:
    async with desk.write() as uow:
        await core.sessions.logout(uow, li)
    with pytest.raises(Unauthenticated):
        await change(core, desk, li)
    assert isinstance(await log_in(core, desk, PASSWORD), LoggedIn)


async def test_a_lapsed_login_changes_nothing(core: Core, desk: Desk, li: Signed, clock: SetClock) -> None:
    clock.advance(days=14)
    async with desk.read() as uow:
        lapsed = (await core.sessions.of_people(uow, [LI]))[LI]
    with pytest.raises(Forbidden):
        await change(core, desk, lapsed)
