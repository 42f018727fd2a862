"""Two, ten, fifty admins deciding at once: one decision, the others read whose (REVIEW.md)."""

import asyncio

import pytest

from core.errors import Conflict
from core.review_states import State
from tests.core.review_people import Clinic


@pytest.mark.parametrize("crowd", [2, 10, pytest.param(50, marks=pytest.mark.slow)])
async def test_of_many_who_open_one_has_it_and_the_others_read_whose(clinic: Clinic, crowd: int) -> None:
    doctor = await clinic.doctor()
    admins = [await clinic.admin() for _ in range(crowd)]
    number = await clinic.send(doctor)
    outcomes = await asyncio.gather(*(clinic.open(admin, number) for admin in admins), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    winner = next(admin for admin, outcome in zip(admins, outcomes, strict=True) if outcome not in refused)
    assert len(refused) == crowd - 1
    assert {(each.code, each.params["by"]) for each in refused} == {("review.claimed", f"A{winner.account_id}")}


async def test_of_ten_who_refuse_in_one_step_one_decides_and_the_others_read_who(clinic: Clinic) -> None:
    doctor = await clinic.doctor()
    admins = [await clinic.admin() for _ in range(10)]
    number = await clinic.send(doctor)
    outcomes = await asyncio.gather(*(clinic.refuse(admin, number) for admin in admins), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert outcomes.count(State.NEEDS_RESUBMIT) == 1
    assert len(refused) == 9
    winner = admins[outcomes.index(State.NEEDS_RESUBMIT)]
    assert {each.params.get("by") for each in refused} == {f"A{winner.account_id}"}
    assert await clinic.told(doctor) == ["certificate_refused"]


async def test_of_ten_who_second_a_proposal_one_does(four_eyes: None, clinic: Clinic) -> None:
    doctor, first = await clinic.doctor(), await clinic.admin()
    seconds = [await clinic.admin() for _ in range(10)]
    number = await clinic.send(doctor)
    assert await clinic.approve(first, number) is State.SECOND_REVIEW
    for admin in seconds:
        await clinic.open(admin, number)
    tries = (clinic.tried(clinic.core.reviews.agree, admin, number) for admin in seconds)
    outcomes = await asyncio.gather(*tries)
    assert sorted(outcomes) == ["done"] + ["review.decided"] * 9
    assert await clinic.told(doctor) == ["certificate_approved"]
