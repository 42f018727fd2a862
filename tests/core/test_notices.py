"""What an account is told without asking: where, how much of it, and how it is read again (DIALOGS.md Who is told)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.account import Account
from core.core import Core
from core.notices import NEWS_AT_MOST, READ_AGAIN, News, NoticeKind
from core.sessions import EndReason, Signed
from core.values import Phone
from storage import news as store
from storage import outbox
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


async def tell(
    core: Core, desk: Desk, account: Account, kind: NoticeKind = NoticeKind.LOGIN_NEW_CHAT, *, but: int | None = None
) -> int:
    """Tells it, a minute after whatever was before."""
    desk.clock.advance(minutes=1)
    async with desk.write() as uow:
        return await core.notices.tell(uow, account.id, kind, but=but)


async def pushed(desk: Desk) -> list[tuple[int, str]]:
    async with desk.read() as uow:
        rows = await uow.conn.execute(select(tables.outbox).order_by(tables.outbox.c.id))
        return [(row.telegram_user_id, row.kind) for row in rows]


async def news(core: Core, desk: Desk, account: Account, reader: int = LI) -> list[News]:
    async with desk.write() as uow:
        return await core.notices.news(uow, account.id, reader)


async def unread(core: Core, desk: Desk, account: Account, reader: int = LI) -> list[NoticeKind]:
    desk.clock.advance(minutes=1)
    async with desk.write() as uow:
        return [one.kind for one in await core.notices.unread(uow, account.id, reader)]


async def deliver(desk: Desk) -> None:
    """Marks all that was pushed as sent."""
    async with desk.write() as uow:
        for row in await uow.conn.execute(select(tables.outbox.c.id)):
            await outbox.sent(uow.conn, row.id, held=uow.now, now=uow.now)


async def test_a_living_login_is_told_in_full_and_an_expired_one_that_there_is_news(
    core: Core, desk: Desk, account: Account
) -> None:
    await opened(core, desk, account, LI)
    desk.clock.advance(days=10)
    await opened(core, desk, account, HAN)
    desk.clock.advance(days=4)
    assert await tell(core, desk, account) == 2
    assert sorted(await pushed(desk)) == [(LI, NoticeKind.NEWS), (HAN, NoticeKind.LOGIN_NEW_CHAT)]


async def test_who_is_told_in_short_gets_nothing_of_what_it_is_about(core: Core, desk: Desk, account: Account) -> None:
    await opened(core, desk, account, LI)
    desk.clock.advance(days=14)
    async with desk.write() as uow:
        await core.notices.tell(uow, account.id, NoticeKind.LOGIN_AFTER_FAILURES, {"failures": 7})
        (row,) = await uow.conn.execute(select(tables.outbox.c.kind, tables.outbox.c.params))
    assert tuple(row) == (NoticeKind.NEWS, {})


async def test_that_one_cannot_log_in_is_told_in_full_to_everybody(core: Core, desk: Desk, account: Account) -> None:
    await opened(core, desk, account, LI)
    async with desk.write() as uow:
        await core.sessions.end_all(uow, account, EndReason.SUSPENDED)
    await tell(core, desk, account, NoticeKind.SUSPENDED)
    assert await pushed(desk) == [(LI, NoticeKind.SUSPENDED)]


async def test_after_a_logout_nothing_is_pushed_and_the_next_login_reads_it(
    core: Core, desk: Desk, account: Account
) -> None:
    (signed,) = await opened(core, desk, account, LI)
    async with desk.write() as uow:
        await core.sessions.logout(uow, signed)
    assert await tell(core, desk, account, NoticeKind.PASSWORD_RESET) == 0
    assert await pushed(desk) == []
    assert await unread(core, desk, account) == [NoticeKind.PASSWORD_RESET]
    assert await unread(core, desk, account) == []
    assert [one.kind for one in await news(core, desk, account)] == [NoticeKind.PASSWORD_RESET]


async def test_what_was_read_in_the_list_is_no_news_at_the_next_login(core: Core, desk: Desk, account: Account) -> None:
    await tell(core, desk, account)
    await news(core, desk, account)
    assert await unread(core, desk, account) == []


async def test_what_was_told_in_short_is_still_to_be_read(core: Core, desk: Desk, account: Account) -> None:
    await opened(core, desk, account, LI)
    desk.clock.advance(days=14)
    await tell(core, desk, account)
    await deliver(desk)
    assert await unread(core, desk, account) == [NoticeKind.LOGIN_NEW_CHAT]


async def test_what_was_delivered_in_full_is_not_shown_once_more(core: Core, desk: Desk, account: Account) -> None:
    await opened(core, desk, account, LI)
    await tell(core, desk, account)
    await deliver(desk)
    assert await unread(core, desk, account) == []


async def test_who_had_blocked_the_bot_reads_it_at_the_next_login(core: Core, desk: Desk, account: Account) -> None:
    await opened(core, desk, account, LI)
    await tell(core, desk, account)
    async with desk.write() as uow:
        for row in await uow.conn.execute(select(tables.outbox.c.id)):
            await outbox.dead(uow.conn, row.id, held=uow.now, now=uow.now, error="blocked")
    assert await unread(core, desk, account) == [NoticeKind.LOGIN_NEW_CHAT]


async def test_what_was_done_in_a_chat_is_no_news_there(core: Core, desk: Desk, account: Account) -> None:
    await tell(core, desk, account, but=LI)
    assert await unread(core, desk, account, LI) == []
    assert await news(core, desk, account, LI) == []
    assert await unread(core, desk, account, HAN) == [NoticeKind.LOGIN_NEW_CHAT]


async def test_anothers_news_is_nobody_elses(
    core: Core, desk: Desk, account: Account, make_account: MakeAccount
) -> None:
    other = await make_account(Phone("13900000000"))
    await tell(core, desk, account)
    assert await unread(core, desk, other) == []
    assert await news(core, desk, other) == []


async def test_news_is_told_once_however_many_chats_it_went_to_newest_first(
    core: Core, desk: Desk, account: Account, clock: SetClock
) -> None:
    await opened(core, desk, account, LI, HAN)
    for kind in (NoticeKind.LOGIN_NEW_CHAT, NoticeKind.PASSWORD_RESET):
        clock.advance(minutes=1)
        async with desk.write() as uow:
            assert await core.notices.tell(uow, account.id, kind) == 2
    async with desk.write() as uow:
        told = await core.notices.news(uow, account.id, LI)
    assert [(one.kind, one.at) for one in told] == [
        (NoticeKind.PASSWORD_RESET, clock()),
        (NoticeKind.LOGIN_NEW_CHAT, clock() - timedelta(minutes=1)),
    ]


async def test_news_is_of_the_last_14_days_and_at_most_eight(
    core: Core, desk: Desk, account: Account, clock: SetClock
) -> None:
    await opened(core, desk, account, LI)
    first = clock()
    for _ in range(NEWS_AT_MOST + 1):
        async with desk.write() as uow:
            await core.notices.tell(uow, account.id, NoticeKind.LOGIN_NEW_CHAT)
        clock.advance(minutes=1)
    async with desk.write() as uow:
        told = await core.notices.news(uow, account.id, LI)
    assert len(told) == NEWS_AT_MOST
    assert told[-1].at == first + timedelta(minutes=1)
    clock.now = told[0].at + READ_AGAIN
    async with desk.write() as uow:
        assert await core.notices.news(uow, account.id, LI) == []


async def test_news_of_a_kind_that_is_gone_is_left_out(core: Core, desk: Desk, account: Account) -> None:
    await opened(core, desk, account, LI)
    async with desk.write() as uow:
        await store.add(uow.conn, account.id, uow.now, kind="abolished", params={}, done_in=None)
        assert await core.notices.news(uow, account.id, LI) == []
