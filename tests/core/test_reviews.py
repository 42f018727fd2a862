"""The review, as doctors and admins go through it (REVIEW.md)."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.attempts import Outcome
from core.errors import Conflict, Forbidden, InvalidValue
from core.profiles import Field
from core.reasons import Message, Reason, Refusal
from core.review_states import State
from core.sessions import Signed
from core.standings import Way
from core.values import PersonName, Role
from storage.tables.accounts import accounts, outbox
from storage.tables.submissions import decisions, submissions
from tests.conftest import SetClock, new_database
from tests.core.review_people import FINAL, RETRY, Clinic

MESSAGE = Message("请您再看一次，证书是去年换发的。")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """What differs between the databases are races: tests/core/test_review_races.py is always on both."""
    yield from new_database(request, tmp_path)


async def test_an_approval_from_sending_to_the_news(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    dossier = await clinic.open(admin, number)
    assert (dossier.doctor.name, dossier.state, len(dossier.photos)) == ("王小明", State.IN_REVIEW, 1)
    assert (await clinic.status(doctor)).obstacle == "certificate.in_review"
    decided = await clinic.do(clinic.core.reviews.approve, admin, number, valid_until=date(2028, 12, 31))
    assert (decided.state, decided.told) == (State.APPROVED, True)
    status = await clinic.status(doctor)
    assert status.attempt is not None
    assert (status.attempt.state, status.attempt.valid_until) == (State.APPROVED, date(2028, 12, 31))
    assert await clinic.told(doctor) == ["certificate_approved_until"]
    assert await clinic.trail(number) == [
        "submit >pending",
        "claim pending>in_review",
        "see >",
        "approve in_review>approved",
    ]


async def test_a_refusal_says_what_to_mend_and_never_who_decided(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    refusal = Refusal.parse("oth , blr", "第二页请重新拍 // 像是拍的屏幕")
    assert await clinic.refuse(admin, number, refusal) is State.NEEDS_RESUBMIT
    status = await clinic.status(doctor)
    assert status.attempt is not None
    assert status.attempt.reasons == (Reason.BLURRED, Reason.OTHER)
    assert status.attempt.message == "第二页请重新拍"
    assert (status.tries_left, status.ways) == (4, frozenset({Way.SEND}))
    assert "屏幕" not in str(status)
    assert not {"admin", "admin_id", "decided_by"} & set(type(status.attempt).__slots__)
    (record,) = await clinic.do(clinic.core.dossiers.history, admin, number)
    assert [(each.admin, each.note) for each in record.decisions] == [(f"A{admin.account_id}", "像是拍的屏幕")]


async def test_what_reviewers_write_lies_sealed(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    await clinic.refuse(admin, await clinic.send(doctor), FINAL)
    assert FINAL.message is not None
    async with clinic.desk.read() as uow:
        (row,) = (await uow.conn.execute(select(decisions))).all()
        told = (await uow.conn.execute(select(outbox.c.params))).scalars().all()
    assert FINAL.message.value.encode() not in row.message
    assert FINAL.message.value not in str(told)


async def test_who_has_it_open_alone_decides_and_only_for_half_an_hour(clinic: Clinic, clock: SetClock) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    reviews = clinic.core.reviews
    number = await clinic.send(doctor)
    await clinic.open(one, number)
    assert await clinic.tried(reviews.approve, other, number) == "review.claimed"
    assert await clinic.tried(reviews.refuse, other, number, RETRY) == "review.claimed"
    assert await clinic.tried(reviews.release, other, number) == "review.not_claimed"
    clock.advance(minutes=30)
    assert await clinic.tried(reviews.approve, one, number) == "review.not_seen"
    await clinic.open(other, number)
    assert await clinic.tried(reviews.approve, one, number) == "review.claimed"
    assert await clinic.do(reviews.approve, other, number)


async def test_opening_again_prolongs_ones_own_claim(clinic: Clinic, clock: SetClock) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    first = await clinic.open(admin, number)
    clock.advance(minutes=20)
    assert (await clinic.open(admin, number)).version == first.version
    clock.advance(minutes=20)
    assert await clinic.tried(clinic.core.reviews.approve, admin, number, version=first.version) == "done"


async def test_nothing_is_approved_unseen(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    approve = clinic.core.reviews.approve
    assert await clinic.tried(approve, admin, number) == "review.not_seen"
    await clinic.do(clinic.core.reviews.claim, admin, number)
    assert await clinic.tried(approve, admin, number) == "review.not_seen"
    await clinic.open(admin, number)
    await clinic.do(clinic.core.reviews.release, admin, number)
    assert await clinic.tried(approve, admin, number) == "review.not_seen"
    assert await clinic.state(number) is State.PENDING


async def test_a_press_on_an_older_screen_decides_nothing(clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    version = (await clinic.open(one, number)).version
    await clinic.do(clinic.core.reviews.release, one, number)
    assert await clinic.tried(clinic.core.reviews.approve, one, number, version=version) == "review.changed"
    assert await clinic.tried(clinic.core.reviews.refuse, one, number, RETRY, version=version) == "review.changed"
    await clinic.approve(other, number)
    assert await clinic.tried(clinic.core.reviews.refuse, one, number, RETRY, version=version) == "review.decided"


async def test_what_was_decided_is_said_with_whose_decision_it_was(clinic: Clinic, clock: SetClock) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.approve(one, number)
    for act in (clinic.core.reviews.claim, clinic.core.reviews.approve):
        with pytest.raises(Conflict, match="decided") as refused:
            await clinic.do(act, other, number)
        assert refused.value.params == {"by": f"A{one.account_id}", "at": clock()}


@pytest.mark.parametrize("how", ["same phone", "same Telegram user", "phone shared by this Telegram user"])
async def test_nobody_decides_on_themselves(clinic: Clinic, how: str) -> None:
    doctor, admin, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    if how == "same Telegram user":
        account = await clinic.do(clinic.core.accounts.get, admin.account_id)
        admin = await clinic.do(clinic.core.sessions.open_in_bot, account, doctor.telegram_user_id)
    else:
        phone = {"phone": "13800000002"} if how == "same phone" else {"phone_verified_by": admin.telegram_user_id}
        async with clinic.desk.write() as uow:
            await uow.conn.execute(update(accounts).where(accounts.c.id == doctor.account_id).values(**phone))
    number = await clinic.send(doctor)
    for act in (clinic.core.dossiers.open, clinic.core.reviews.approve):
        assert await clinic.tried(act, admin, number) == "review.own"
    assert await clinic.tried(clinic.core.reviews.refuse, admin, number, RETRY) == "review.own"
    assert (await clinic.trail(admin.pseudonym))[-3:] == ["refused > certificate.review_own"] * 3
    assert await clinic.approve(other, number) is State.APPROVED


async def test_only_admins_review(clinic: Clinic) -> None:
    doctor = await clinic.doctor()
    number = await clinic.send(doctor)
    core = clinic.core
    for act in (core.dossiers.open, core.reviews.approve, core.reviews.release, core.dossiers.history):
        with pytest.raises(Forbidden):
            await clinic.do(act, await clinic.doctor(), number)
    with pytest.raises(Forbidden):
        await clinic.do(core.dossiers.queue, doctor)


async def test_an_admin_who_was_suspended_a_moment_ago_decides_nothing(clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.open(one, number)
    await clinic.do(clinic.core.accounts.suspend, one.account_id, by=other)
    assert await clinic.tried(clinic.core.reviews.approve, one, number) == "session.unauthenticated"
    await clinic.do(clinic.core.departures.release_claims, one.account_id)
    assert await clinic.approve(other, number) is State.APPROVED


async def test_the_fifth_refusal_in_30_days_locks(clinic: Clinic, clock: SetClock) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    outcomes = []
    for _ in range(5):
        number = await clinic.send(doctor)
        outcomes.append(await clinic.refuse(admin, number))
        clock.advance(days=1)
    assert outcomes == [State.NEEDS_RESUBMIT] * 4 + [State.LOCKED]
    assert (await clinic.told(doctor))[-1] == "certificate_locked"
    status = await clinic.status(doctor)
    assert (status.obstacle, status.tries_left, status.ways) == ("certificate.locked", 0, frozenset())
    await clinic.do(clinic.core.reversals.reopen, admin, number, MESSAGE)
    assert (await clinic.status(doctor)).tries_left == 5
    assert await clinic.refuse(admin, await clinic.send(doctor)) is State.NEEDS_RESUBMIT


async def test_what_was_withdrawn_or_replaced_costs_no_try(clinic: Clinic) -> None:
    doctor = await clinic.doctor()
    await clinic.send(doctor)
    second = await clinic.send(doctor)
    assert await clinic.do(clinic.core.certificates.withdraw, doctor) == second
    assert (await clinic.status(doctor)).tries_left == 5
    assert await clinic.tried(clinic.core.certificates.withdraw, doctor) == "certificate.nothing_waits"


async def test_what_is_being_looked_at_is_not_withdrawn(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.open(admin, number)
    assert await clinic.tried(clinic.core.certificates.withdraw, doctor) == "certificate.in_review"
    await clinic.do(clinic.core.reviews.release, admin, number)
    assert await clinic.tried(clinic.core.certificates.withdraw, doctor) == "done"


async def test_a_final_refusal_is_appealed_once_and_another_admin_decides(clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    core = clinic.core
    number = await clinic.send(doctor)
    assert await clinic.refuse(one, number, FINAL) is State.REJECTED
    assert (await clinic.status(doctor)).ways == {Way.APPEAL}
    assert await clinic.do(core.certificates.appeal, doctor, MESSAGE) == number
    assert await clinic.tried(core.certificates.withdraw, doctor) == "certificate.is_appeal"
    assert await clinic.tried(core.dossiers.open, one, number) == "review.own_refusal"
    dossier = await clinic.open(other, number)
    assert dossier.appeal_message == MESSAGE.value
    assert [(each.outcome, each.admin_id) for each in dossier.decisions] == [(Outcome.REJECTED, one.account_id)]
    assert await clinic.refuse(other, number, FINAL) is State.REJECTED
    assert (await clinic.told(doctor))[-1] == "certificate_rejected_again"
    assert await clinic.tried(core.certificates.appeal, doctor, MESSAGE) == "certificate.appealed"


async def test_where_there_is_no_other_admin_an_appeal_goes_to_the_same(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.refuse(admin, number, FINAL)
    await clinic.do(clinic.core.certificates.appeal, doctor, MESSAGE)
    assert await clinic.approve(admin, number) is State.APPROVED


async def test_an_appeal_has_30_days(clinic: Clinic, clock: SetClock) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    appeal = clinic.core.certificates.appeal
    assert await clinic.tried(appeal, doctor, MESSAGE) == "certificate.nothing_to_appeal"
    await clinic.refuse(admin, await clinic.send(doctor), FINAL)
    clock.advance(days=30, seconds=1)
    assert await clinic.tried(appeal, doctor, MESSAGE) == "certificate.appeal_too_late"
    assert (await clinic.status(doctor)).ways == frozenset()


async def test_what_replaces_an_appeal_brings_its_words_and_its_limits(clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    await clinic.refuse(one, await clinic.send(doctor), FINAL)
    await clinic.do(clinic.core.certificates.appeal, doctor, MESSAGE)
    number = await clinic.send(doctor)
    assert await clinic.tried(clinic.core.dossiers.open, one, number) == "review.own_refusal"
    assert (await clinic.open(other, number)).appeal_message == MESSAGE.value


async def test_with_four_eyes_the_first_never_seconds(four_eyes: None, clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    reviews = clinic.core.reviews
    number = await clinic.send(doctor)
    assert await clinic.approve(one, number) is State.SECOND_REVIEW
    assert await clinic.told(doctor) == []
    await clinic.open(one, number)
    for act in (reviews.agree, reviews.approve, reviews.send_back):
        assert await clinic.tried(act, one, number) == "review.own_proposal"
    assert await clinic.tried(reviews.agree, other, number) == "review.not_seen"
    dossier = await clinic.open(other, number)
    assert dossier.proposal is not None
    assert dossier.proposal.admin == f"A{one.account_id}"
    assert await clinic.tried(reviews.agree, other, number, version=dossier.version) == "done"
    assert await clinic.state(number) is State.APPROVED


async def test_a_proposal_to_reject_is_carried_out_word_for_word(four_eyes: None, clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    assert await clinic.refuse(one, number, FINAL) is State.SECOND_REVIEW
    assert (await clinic.status(doctor)).tries_left == 5
    await clinic.open(other, number)
    assert await clinic.tried(clinic.core.reviews.approve, other, number) == "review.second_needed"
    await clinic.do(clinic.core.reviews.agree, other, number)
    status = await clinic.status(doctor)
    assert status.attempt is not None
    assert (status.attempt.state, status.attempt.message) == (State.REJECTED, "名册中没有这个编号")


async def test_a_proposal_that_is_sent_back_waits_for_anybody(four_eyes: None, clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.approve(one, number)
    await clinic.do(clinic.core.reviews.send_back, other, number)
    assert await clinic.state(number) is State.PENDING
    assert await clinic.refuse(one, number) is State.NEEDS_RESUBMIT  # to be mended: no second pair of eyes is needed


async def test_a_newer_approval_takes_the_place_of_the_older(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    first = await clinic.send(doctor)
    await clinic.approve(admin, first)
    second = await clinic.send(doctor)
    status = await clinic.status(doctor)
    assert status.attempt is not None
    assert status.approval is not None
    assert (status.attempt.number, status.approval.number) == (second, first)
    await clinic.approve(admin, second)
    assert (await clinic.state(first), await clinic.state(second)) == (State.SUPERSEDED, State.APPROVED)


async def test_an_approval_is_taken_back_and_given_back_by_another(clinic: Clinic, clock: SetClock) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    reversals = clinic.core.reversals
    number = await clinic.send(doctor)
    await clinic.approve(one, number)
    with pytest.raises(InvalidValue, match="needed"):
        await clinic.do(reversals.revoke, one, number, Refusal.parse("BLR"))
    await clinic.do(reversals.revoke, one, number, FINAL)
    assert await clinic.told(doctor) == ["certificate_approved", "certificate_revoked"]
    assert await clinic.told(other) == ["review_revoked"]
    assert await clinic.told(one) == []
    assert await clinic.tried(reversals.undo, one, number) == "review.own_revocation"
    clock.advance(days=7)
    assert await clinic.tried(reversals.undo, other, number) == "done"
    assert await clinic.state(number) is State.APPROVED
    assert (await clinic.told(doctor))[-1] == "certificate_restored"


async def test_a_week_later_a_revocation_stands_and_can_only_be_reopened(clinic: Clinic, clock: SetClock) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.approve(one, number)
    await clinic.do(clinic.core.reversals.revoke, one, number, FINAL)
    clock.advance(days=7, seconds=1)
    assert await clinic.tried(clinic.core.reversals.undo, other, number) == "review.undo_too_late"
    await clinic.do(clinic.core.reversals.reopen, other, number, MESSAGE)
    status = await clinic.status(doctor)
    assert status.attempt is not None
    assert (status.attempt.state, status.attempt.message) == (State.NEEDS_RESUBMIT, MESSAGE.value)


async def test_what_is_open_or_to_be_mended_is_not_reopened(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    reopen = clinic.core.reversals.reopen
    number = await clinic.send(doctor)
    assert await clinic.tried(reopen, admin, number, MESSAGE) == "review.not_closed"
    await clinic.refuse(admin, number)
    assert await clinic.tried(reopen, admin, number, MESSAGE) == "review.decided"


async def test_a_new_name_asks_for_a_new_look_and_an_admin_confirms(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.approve(admin, number, valid_until=date(2028, 12, 31))
    await clinic.do(clinic.core.profiles.change, doctor, Role.DOCTOR, {Field.NAME: PersonName("王小明")})
    assert await clinic.state(number) is State.APPROVED
    await clinic.do(clinic.core.profiles.change, doctor, Role.DOCTOR, {Field.NAME: PersonName("王晓明")})
    assert (await clinic.told(doctor))[-1] == "certificate_name_changed"
    assert await clinic.tried(clinic.core.reviews.refuse, admin, number, RETRY) == "review.only_confirm"
    dossier = await clinic.open(admin, number)
    assert (dossier.doctor.name, dossier.flags.former_name) == ("王晓明", "王小明")
    await clinic.do(clinic.core.reviews.approve, admin, number)
    assert await clinic.state(number) is State.APPROVED
    (record,) = await clinic.do(clinic.core.dossiers.history, admin, f"D{doctor.account_id}")
    assert record.valid_until == date(2028, 12, 31)
    assert (await clinic.told(doctor))[-1] == "certificate_confirmed"


async def test_nobody_is_approved_under_a_name_that_was_written_behind_the_reviewers_back(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    approve, number = clinic.core.reviews.approve, await clinic.send(doctor)
    for name in ("李四", "王五"):  # while it waits for its decision; then, while the approval waits for a new look
        await clinic.open(admin, number)
        await rename(clinic, doctor, name)
        assert await clinic.tried(approve, admin, number) == "review.renamed"
        assert (await clinic.open(admin, number)).doctor.name == name
        assert await clinic.tried(approve, admin, number) == "done"
        await rename(clinic, doctor, "赵六")
        assert await clinic.state(number) is State.REVALIDATE


async def test_an_approval_given_back_needs_a_new_look_when_the_name_is_another_by_now(clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.approve(one, number)
    await clinic.do(clinic.core.reversals.revoke, one, number, FINAL)
    await rename(clinic, doctor, "李四")
    await clinic.do(clinic.core.reversals.undo, other, number)
    assert await clinic.state(number) is State.REVALIDATE
    assert (await clinic.told(doctor))[-1] == "certificate_name_changed"


async def rename(clinic: Clinic, doctor: Signed, name: str) -> None:
    """The doctor writes another name."""
    await clinic.do(clinic.core.profiles.change, doctor, Role.DOCTOR, {Field.NAME: PersonName(name)})


@pytest.mark.parametrize(("day", "code"), [(date(2026, 3, 1), "past"), (date(2100, 1, 1), "too_far")])
async def test_an_approval_ends_after_today(clinic: Clinic, day: date, code: str) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.open(admin, number)
    with pytest.raises(InvalidValue, match=code):
        await clinic.do(clinic.core.reviews.approve, admin, number, valid_until=day)


async def test_who_is_erased_leaves_nothing_open_and_the_reviewer_is_told(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.open(admin, number)
    await clinic.do(clinic.core.departures.close_open, doctor.account_id, doctor)
    assert await clinic.state(number) is State.WITHDRAWN
    assert await clinic.told(admin) == ["review_closed"]
    assert await clinic.tried(clinic.core.reviews.approve, admin, number) == "review.closed"


async def test_the_queue_is_oldest_first_by_pages_and_says_who_has_what(clinic: Clinic, clock: SetClock) -> None:
    admin, other = await clinic.admin(), await clinic.admin()
    numbers = []
    for _ in range(10):
        numbers.append(await clinic.send(await clinic.doctor()))
        clock.advance(minutes=1)
    await clinic.open(other, numbers[1])
    first = await clinic.do(clinic.core.dossiers.queue, admin)
    assert [line.number for line in first.lines] == numbers[:8]
    assert [line.claimed_by for line in first.lines[:3]] == [None, f"A{other.account_id}", None]
    second = await clinic.do(clinic.core.dossiers.queue, admin, first.after)
    assert ([line.number for line in second.lines], second.after) == (numbers[8:], None)


async def test_a_look_without_a_claim_is_audited_too(four_eyes: None, clinic: Clinic) -> None:
    doctor, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.approve(one, number)
    await clinic.open(other, number)
    assert (await clinic.trail(number))[-1] == "see >"


async def test_a_doctor_without_a_chat_cannot_be_told(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.do(clinic.core.sessions.logout, doctor)
    await clinic.open(admin, number)
    assert not (await clinic.do(clinic.core.reviews.approve, admin, number)).told


async def test_what_counts_as_its_own_time(clinic: Clinic, clock: SetClock) -> None:
    """What was refused is kept for 30 days from then on, whatever follows; an approval 180 after its end."""
    doctor, admin = await clinic.doctor(), await clinic.admin()
    refused = await clinic.send(doctor)
    await clinic.refuse(admin, refused)
    at = clock()
    approved = await clinic.send(doctor)
    await clinic.approve(admin, approved)
    clock.advance(days=3)
    await clinic.approve(admin, await clinic.send(doctor))
    async with clinic.desk.read() as uow:
        rows = await uow.conn.execute(select(submissions.c.number, submissions.c.keep_until))
        kept = {row.number: row.keep_until for row in rows}
    assert kept[refused] == at + timedelta(days=30)
    assert kept[approved] == clock() + timedelta(days=180)
