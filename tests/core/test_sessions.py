"""Logins as rows (TOKENS One truth, Sessions): what no face shows. What faces show is in tests/faces."""

from datetime import timedelta

import jwt
import pytest
from sqlalchemy import select, text, update

from core.account import Account
from core.audit import Action
from core.core import Core
from core.errors import Unauthenticated
from core.sessions import EndReason, Issued, RefreshRefused
from core.tokens import WINDOW
from core.values import Role
from storage.tables import accounts as tables
from tests.conftest import Desk, SetClock
from tests.core.conftest import MakeAccount

LI = 700_000_000_001  # Telegram users: their ids pass 32 bits
HAN = 700_000_000_002


@pytest.fixture
async def account(make_account: MakeAccount) -> Account:
    return await make_account()


async def login(core: Core, desk: Desk, account: Account) -> Issued:
    async with desk.write() as uow:
        return await core.sessions.open_over_http(uow, account)


async def refresh(core: Core, desk: Desk, token: str) -> Issued | RefreshRefused:
    async with desk.write() as uow:
        return await core.sessions.refresh(uow, token)


async def renewed(core: Core, desk: Desk, token: str) -> Issued:
    issued = await refresh(core, desk, token)
    assert isinstance(issued, Issued)
    return issued


async def is_alive(core: Core, desk: Desk, token: str) -> bool:
    async with desk.read() as uow:
        try:
            await core.sessions.authenticate(uow, token)
        except Unauthenticated:
            return False
    return True


async def logout(core: Core, desk: Desk, token: str) -> None:
    async with desk.write() as uow:
        await core.sessions.logout(uow, await core.sessions.authenticate(uow, token))


def payload(issued: Issued) -> dict[str, object]:
    return jwt.decode(issued.access_token, options={"verify_signature": False})


async def told(desk: Desk) -> list[tuple[int, str]]:
    async with desk.read() as uow:
        rows = await uow.conn.execute(select(tables.outbox.c.telegram_user_id, tables.outbox.c.kind))
        return [(person, kind) for person, kind in rows]


async def audited(desk: Desk, action: Action) -> int:
    async with desk.read() as uow:
        return len((await uow.conn.execute(select(tables.audit).where(tables.audit.c.action == action))).all())


@pytest.mark.parametrize("state", ["suspended", "erased"])
async def test_t12_the_token_of_a_closed_account_is_refused_at_once(
    core: Core, desk: Desk, account: Account, state: str
) -> None:
    issued = await login(core, desk, account)
    async with desk.write() as uow:
        await uow.conn.execute(update(tables.accounts).values(state=state))
    assert not await is_alive(core, desk, issued.access_token)
    with pytest.raises(Unauthenticated):
        await refresh(core, desk, issued.access_token)


async def test_t13_when_the_session_cannot_be_read_the_token_is_refused(
    core: Core, desk: Desk, account: Account
) -> None:
    issued = await login(core, desk, account)
    async with desk.write() as uow:
        await uow.conn.execute(text("ALTER TABLE sessions RENAME TO lost"))
    assert not await is_alive(core, desk, issued.access_token)


async def test_t17_an_ended_session_stays_for_14_days_and_a_minute(
    core: Core, desk: Desk, account: Account, clock: SetClock
) -> None:
    issued = await login(core, desk, account)
    await renewed(core, desk, issued.access_token)
    clock.advance(days=14, minutes=1, seconds=-1)
    async with desk.write() as uow:
        assert await core.sessions.purge(uow) == 0
    clock.advance(seconds=2)
    async with desk.write() as uow:
        assert await core.sessions.purge(uow) == 1


async def test_t18_ending_twice_changes_nothing(core: Core, desk: Desk, account: Account, clock: SetClock) -> None:
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, LI)
        await core.sessions.logout(uow, signed)
    before = await _rows(desk)
    clock.advance(seconds=5)
    async with desk.write() as uow:
        await core.sessions.logout(uow, signed)
    assert await _rows(desk) == before
    assert await audited(desk, Action.LOG_OUT) == 1


async def test_t22_who_reads_before_the_winner_commits_still_loses(core: Core, desk: Desk, account: Account) -> None:
    """The loser has seen the token alive: only the compare-and-set can tell."""
    if desk.database.dialect == "sqlite":
        pytest.skip("SQLite has one writer: nobody reads and then writes beside it")
    first = await login(core, desk, account)
    async with desk.write() as slow:
        assert (await core.sessions.authenticate(slow, first.access_token)).account_id == account.id
        await renewed(core, desk, first.access_token)
        assert await core.sessions.refresh(slow, first.access_token) == RefreshRefused(stolen=False)


