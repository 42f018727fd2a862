"""Ending one login or all of them, as their owner does, and what the account reads of it again."""

import asyncio

import pytest
from sqlalchemy import select

from core.account import Account
from core.audit import Action
from core.core import Core
from core.notices import NoticeKind
from core.sessions import EndReason, Signed
from core.values import Phone
from storage import account_chats
from storage.tables import accounts as tables
from tests.conftest import Desk, SetClock
from tests.core.conftest import MakeAccount

LI = 700_000_000_001
HAN = 700_000_000_002


@pytest.fixture
async def account(make_account: MakeAccount) -> Account:
    return await make_account()


async def opened(core: Core, desk: Desk, account: Account, *people: int) -> list[Signed]:
    async with desk.write() as uow:
        return [await core.sessions.open_in_bot(uow, account, person) for person in people]


async def living(core: Core, desk: Desk, account: Account) -> set[str]:
    async with desk.read() as uow:
        return {one.session_id for one in await core.sessions.of_account(uow, account.id)}


async def audited(desk: Desk) -> list[tuple[str, str | None, str | None]]:
    entries = select(tables.audit.c.action, tables.audit.c.actor, tables.audit.c.reasons).where(
        tables.audit.c.action.in_([Action.LOG_OUT, Action.LOG_OUT_EVERYWHERE])
    )
    async with desk.read() as uow:
        return [(action, actor, reasons) for action, actor, reasons in await uow.conn.execute(entries)]


async def test_the_owner_ends_one_login_and_no_other(core: Core, desk: Desk, account: Account) -> None:
    here, there = await opened(core, desk, account, LI, HAN)
    async with desk.write() as uow:
        assert await core.sessions.end_one(uow, here, there.session_id)
    assert await living(core, desk, account) == {here.session_id}
    assert await audited(desk) == [(Action.LOG_OUT, account.pseudonym, EndReason.ENDED_BY_OWNER)]


async def test_nobody_ends_a_login_of_another_account(
    core: Core, desk: Desk, account: Account, make_account: MakeAccount
) -> None:
    other = await make_account(Phone("13900000000"))
    (mine,), (theirs,) = await opened(core, desk, account, LI), await opened(core, desk, other, HAN)
    async with desk.write() as uow:
        assert not await core.sessions.end_one(uow, mine, theirs.session_id)
    assert await living(core, desk, other) == {theirs.session_id}
    assert await audited(desk) == []


async def test_of_many_who_end_one_login_at_once_one_does(core: Core, desk: Desk, account: Account) -> None:
    here, there = await opened(core, desk, account, LI, HAN)

    async def end() -> bool:
        async with desk.write() as uow:
            return await core.sessions.end_one(uow, here, there.session_id)

    assert sorted(await asyncio.gather(*(end() for _ in range(8)))) == [False] * 7 + [True]
    assert len(await audited(desk)) == 1


async def test_a_chat_whose_login_was_ended_is_told_once_and_forgotten(
    core: Core, desk: Desk, account: Account
) -> None:
    here, there = await opened(core, desk, account, LI, HAN)
    async with desk.write() as uow:
        await core.sessions.end_one(uow, here, there.session_id)
        await core.notices.tell(uow, account.id, NoticeKind.PASSWORD_RESET)
        told = await uow.conn.execute(select(tables.outbox.c.telegram_user_id, tables.outbox.c.kind))
        assert {tuple(row) for row in told} == {(HAN, NoticeKind.LOGIN_ENDED), (LI, NoticeKind.PASSWORD_RESET)}
        assert not await account_chats.is_known(uow.conn, account.id, HAN)


async def test_t26_log_out_everywhere_ends_every_login_and_forgets_the_other_chats(
    core: Core, desk: Desk, account: Account
) -> None:
    here, _ = await opened(core, desk, account, LI, HAN)
    async with desk.write() as uow:
        await core.sessions.open_over_http(uow, account)
        await core.sessions.logout_everywhere(uow, here)
    assert await living(core, desk, account) == set()
    assert await audited(desk) == [(Action.LOG_OUT_EVERYWHERE, account.pseudonym, EndReason.LOGOUT_EVERYWHERE)]
    async with desk.write() as uow:
        assert await core.notices.tell(uow, account.id, NoticeKind.PASSWORD_RESET) == 0
        assert [await account_chats.is_known(uow.conn, account.id, person) for person in (LI, HAN)] == [True, False]


async def test_t18_logging_out_everywhere_twice_changes_nothing(core: Core, desk: Desk, account: Account) -> None:
    (here,) = await opened(core, desk, account, LI)
    for _ in range(2):
        async with desk.write() as uow:
            await core.sessions.logout_everywhere(uow, here)
    assert len(await audited(desk)) == 1


async def test_over_http_an_expired_token_is_no_living_login(
    core: Core, desk: Desk, account: Account, clock: SetClock
) -> None:
    async with desk.write() as uow:
        issued = await core.sessions.open_over_http(uow, account)
    clock.advance(minutes=59)
    assert await living(core, desk, account) == {issued.session_id}
    clock.advance(minutes=1)
    assert await living(core, desk, account) == set()
