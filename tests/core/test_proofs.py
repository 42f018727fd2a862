"""Proving oneself: who is logged in is asked for the password once more, and guesses as little as at a login."""

import asyncio

import bcrypt
import pytest
from sqlalchemy import select, update

from core.account import Account
from core.audit import Action
from core.core import Core
from core.errors import Forbidden, Throttled, Unauthenticated
from core.login import LoggedIn, LoginAttempt
from core.sessions import Signed
from core.unit import Channel
from core.values import Password
from storage.tables import accounts as tables
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, MakeAccount
from tests.core.test_login import HAN, LI, log_in


@pytest.fixture
async def account(make_account: MakeAccount) -> Account:
    return await make_account()


@pytest.fixture
async def li(core: Core, desk: Desk, account: Account) -> Signed:
    async with desk.write() as uow:
        return await core.sessions.open_in_bot(uow, account, LI)


async def begin(core: Core, desk: Desk, signed: Signed, password: str) -> LoginAttempt:
    async with desk.write() as uow:
        return await core.login.begin_proof(uow, signed, password)


async def prove(core: Core, desk: Desk, signed: Signed, password: str = PASSWORD) -> bool:
    attempt = await begin(core, desk, signed, password)
    await attempt.verify()
    async with desk.write() as uow:
        return await core.login.finish_proof(uow, signed, attempt)


async def test_the_right_password_proves_and_leaves_the_login_as_it_is(core: Core, desk: Desk, li: Signed) -> None:
    assert await prove(core, desk, li)
    async with desk.read() as uow:
        assert (await core.sessions.of_people(uow, [LI]))[LI].session_id == li.session_id


async def test_a_wrong_one_does_not_and_is_audited_as_a_failed_login_of_who_tried(
    core: Core, desk: Desk, li: Signed
) -> None:
    assert not await prove(core, desk, li, "wrong")
    async with desk.read() as uow:
        entries = select(tables.audit.c.actor, tables.audit.c.subject).where(tables.audit.c.action == Action.FAIL_LOGIN)
        assert [tuple(row) for row in await uow.conn.execute(entries)] == [(li.pseudonym, li.pseudonym)]


async def test_wrong_ones_are_counted_together_with_failed_logins_and_waited_for(
    core: Core, desk: Desk, li: Signed, clock: SetClock
) -> None:
    for _ in range(3):
        assert not await prove(core, desk, li, "wrong")
    for _ in range(2):
        await log_in(core, desk, "wrong")
    with pytest.raises(Throttled) as refusal:
        await prove(core, desk, li)
    clock.advance(seconds=refusal.value.wait_seconds)
    assert await prove(core, desk, li)


async def test_right_ones_are_not_counted(core: Core, desk: Desk, li: Signed) -> None:
    for password in ("wrong", "wrong", "wrong", "wrong", *[PASSWORD] * 6):
        assert await prove(core, desk, li, password) is (password == PASSWORD)


async def test_many_wrong_ones_at_once_get_no_more_looks(core: Core, desk: Desk, li: Signed) -> None:
    tries = await asyncio.gather(*(prove(core, desk, li, f"wrong {n}") for n in range(20)), return_exceptions=True)
    assert tries.count(False) == 5
    assert sum(isinstance(each, Throttled) for each in tries) == 15


async def test_who_guesses_in_one_chat_locks_the_owner_out_of_no_other(
    core: Core, desk: Desk, account: Account, li: Signed
) -> None:
    async with desk.write() as uow:
        han = await core.sessions.open_in_bot(uow, account, HAN)
    for _ in range(5):
        await prove(core, desk, han, "wrong")
    with pytest.raises(Throttled):
        await prove(core, desk, han)
    assert await prove(core, desk, li)


async def test_a_try_that_was_given_up_is_not_counted(core: Core, desk: Desk, li: Signed) -> None:
    for _ in range(6):
        attempt = await begin(core, desk, li, "wrong")
        async with desk.write() as uow:
            await core.login.give_up(uow, attempt)
    assert await prove(core, desk, li)


async def test_a_password_that_was_set_anew_meanwhile_ends_the_login_and_proves_nothing(
    core: Core, desk: Desk, account: Account, li: Signed
) -> None:
    attempt = await begin(core, desk, li, PASSWORD)
    await attempt.verify()
    hashed = await core.passwords.hash(Password.parse("three long new words"))
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.reset_password(uow, account.id, hashed)
    with pytest.raises(Unauthenticated):
        async with desk.write() as uow:
            await core.login.finish_proof(uow, li, attempt)


async def test_an_imported_hash_is_upgraded_by_a_proof(core: Core, desk: Desk, account: Account, li: Signed) -> None:
    plain = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    async with desk.write() as uow:
        await uow.conn.execute(
            update(tables.accounts).values(password_hash=plain, password_scheme="bcrypt", pepper_id=None)
        )
    assert await prove(core, desk, li)
    async with desk.read() as uow:
        scheme = (await uow.conn.execute(select(tables.accounts.c.password_scheme))).scalar_one()
    assert scheme == "bcrypt-sha384"
    assert isinstance(await log_in(core, desk), LoggedIn)


async def test_a_lapsed_login_proves_nothing(core: Core, desk: Desk, li: Signed, clock: SetClock) -> None:
    clock.advance(days=14)
    async with desk.read() as uow:
        lapsed = (await core.sessions.of_people(uow, [LI]))[LI]
    with pytest.raises(Forbidden):
        await prove(core, desk, lapsed)
