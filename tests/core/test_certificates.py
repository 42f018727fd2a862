"""Certificates, the doctor's side: what may be sent when, and how the doctor stands (REVIEW.md 1, CONTRACT.md 1)."""

import asyncio
import hashlib
import secrets

import pytest
from sqlalchemy import func, insert, select, update

from core.account import Account
from core.audit import Action
from core.certificates import Submission
from core.core import Core
from core.errors import Conflict, Forbidden
from core.photos import StoredPhoto
from core.pictures import MediaType
from core.review_states import State
from core.sessions import Signed
from core.standings import Standing
from core.unit import Channel
from core.values import Phone, Role
from storage import submissions as store
from storage.tables.accounts import audit
from storage.tables.submissions import SUBMISSION_STATES, submission_files, submissions
from tests.conftest import Desk, SetClock
from tests.core.conftest import MakeAccount


def photo(content: str) -> StoredPhoto:
    """A photo as it is when it lies in the store; another content is another photo."""
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return StoredPhoto(f"certificate/{secrets.token_hex(16)}", MediaType.JPEG, 10, 2, 1, sha256)


@pytest.fixture
async def doctor(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    return await signed_in(core, desk, await make_account(role=Role.DOCTOR))


async def signed_in(core: Core, desk: Desk, account: Account) -> Signed:
    async with desk.write(Channel.HTTP) as uow:
        issued = await core.sessions.open_over_http(uow, account)
        return await core.sessions.authenticate(uow, issued.access_token)


async def send(core: Core, desk: Desk, doctor: Signed, content: str = "first") -> Submission:
    async with desk.write(Channel.HTTP) as uow:
        return await core.certificates.submit(uow, doctor, [photo(content)])


async def decide(desk: Desk, number: str, state: State) -> None:
    """What the review will do."""
    async with desk.write() as uow:
        changed = update(submissions).where(submissions.c.number == number)
        await uow.conn.execute(changed.values(state=state.value, version=submissions.c.version + 1))


async def standing(core: Core, desk: Desk, doctor: Signed) -> tuple[str | None, int | None]:
    async with desk.read() as uow:
        summary = await core.certificates.summary(uow, doctor.account_id)
    return summary.path, summary.standing


async def states(desk: Desk) -> list[str]:
    async with desk.read() as uow:
        return list((await uow.conn.execute(select(submissions.c.state).order_by(submissions.c.id))).scalars())


async def entries(desk: Desk, action: Action) -> list[tuple[str | None, ...]]:
    columns = (audit.c.actor, audit.c.subject, audit.c.from_state, audit.c.to_state, audit.c.reasons)
    async with desk.read() as uow:
        rows = await uow.conn.execute(select(*columns).where(audit.c.action == action.value).order_by(audit.c.id))
        return [tuple(row) for row in rows]


async def test_who_sent_nothing_stands_nowhere(core: Core, desk: Desk, doctor: Signed) -> None:
    assert await standing(core, desk, doctor) == (None, None)
    async with desk.write() as uow:
        assert await core.certificates.newest_photo(uow, doctor) is None
    assert await entries(desk, Action.SEE_CERTIFICATE) == []


async def test_what_was_sent_waits_and_its_first_photo_is_shown(core: Core, desk: Desk, doctor: Signed) -> None:
    one, two = photo("one"), photo("two")
    async with desk.write(Channel.HTTP) as uow:
        submission = await core.certificates.submit(uow, doctor, [one, two])
    assert (submission.state, submission.path) == (State.PENDING, one.path)
    assert await standing(core, desk, doctor) == (one.path, Standing.WAITING)
    async with desk.write(Channel.HTTP) as uow:
        assert await core.certificates.newest_photo(uow, doctor) == one
        kept = await uow.conn.execute(select(submission_files.c.path).order_by(submission_files.c.position))
        assert list(kept.scalars()) == [one.path, two.path]


async def test_a_number_can_be_said_on_the_telephone(core: Core, desk: Desk, doctor: Signed) -> None:
    number = (await send(core, desk, doctor)).number
    assert number.startswith("C-")
    assert len(number) == 8
    assert set(number[2:]) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


async def test_sending_and_every_look_are_in_the_audit(core: Core, desk: Desk, doctor: Signed) -> None:
    submission = await send(core, desk, doctor)
    async with desk.write(Channel.HTTP) as uow:
        await core.certificates.newest_photo(uow, doctor)
    assert await entries(desk, Action.SUBMIT_CERTIFICATE) == [
        (doctor.pseudonym, submission.number, None, "pending", None)
    ]
    assert await entries(desk, Action.SEE_CERTIFICATE) == [(doctor.pseudonym, submission.number, None, None, None)]
    async with desk.read() as uow:
        hashes = await uow.conn.execute(select(audit.c.file_hashes).where(audit.c.subject == submission.number))
        assert set(hashes.scalars()) == {photo("first").sha256}


async def test_what_waits_unclaimed_is_replaced_by_the_next(core: Core, desk: Desk, doctor: Signed) -> None:
    first = await send(core, desk, doctor, "first")
    second = await send(core, desk, doctor, "second")
    assert await states(desk) == ["withdrawn", "pending"]
    assert await standing(core, desk, doctor) == (second.path, Standing.WAITING)
    assert await entries(desk, Action.WITHDRAW_CERTIFICATE) == [
        (doctor.pseudonym, first.number, "pending", "withdrawn", "replaced")
    ]


async def test_what_replaces_an_appeal_is_one(core: Core, desk: Desk, doctor: Signed) -> None:
    await send(core, desk, doctor, "first")
    async with desk.write() as uow:
        await uow.conn.execute(update(submissions).values(appeal=True))
    await send(core, desk, doctor, "second")
    async with desk.read() as uow:
        assert list((await uow.conn.execute(select(submissions.c.appeal))).scalars()) == [True, True]


ALLOWED = {
    State.NEEDS_RESUBMIT,
    State.EXPIRED,
    State.WITHDRAWN,
    State.SUPERSEDED,
    State.REVALIDATE,
    State.APPROVED,
    State.PENDING,
}


@pytest.mark.parametrize("state", [state for state in State if state in ALLOWED])
async def test_another_may_be_sent_after(core: Core, desk: Desk, doctor: Signed, state: State) -> None:
    await decide(desk, (await send(core, desk, doctor, "first")).number, state)
    async with desk.read() as uow:
        await core.certificates.check_may_submit(uow, doctor)
    await send(core, desk, doctor, "second")
    assert (await states(desk))[1] == "pending"


@pytest.mark.parametrize("state", [state for state in State if state not in ALLOWED])
async def test_nothing_may_be_sent_during(core: Core, desk: Desk, doctor: Signed, state: State) -> None:
    await decide(desk, (await send(core, desk, doctor, "first")).number, state)
    async with desk.read() as uow:
        with pytest.raises(Conflict):
            await core.certificates.check_may_submit(uow, doctor)
    with pytest.raises(Conflict) as refused:
        await send(core, desk, doctor, "second")
    assert refused.value.code.removeprefix("certificate.") in {"in_review", "rejected", "locked", "revoked"}
    assert await states(desk) == [state.value]


async def test_a_refusal_is_not_got_round_by_what_was_withdrawn_later(core: Core, desk: Desk, doctor: Signed) -> None:
    refused = await send(core, desk, doctor, "first")
    await decide(desk, refused.number, State.NEEDS_RESUBMIT)
    await decide(desk, (await send(core, desk, doctor, "second")).number, State.WITHDRAWN)
    await decide(desk, refused.number, State.REJECTED)
    with pytest.raises(Conflict, match="rejected"):
        await send(core, desk, doctor, "third")


@pytest.mark.parametrize("state", [State.NEEDS_RESUBMIT, State.EXPIRED])
async def test_the_bytes_that_were_refused_are_not_taken_again(
    core: Core, desk: Desk, doctor: Signed, state: State
) -> None:
    await decide(desk, (await send(core, desk, doctor, "first")).number, State.NEEDS_RESUBMIT)
    await decide(desk, (await send(core, desk, doctor, "second")).number, state)
    with pytest.raises(Conflict, match="refused_before"):
        await send(core, desk, doctor, "first")
    assert await states(desk) == ["needs_resubmit", state.value]


async def test_another_doctor_may_send_the_same_bytes(
    core: Core, desk: Desk, doctor: Signed, make_account: MakeAccount
) -> None:
    """The reviewer sees a flag; a refusal would tell the one of the other."""
    await decide(desk, (await send(core, desk, doctor, "first")).number, State.NEEDS_RESUBMIT)
    other = await signed_in(core, desk, await make_account(Phone("13912345678"), role=Role.DOCTOR))
    assert (await send(core, desk, other, "first")).state is State.PENDING


async def test_ten_a_day_and_not_one_more(core: Core, desk: Desk, doctor: Signed, clock: SetClock) -> None:
    for number in range(10):
        await send(core, desk, doctor, str(number))
        clock.advance(minutes=1)
    with pytest.raises(Conflict, match="too_many_today"):
        await send(core, desk, doctor, "eleventh")
    clock.advance(hours=23, minutes=50)
    await send(core, desk, doctor, "a day after the first")
    with pytest.raises(Conflict, match="too_many_today"):
        await send(core, desk, doctor, "a minute too early")


async def test_of_many_sent_at_once_none_is_lost_without_a_word(core: Core, desk: Desk, doctor: Signed) -> None:
    outcomes = await asyncio.gather(
        *(send(core, desk, doctor, str(number)) for number in range(8)), return_exceptions=True
    )
    sent = [outcome for outcome in outcomes if isinstance(outcome, Submission)]
    losers = [outcome for outcome in outcomes if not isinstance(outcome, Submission)]
    assert sent
    assert {getattr(loser, "code", repr(loser)) for loser in losers} <= {"certificate.changed"}
    assert sorted(await states(desk)) == ["pending"] + ["withdrawn"] * (len(sent) - 1)
    async with desk.read() as uow:
        assert await uow.conn.scalar(select(func.count()).select_from(submission_files)) == len(sent)


async def test_what_changed_since_it_was_seen_is_not_changed_again(core: Core, desk: Desk, doctor: Signed) -> None:
    first = await send(core, desk, doctor, "first")
    async with desk.write() as uow:
        (seen,) = await store.of_account(uow.conn, doctor.account_id)
    await decide(desk, first.number, State.IN_REVIEW)
    async with desk.write() as uow:
        assert not await store.change_state(uow.conn, seen.id, uow.now, version=seen.version, state="withdrawn")
    assert await states(desk) == ["in_review"]


async def test_a_number_that_is_taken_is_not_given_twice(
    core: Core, desk: Desk, doctor: Signed, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = iter("0" * 6 + "0" * 6 + "Z" * 6)
    monkeypatch.setattr("secrets.choice", lambda _: next(letters))
    first = await send(core, desk, doctor)
    other = await signed_in(core, desk, await make_account(Phone("13912345678"), role=Role.DOCTOR))
    assert [first.number, (await send(core, desk, other)).number] == ["C-000000", "C-ZZZZZZ"]


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ("pending", 1),
        ("in_review", 1),
        ("second_review", 1),
        ("needs_resubmit", 3),
        ("rejected", 3),
        ("locked", 3),
        ("revoked", 3),
        ("approved", 2),
        ("revalidate", 2),
        ("withdrawn", None),
        ("expired", None),
        ("approved pending", 2),
        ("approved rejected", 2),
        ("revalidate needs_resubmit", 2),
        ("superseded approved", 2),
        ("superseded revoked", 3),
        ("needs_resubmit pending", 1),
        ("needs_resubmit withdrawn", 3),
        ("needs_resubmit withdrawn expired", 3),
        ("approved withdrawn", 2),
    ],
)
async def test_all_attempts_together_say_how_a_doctor_stands(
    core: Core, desk: Desk, doctor: Signed, attempts: str, expected: int | None
) -> None:
    async with desk.write() as uow:
        for number, state in enumerate(attempts.split(), start=1):
            row = {"id": number, "number": f"C-{number}", "account_id": doctor.account_id, "state": state}
            times = {"created_at": uow.now, "updated_at": uow.now}
            await uow.conn.execute(insert(submissions).values(**row, **times, version=1, appeal=False))
            file = {"sha256": "0" * 64, "media_type": "image/png", "size": 1, "width": 1, "height": 1}
            await uow.conn.execute(
                insert(submission_files).values(submission_id=number, position=1, path=f"certificate/{number}", **file)
            )
    path, checked = await standing(core, desk, doctor)
    assert checked == expected
    withdrawn = attempts.endswith("withdrawn")
    assert path == (None if withdrawn else f"certificate/{len(attempts.split())}")


async def test_a_photo_that_was_purged_is_not_shown(core: Core, desk: Desk, doctor: Signed) -> None:
    await decide(desk, (await send(core, desk, doctor)).number, State.REJECTED)
    async with desk.write() as uow:
        await uow.conn.execute(update(submission_files).values(path=None))
        assert await core.certificates.newest_photo(uow, doctor) is None
    assert await standing(core, desk, doctor) == (None, Standing.REFUSED)


async def test_only_a_doctor_has_a_certificate(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    patient = await signed_in(core, desk, await make_account())
    with pytest.raises(Forbidden):
        await send(core, desk, patient)
    async with desk.write() as uow:
        for ask in (core.certificates.check_may_submit, core.certificates.newest_photo):
            with pytest.raises(Forbidden):
                await ask(uow, patient)
        assert (await core.certificates.summary(uow, patient.account_id)).standing is None


def test_core_and_table_know_the_same_states() -> None:
    assert {state.value for state in State} == set(SUBMISSION_STATES)
