"""Erasing an account while others are at work on it: who comes too late writes nothing (SECURITY.md Privacy)."""

import asyncio
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import update

from core.account import Account
from core.audit import Action
from core.consents import ConsentKind
from core.core import Core
from core.errors import AccountError, CoreError, Unauthenticated
from core.login import LoginRefused, Source
from core.notices import NoticeKind
from core.photo_arrivals import arriving
from core.photos import PhotoKind, new_name
from core.profiles import PARSERS, Field
from core.sessions import Issued
from core.unit import Channel
from core.values import Role
from storage.tables import accounts as tables
from storage.tables.submissions import submissions
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, PHONE, MakeAccount
from tests.core.erased import OTHER, erase, everything, opened, rows, run_jobs
from tests.core.test_login import HAN, LI, log_in
from tests.pictures import jpeg


@pytest.fixture
async def patient(make_account: MakeAccount) -> Account:
    return await make_account(telegram_user_id=LI, phone_verified=True)


@pytest.fixture
async def doctor(make_account: MakeAccount) -> Account:
    return await make_account(OTHER, role=Role.DOCTOR)


async def test_of_two_erasures_at_once_the_second_finds_nobody(core: Core, desk: Desk, patient: Account) -> None:
    both = [await opened(core, desk, patient), await opened(core, desk, patient, HAN)]
    done = await asyncio.gather(*(erase(core, desk, signed) for signed in both), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["NoneType", "Unauthenticated"]
    assert [row["action"] for row in await rows(desk, tables.audit)].count(Action.ERASE) == 1


async def test_a_login_whose_password_was_being_compared_meanwhile_is_refused(
    core: Core, desk: Desk, patient: Account
) -> None:
    signed = await opened(core, desk, patient)
    async with desk.write() as uow:
        attempt = await core.login.begin(
            uow, role=Role.PATIENT, identifier=PHONE, password=PASSWORD, source=Source.telegram(HAN)
        )
    await attempt.verify()
    await erase(core, desk, signed)
    async with desk.write() as uow:
        assert await core.login.finish(uow, attempt) == LoginRefused()
    assert await rows(desk, tables.sessions) == []


async def test_what_is_written_while_the_account_is_being_erased_comes_before_or_not_at_all(
    core: Core, desk: Desk, doctor: Account
) -> None:
    """Each act was let in before the erasure, and writes when that is over."""
    signed = await opened(core, desk, doctor)
    photo = await core.photos.take(BytesIO(jpeg()))

    async def change() -> None:
        async with desk.write() as uow:
            await core.profiles.change(uow, signed, Role.DOCTOR, {Field.NAME: PARSERS[Field.NAME]("MARK")})

    async def submit() -> None:
        async with (
            arriving(core.photos, desk.write, new_name(PhotoKind.CERTIFICATE), photo) as stored,
            desk.write() as uow,
        ):
            await core.certificates.submit(uow, signed, [stored])

    async with desk.write() as uow:
        await core.erasing.erase(uow, signed)
        late = [asyncio.create_task(change()), asyncio.create_task(submit())]
        await asyncio.sleep(0.05)
    done = await asyncio.gather(*late, return_exceptions=True)
    assert [type(each) for each in done] == [Unauthenticated, Unauthenticated]
    assert "MARK" not in await everything(desk)
    assert await rows(desk, submissions) == []


async def test_whatever_happens_at_the_same_moment_nothing_fails_and_nothing_is_left(
    core: Core, desk: Desk, doctor: Account, clock: SetClock
) -> None:
    li = await opened(core, desk, doctor)
    han = await opened(core, desk, doctor, HAN)
    async with desk.write(Channel.HTTP) as uow:
        stolen = (await core.sessions.open_over_http(uow, doctor)).access_token
        fresh = await core.sessions.refresh(uow, stolen)
        assert isinstance(fresh, Issued)
        web = await core.sessions.authenticate(uow, fresh.access_token)
    clock.advance(minutes=1)
    photo = await core.photos.take(BytesIO(jpeg()))

    async def do(act: Any, *given: Any) -> None:
        async with desk.write() as uow:
            await act(uow, *given)

    async def submit() -> None:
        async with arriving(core.photos, desk.write, new_name(PhotoKind.CERTIFICATE), photo) as stored:
            await do(core.certificates.submit, han, [stored])

    name = {Field.NAME: PARSERS[Field.NAME]("MARK"), Field.SCHOOL: PARSERS[Field.SCHOOL]("MARK")}
    acts = [
        do(core.erasing.erase, li),
        do(core.profiles.change, han, Role.DOCTOR, name),
        do(core.profiles.change, web, Role.DOCTOR, name),
        submit(),
        do(core.sessions.refresh, stolen),
        do(core.sessions.refresh, fresh.access_token),
        do(core.sessions.end_one, li, han.session_id),
        do(core.sessions.logout, han),
        do(core.sessions.touch, [li, han, web]),
        log_in(core, desk, who=OTHER, role=Role.DOCTOR, source=Source.telegram(HAN)),
        do(core.consents.give, doctor.id, ConsentKind.HEALTH),
        do(core.notices.tell, doctor.id, NoticeKind.TOKEN_STOLEN),
    ]
    done = await asyncio.gather(*acts, return_exceptions=True)
    assert done[0] is None
    assert [each for each in done if isinstance(each, Exception) and not isinstance(each, CoreError)] == []
    async with desk.write() as uow:
        await uow.conn.execute(update(tables.outbox).values(sent_at=uow.now))
    clock.advance(minutes=61)
    await run_jobs(core, desk, clock)
    left = await everything(desk)
    for gone in ("MARK", "王小明", OTHER.value, str(LI), str(HAN)):
        assert gone not in left


async def test_a_medical_history_is_not_written_by_a_consent_that_is_being_taken_back(
    core: Core, desk: Desk, patient: Account
) -> None:
    signed = await opened(core, desk, patient)
    history = {Field.MEDICAL_HISTORY: PARSERS[Field.MEDICAL_HISTORY]("MARK")}

    async def write() -> None:
        async with desk.write() as uow:
            await core.profiles.change(uow, signed, Role.PATIENT, history)

    async with desk.write() as uow:
        await core.consents.give(uow, patient.id, ConsentKind.HEALTH)
    async with desk.write() as uow:
        await core.consents.withdraw_own(uow, signed, ConsentKind.HEALTH)
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.05)
    with pytest.raises(AccountError, match="needs_consent"):
        await writing