@pytest.mark.parametrize(
    ("role", "limit"),
    [(Role.PATIENT, timedelta(days=14)), (Role.DOCTOR, timedelta(days=14)), (Role.ADMIN, timedelta(hours=12))],
)
async def test_t23_a_login_in_the_bot_lapses_when_unused(
    core: Core, desk: Desk, make_account: MakeAccount, clock: SetClock, role: Role, limit: timedelta
) -> None:
    account = await make_account(role=role)
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, LI)
    for moment, lapsed in ((limit - timedelta(seconds=1), False), (limit, True)):
        clock.now = signed.created_at + moment
        async with desk.read() as uow:
            assert (await core.sessions.of_people(uow, [LI]))[LI].lapsed is lapsed


async def test_t23_use_keeps_an_admins_login_but_never_past_the_window(
    core: Core, desk: Desk, make_account: MakeAccount, clock: SetClock
) -> None:
    account = await make_account(role=Role.ADMIN)
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, LI)
    while clock() + timedelta(hours=11) < signed.created_at + WINDOW:
        clock.advance(hours=11)
        async with desk.write() as uow:
            now_signed = (await core.sessions.of_people(uow, [LI]))[LI]
            assert not now_signed.lapsed
            await core.sessions.touch(uow, [now_signed])
    clock.now = signed.created_at + WINDOW
    async with desk.read() as uow:
        assert (await core.sessions.of_people(uow, [LI]))[LI].lapsed


async def test_t24_of_many_tokens_each_has_its_own_ten_seconds(
    core: Core, desk: Desk, account: Account, clock: SetClock
) -> None:
    """Three quick refreshes: the first token was rotated away more than ten seconds ago, the third was not."""
    chain = [await login(core, desk, account)]
    for _ in range(3):
        chain.append(await renewed(core, desk, chain[-1].access_token))
        clock.advance(seconds=4)
    assert await refresh(core, desk, chain[2].access_token) == RefreshRefused(stolen=False)
    assert await refresh(core, desk, chain[0].access_token) == RefreshRefused(stolen=True)


async def test_t25_a_changed_password_ends_every_login_and_the_owners_chat_gets_a_new_one(
    core: Core, desk: Desk, account: Account
) -> None:
    http = await login(core, desk, account)
    async with desk.write() as uow:
        before = await core.sessions.open_in_bot(uow, account, LI)
        await core.sessions.open_in_bot(uow, account, HAN)
    async with desk.write() as uow:
        kept = await core.sessions.end_all(uow, account, EndReason.PASSWORD_CHANGED, keep_chat=LI)
        people = await core.sessions.of_people(uow, [LI, HAN])
    assert kept is not None
    assert kept.session_id != before.session_id
    assert {person: signed.session_id for person, signed in people.items()} == {LI: kept.session_id}
    assert not await is_alive(core, desk, http.access_token)


async def test_one_telegram_user_has_one_living_login(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    patient, doctor = await make_account(), await make_account(role=Role.DOCTOR)
    async with desk.write() as uow:
        await core.sessions.open_in_bot(uow, patient, LI)
        await core.sessions.open_in_bot(uow, doctor, LI)
        people = await core.sessions.of_people(uow, [LI])
        left = await core.sessions.of_account(uow, patient.id)
    assert people[LI].account_id == doctor.id
    assert left == []


async def test_people_are_found_in_one_statement_and_use_is_noted_every_five_minutes(
    core: Core, desk: Desk, account: Account, clock: SetClock
) -> None:
    async with desk.write() as uow:
        opened = await core.sessions.open_in_bot(uow, account, LI)
    for minutes, noted in ((4, False), (2, True)):
        clock.advance(minutes=minutes)
        async with desk.write() as uow:
            await core.sessions.touch(uow, (await core.sessions.of_people(uow, [LI, HAN])).values())
        async with desk.read() as uow:
            used_at = (await core.sessions.of_people(uow, [LI]))[LI].used_at
        assert (used_at > opened.used_at) is noted


async def _rows(desk: Desk) -> list[object]:
    async with desk.read() as uow:
        return [tuple(row) for row in await uow.conn.execute(select(tables.sessions))]
