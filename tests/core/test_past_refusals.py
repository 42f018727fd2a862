"""Refusals are remembered beyond an erased account: for two years, by an HMAC of the phone (SECURITY.md Privacy)."""

import pytest
from sqlalchemy import update

from core.account import Account
from core.core import Core
from core.keys import KeyRing, new_key_text
from core.past_refusals import PastRefusal, PastRefusals
from core.review_states import State
from core.values import Role
from storage.tables.accounts import accounts
from storage.tables.submissions import submissions
from tests.conftest import Desk, SetClock
from tests.core.conftest import PHONE, MakeAccount
from tests.core.erased import OTHER, decide, erase, everything, opened, send_certificate


@pytest.fixture
async def doctor(make_account: MakeAccount) -> Account:
    return await make_account(OTHER, role=Role.DOCTOR)


async def erased(core: Core, desk: Desk, doctor: Account, *states: State) -> None:
    signed = await opened(core, desk, doctor)
    for number, state in enumerate(states):
        await decide(desk, await send_certificate(core, desk, signed, f"photo {number}"), state)
    await erase(core, desk, signed)


@pytest.mark.parametrize("state", [State.REJECTED, State.LOCKED])
async def test_a_refusal_is_remembered_until_the_day_two_years_later(
    core: Core, desk: Desk, doctor: Account, clock: SetClock, state: State
) -> None:
    refused_at = clock()
    await erased(core, desk, doctor, state)
    assert OTHER.value not in await everything(desk)
    for days, expected in ((729, [PastRefusal(state, refused_at)]), (1, [])):
        clock.advance(days=days)
        async with desk.write() as uow:
            await core.past_refusals.purge(uow)
            assert await core.past_refusals.of(uow, OTHER) == expected
            assert await core.past_refusals.of(uow, PHONE) == []
    assert "past_refusals:" not in await everything(desk)


@pytest.mark.parametrize("states", [(), (State.NEEDS_RESUBMIT,), (State.APPROVED,)])
async def test_nothing_is_remembered_of_who_was_not_finally_refused(
    core: Core, desk: Desk, doctor: Account, states: tuple[State, ...]
) -> None:
    await erased(core, desk, doctor, *states)
    async with desk.read() as uow:
        assert await core.past_refusals.of(uow, OTHER) == []


async def test_a_refusal_stays_with_a_phone_that_its_account_gives_away_or_loses(
    core: Core, desk: Desk, doctor: Account, make_account: MakeAccount
) -> None:
    signed = await opened(core, desk, doctor)
    await decide(desk, await send_certificate(core, desk, signed), State.REJECTED)
    async with desk.write() as uow:
        await core.phone_changes.by_contact(uow, signed, PHONE)
        assert [past.state for past in await core.past_refusals.of(uow, OTHER)] == [State.REJECTED]
        await uow.conn.execute(update(accounts).values(phone_verified_at=None))
    await make_account(PHONE, role=Role.DOCTOR, telegram_user_id=7, phone_verified=True)  # claims it
    async with desk.read() as uow:
        assert [past.state for past in await core.past_refusals.of(uow, PHONE)] == [State.REJECTED]


async def test_an_appeal_that_waits_does_not_take_the_refusal_along(core: Core, desk: Desk, doctor: Account) -> None:
    signed = await opened(core, desk, doctor)
    await decide(desk, await send_certificate(core, desk, signed), State.PENDING)
    async with desk.write() as uow:
        await uow.conn.execute(update(submissions).values(appeal=True))
    await erase(core, desk, signed)
    async with desk.read() as uow:
        assert [past.state for past in await core.past_refusals.of(uow, OTHER)] == [State.REJECTED]


async def test_a_refusal_is_found_under_an_older_key_too_as_long_as_it_is_in_the_ring(
    core: Core, desk: Desk, clock: SetClock
) -> None:
    old, new = new_key_text(), new_key_text()
    async with desk.write() as uow:
        await PastRefusals(KeyRing.parse(old)).note(uow, OTHER, State.LOCKED, clock())
    async with desk.read() as uow:
        for ring, found in ((f"{new},{old}", 1), (new, 0)):
            assert len(await PastRefusals(KeyRing.parse(ring)).of(uow, OTHER)) == found


async def test_who_has_the_database_and_not_the_key_cannot_try_phones(core: Core, desk: Desk, clock: SetClock) -> None:
    """A key of the same id is not enough: there are few enough phones to try them all against a mere hash."""
    keys, other = (KeyRing("k1", {"k1": bytes(range(start, start + 32))}) for start in (0, 100))
    async with desk.write() as uow:
        await PastRefusals(keys).note(uow, OTHER, State.LOCKED, clock())
    async with desk.read() as uow:
        assert len(await PastRefusals(keys).of(uow, OTHER)) == 1
        assert await PastRefusals(other).of(uow, OTHER) == []
