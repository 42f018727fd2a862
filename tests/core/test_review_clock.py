"""What time brings in the review (REVIEW.md 3, 10, 12, 13, Time, Retention), with the time set by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import working_hours
from core.jobs.review import review
from core.jobs.scheduler import Scheduler
from core.reasons import Message
from core.review_states import State
from storage.tables.accounts import audit
from storage.tables.erasures import photo_removals
from storage.tables.submissions import submission_files
from tests.conftest import SetClock, new_database
from tests.core.review_people import FINAL, Clinic, photo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from new_database(request, tmp_path)


async def pass_time(clinic: Clinic, **amount: float) -> None:
    """Lets the time pass, and everything happen that it brings."""
    clinic.clock.advance(**amount)
    jobs = Scheduler(clinic.desk.database, review(clinic.core), clock=clinic.clock, holder="test")
    assert len(await jobs.run_due()) == len(review(clinic.core))


async def test_a_claim_ends_after_half_an_hour_and_the_doctor_hears_nothing(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.open(admin, number)
    await pass_time(clinic, minutes=29)
    assert await clinic.state(number) is State.IN_REVIEW
    await pass_time(clinic, minutes=1)
    assert await clinic.state(number) is State.PENDING
    assert (await clinic.trail(number))[-1] == "release in_review>pending lease"
    assert await clinic.told(doctor) == []


async def test_what_is_to_be_sent_again_is_recalled_twice_and_closed_after_30_days(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.refuse(admin, number)
    told = []
    for _ in range(31):
        await pass_time(clinic, days=1)
        told.append(len(await clinic.told(doctor)) - 1)
    assert [told.index(count) + 1 for count in (1, 2, 3)] == [3, 14, 30]
    assert (await clinic.told(doctor))[1:] == [
        "certificate_remind_resubmit",
        "certificate_remind_resubmit",
        "certificate_closed",
    ]
    assert await clinic.state(number) is State.EXPIRED


async def test_who_has_sent_again_is_not_reminded_of_the_former_attempt(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    former = await clinic.send(doctor)
    await clinic.refuse(admin, former)
    await clinic.approve(admin, await clinic.send(doctor))
    for _ in range(4):
        await pass_time(clinic, days=10)
    assert await clinic.told(doctor) == ["certificate_refused", "certificate_approved"]
    assert await clinic.state(former) is State.EXPIRED


async def test_an_approval_is_valid_on_its_last_day_and_30_days_more(clinic: Clinic, clock: SetClock) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.approve(admin, number, valid_until=date(2026, 3, 10))
    clock.now = datetime(2026, 3, 10, 23, 30, tzinfo=SHANGHAI).astimezone(UTC)
    await pass_time(clinic)
    assert await clinic.state(number) is State.APPROVED
    await pass_time(clinic, hours=1)
    assert await clinic.state(number) is State.REVALIDATE
    await pass_time(clinic, days=14)
    await pass_time(clinic, days=16)
    assert await clinic.state(number) is State.EXPIRED
    assert (await clinic.told(doctor))[1:] == [
        "certificate_validity_ends",
        "certificate_remind_revalidate",
        "certificate_expired",
    ]


async def test_an_approval_does_not_end_while_a_newer_attempt_waits_for_us(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.approve(admin, number, valid_until=date(2026, 3, 10))
    await pass_time(clinic, days=20)
    newer = await clinic.send(doctor)
    await pass_time(clinic, days=40)
    assert await clinic.state(number) is State.REVALIDATE
    await clinic.refuse(admin, newer)
    await pass_time(clinic, minutes=1)
    assert await clinic.state(number) is State.EXPIRED


async def test_who_is_locked_may_send_again_when_a_refusal_is_30_days_old(clinic: Clinic, clock: SetClock) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    for _ in range(5):
        number = await clinic.send(doctor)
        await clinic.refuse(admin, number)
        clock.advance(days=2)
    await pass_time(clinic, days=19)
    assert await clinic.state(number) is State.LOCKED
    await pass_time(clinic, days=1)
    assert await clinic.state(number) is State.NEEDS_RESUBMIT
    assert (await clinic.told(doctor))[-1] == "certificate_unlocked"
    assert (await clinic.status(doctor)).tries_left == 1


async def test_admins_are_reminded_after_four_hours_of_the_day(clinic: Clinic, clock: SetClock) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    clock.now = datetime(2026, 3, 2, 19, 30, tzinfo=SHANGHAI).astimezone(UTC)
    await clinic.send(doctor)
    await pass_time(clinic, hours=4)  # half past eleven at night
    assert await clinic.told(admin) == []
    await pass_time(clinic, hours=10, minutes=59)  # an hour and a half yesterday, two and a half today
    assert await clinic.told(admin) == []
    await pass_time(clinic, minutes=1)
    assert await clinic.told(admin) == ["review_waiting"]
    await pass_time(clinic, hours=2)
    assert await clinic.told(admin) == ["review_waiting"]


async def test_admins_get_one_digest_an_hour_with_counts_and_no_names(clinic: Clinic, clock: SetClock) -> None:
    admin = await clinic.admin()
    for _ in range(3):
        await clinic.send(await clinic.doctor())
        clock.advance(minutes=20)
    await pass_time(clinic, hours=3)
    assert await clinic.told(admin) == ["review_waiting"]
    await pass_time(clinic, minutes=40)  # the second and third are due by now
    assert await clinic.told(admin) == ["review_waiting"]
    await pass_time(clinic, minutes=20)
    assert await clinic.told(admin) == ["review_waiting"] * 2


async def test_after_24_hours_it_is_said_louder_and_the_doctor_hears_that_it_is_late(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    await clinic.send(doctor)
    for _ in range(4):
        await pass_time(clinic, hours=12)
    assert await clinic.told(admin) == ["review_waiting", "review_late"]
    assert await clinic.told(doctor) == ["certificate_late"]


async def test_photos_go_after_their_time_and_their_hashes_stay(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor, "seen")
    await clinic.refuse(admin, number, FINAL)
    await pass_time(clinic, days=29, hours=23)
    async with clinic.desk.read() as uow:
        path = await uow.conn.scalar(select(submission_files.c.path))
    assert path is not None
    await pass_time(clinic, hours=1)
    async with clinic.desk.read() as uow:
        (file,) = (await uow.conn.execute(select(submission_files))).all()
        removed = list((await uow.conn.execute(select(photo_removals.c.path))).scalars())
        hashes = await uow.conn.scalar(select(audit.c.file_hashes).where(audit.c.action == "certificate.drop_photos"))
    assert (file.path, file.sha256, removed, hashes) == (None, photo("seen").sha256, [path], photo("seen").sha256)


async def test_an_appeal_keeps_its_photos_for_as_long_as_it_waits(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.refuse(admin, number, FINAL)
    await pass_time(clinic, days=29)
    await clinic.do(clinic.core.certificates.appeal, doctor, Message.parse("请再看一次"))
    await pass_time(clinic, days=10)
    assert len((await clinic.open(admin, number)).photos) == 1


async def test_look_alikes_under_other_accounts_are_flagged_on_both_sides(clinic: Clinic) -> None:
    first, second, third, admin = *[await clinic.doctor() for _ in range(3)], await clinic.admin()
    alike, almost, other = "0" * 64, "0" * 59 + "3ffff", "f" * 64
    numbers = []
    for doctor, likeness in ((first, alike), (second, almost), (third, other)):
        sent = await clinic.do(clinic.core.certificates.submit, doctor, [photo(likeness, likeness)])
        numbers.append(sent.number)
    assert (await clinic.open(admin, numbers[0])).flags.alike == (numbers[1],)  # before the clock came round
    await pass_time(clinic, minutes=1)
    assert (await clinic.open(admin, numbers[1])).flags.alike == (numbers[0],)
    assert (await clinic.open(admin, numbers[2])).flags.alike == ()


async def test_the_same_bytes_under_another_account_are_flagged(clinic: Clinic) -> None:
    first, second, admin = await clinic.doctor(), await clinic.doctor(), await clinic.admin()
    one, two = await clinic.send(first, "same"), await clinic.send(second, "same")
    assert (await clinic.open(admin, one)).flags.same_bytes == (two,)


@pytest.mark.parametrize(
    ("since", "hours"),
    [("08:00", 4.0), ("06:00", 4.0), ("11:59", 1 / 60), ("12:00", 0.0)],
)
def test_hours_of_the_night_do_not_count(since: str, hours: float) -> None:
    begun = datetime.fromisoformat(f"2026-03-02T{since}").replace(tzinfo=SHANGHAI)
    until = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)
    assert working_hours.worked(begun, until, SHANGHAI) == timedelta(hours=hours)
    assert working_hours.worked(begun - timedelta(days=3), until, SHANGHAI) == timedelta(hours=hours + 39)


def test_going_back_by_hours_that_count_is_the_reverse_of_counting_them() -> None:
    now = datetime(2026, 3, 2, 12, 30, tzinfo=SHANGHAI).astimezone(UTC)
    for minute in range(0, 3000, 7):
        amount = timedelta(minutes=minute)
        since = working_hours.before(now, amount, SHANGHAI)
        assert working_hours.worked(since, now, SHANGHAI) == amount
    berlin = ZoneInfo("Europe/Berlin")  # a night of 23 hours lies between
    assert working_hours.worked(
        datetime(2026, 3, 28, 20, tzinfo=berlin), datetime(2026, 3, 29, 9, tzinfo=berlin), berlin
    ) == timedelta(hours=2)
