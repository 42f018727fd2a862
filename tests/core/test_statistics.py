"""The figures of the reviews, as reviews make them."""

from datetime import date, timedelta

import pytest

from core.errors import Forbidden
from core.reasons import Reason
from tests.conftest import SetClock
from tests.core.review_people import FINAL, Clinic


async def test_before_anything_was_sent_there_is_nothing_to_tell(clinic: Clinic) -> None:
    figures = await clinic.do(clinic.core.statistics.figures, await clinic.admin())
    assert (figures.waiting, figures.oldest_wait, figures.median_wait, figures.longest_wait) == (0, None, None, None)
    assert (figures.approved, figures.refused, figures.reasons) == (0, 0, ())
    assert [len(figures.days), figures.days[-1].date] == [30, date(2026, 3, 1)]


async def test_what_waits_was_decided_how_soon_and_why(clinic: Clinic, clock: SetClock) -> None:
    admin, doctors = await clinic.admin(), [await clinic.doctor() for _ in range(4)]
    numbers = [await clinic.send(doctor) for doctor in doctors]
    clock.advance(hours=1)
    await clinic.approve(admin, numbers[0])
    clock.advance(hours=1)
    await clinic.refuse(admin, numbers[1])
    clock.advance(days=1)
    await clinic.refuse(admin, numbers[2], FINAL)
    figures = await clinic.do(clinic.core.statistics.figures, admin)
    assert (figures.waiting, figures.oldest_wait) == (1, timedelta(hours=26))
    assert (figures.median_wait, figures.longest_wait) == (timedelta(hours=2), timedelta(hours=26))
    assert [(day.approved, day.refused) for day in figures.days[-2:]] == [(1, 1), (0, 1)]
    assert (figures.approved, figures.refused) == (1, 2)
    assert figures.reasons == ((Reason.BLURRED, 1), (Reason.CUT, 1), (Reason.NOT_FOUND, 1))


async def test_a_doctor_who_sends_again_waits_anew(clinic: Clinic, clock: SetClock) -> None:
    admin, doctor = await clinic.admin(), await clinic.doctor()
    await clinic.refuse(admin, await clinic.send(doctor))
    clock.advance(days=5)
    number = await clinic.send(doctor)
    clock.advance(minutes=10)
    await clinic.approve(admin, number)
    figures = await clinic.do(clinic.core.statistics.figures, admin)
    assert figures.longest_wait == timedelta(minutes=10)


async def test_days_are_the_clinics_and_what_is_older_than_thirty_is_not_told(clinic: Clinic, clock: SetClock) -> None:
    admin = await clinic.admin()
    await clinic.approve(admin, await clinic.send(await clinic.doctor()))  # at noon in Shanghai
    clock.advance(days=29, hours=11, minutes=59)
    figures = await clinic.do(clinic.core.statistics.figures, admin)
    assert (figures.days[0].approved, figures.days[0].date) == (1, date(2026, 3, 1))
    clock.advance(minutes=1)
    assert (await clinic.do(clinic.core.statistics.figures, admin)).approved == 0


async def test_only_who_reviews_sees_them(clinic: Clinic) -> None:
    with pytest.raises(Forbidden):
        await clinic.do(clinic.core.statistics.figures, await clinic.doctor())
