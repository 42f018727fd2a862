"""Doctors, admins and the clock do whatever comes to their minds, in any order: only what REVIEW.md has ever happens.

After each act every attempt is in a state that the audit leads to, step by step, by ways that REVIEW.md has.
"""

import os
import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.errors import CoreError
from core.jobs.review import review
from core.jobs.scheduler import Scheduler
from core.profiles import Field
from core.reasons import Message, Reason, Refusal
from core.sessions import Signed
from core.settings import Review, Settings
from core.values import PersonName, Role
from storage.tables.accounts import audit
from storage.tables.base import AnyRow
from storage.tables.submissions import submissions
from tests.conftest import new_database
from tests.core.review_people import Clinic, photo

# REVIEW.md's table of transitions, row by row, written down once more.
WAYS = {
    "": {"pending"},  # 1
    "pending": {"in_review", "withdrawn"},  # 2, 8 and 1
    "in_review": {"pending", "approved", "needs_resubmit", "rejected", "second_review", "locked"},  # 3-7, 9
    "second_review": {"pending", "approved", "rejected", "locked"},  # 7, 9
    "needs_resubmit": {"expired"},  # 12
    "locked": {"needs_resubmit"},  # 10
    "rejected": {"needs_resubmit", "pending"},  # 10, 11
    "revoked": {"needs_resubmit", "approved"},  # 10, 14
    "approved": {"revalidate", "revoked", "superseded"},  # 13, 14, 4
    "revalidate": {"approved", "expired", "superseded"},  # 13, 4
}
OPEN = {"pending", "in_review", "second_review"}
VALID = {"approved", "revalidate"}
STEPS = 10 * int(os.environ.get("EXAMPLES", "25"))
# What makes sense in each state; the rest is tried too, and refused.
FITTING = {
    "pending": ["open", "open", "refuse"],
    "in_review": ["approve", "approve", "refuse", "release"],
    "second_review": ["open", "agree", "agree", "send_back"],
    "approved": ["revoke"],
    "revoked": ["undo", "reopen"],
    "rejected": ["reopen"],
    "locked": ["reopen"],
    "revalidate": ["open", "approve"],
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from new_database(request, tmp_path)


@pytest.fixture(params=[False, True], ids=["two_eyes", "four_eyes"])
def eyes(request: pytest.FixtureRequest, settings: Settings) -> bool:
    """Before the core is put together."""
    object.__setattr__(settings, "review", Review(four_eyes=request.param))
    return bool(request.param)


class Walk:
    """People of a clinic and chance."""

    def __init__(self, clinic: Clinic, chance: random.Random, doctors: list[Signed], admins: list[Signed]) -> None:
        self.clinic, self.chance, self.doctors, self.admins = clinic, chance, doctors, admins
        self.four_eyes = clinic.core.settings.review.four_eyes
        self.done: list[str] = []
        self.been: set[str] = set()

    async def step(self) -> None:
        act = self.chance.choice([self.doctor, *[self.admin] * 4, self.later])
        await act()

    async def tried(self, act: Callable[..., Awaitable[object]], *args: Any, **kwargs: Any) -> None:
        """What is refused changes nothing, and is as good as anything else."""
        try:
            await self.clinic.do(act, *args, **kwargs)
        except CoreError as refused:
            self.done.append(f"{act.__name__}: {refused.code}")
        else:
            self.done.append(act.__name__)

    async def doctor(self) -> None:
        who, core = self.chance.choice(self.doctors), self.clinic.core
        name = PersonName(self.chance.choice(["王小明", "王晓明"]))
        bytes_ = str(self.chance.randrange(10**6))
        acts: list[Callable[[], Awaitable[None]]] = [
            lambda: self.tried(core.certificates.submit, who, [photo(bytes_)]),
            lambda: self.tried(core.certificates.submit, who, [photo(bytes_)]),
            lambda: self.tried(core.certificates.withdraw, who),
            lambda: self.tried(core.certificates.appeal, who, Message("请再看一次")),
            lambda: self.tried(core.profiles.change, who, Role.DOCTOR, {Field.NAME: name}),
        ]
        await self.chance.choice(acts)()

    async def admin(self) -> None:
        rows = await self.rows()
        if not rows:
            return
        waiting = [row for row in rows if row.state in OPEN]
        row = self.chance.choice(waiting if waiting and self.chance.random() < 0.5 else rows[-6:])
        claimers = [admin for admin in self.admins if admin.account_id == row.claimed_by]
        who = self.chance.choice(claimers if claimers and self.chance.random() < 0.8 else self.admins)
        acts = self.acts(who, row.number, self.chance.choice([None, row.version, row.version, row.version - 1]))
        fitting = [name for name in FITTING.get(row.state, ()) if self.chance.random() < 0.8]
        await acts[self.chance.choice(fitting or list(acts))]()

    def acts(self, who: Signed, number: str, version: int | None) -> dict[str, Callable[[], Awaitable[None]]]:
        core, now = self.clinic.core, self.clinic.clock()
        until = self.chance.choice([None, now.date() + timedelta(days=20)])
        return {
            "open": lambda: self.tried(core.dossiers.open, who, number),
            "approve": lambda: self.tried(core.reviews.approve, who, number, version=version, valid_until=until),
            "refuse": lambda: self.tried(core.reviews.refuse, who, number, self.refusal(), version=version),
            "release": lambda: self.tried(core.reviews.release, who, number),
            "agree": lambda: self.tried(core.reviews.agree, who, number, version=version),
            "send_back": lambda: self.tried(core.reviews.send_back, who, number, version=version),
            "revoke": lambda: self.tried(core.reversals.revoke, who, number, self.refusal(), version=version),
            "undo": lambda: self.tried(core.reversals.undo, who, number),
            "reopen": lambda: self.tried(core.reversals.reopen, who, number, Message("请重新提交")),
        }

    def refusal(self) -> Refusal:
        final = self.chance.random() < 0.4
        return Refusal.parse("NOT" if final else self.chance.choice(list(Reason)[:12]), "// 已经电话核实过了")

    async def later(self) -> None:
        minutes = self.chance.choice([1, 20, 31, 60 * 5, 60 * 24, 60 * 24 * 4, 60 * 24 * 16])
        self.clinic.clock.advance(minutes=minutes)
        jobs = review(self.clinic.core)
        scheduler = Scheduler(self.clinic.desk.database, jobs, clock=self.clinic.clock, holder="walk")
        assert len(await scheduler.run_due()) == len(jobs)
        self.done.append(f"{minutes} minutes")

    async def rows(self) -> list[AnyRow]:
        async with self.clinic.desk.read() as uow:
            return list((await uow.conn.execute(select(submissions).order_by(submissions.c.id))).all())

    async def check(self) -> None:
        rows = await self.rows()
        async with self.clinic.desk.read() as uow:
            moves = select(audit).where(audit.c.to_state.is_not(None)).order_by(audit.c.id)
            entries = list((await uow.conn.execute(moves)).all())
        for row in rows:
            state, version = "", 0
            for entry in (entry for entry in entries if entry.subject == row.number):
                assert (entry.from_state or "") == state
                way = (state, entry.to_state)
                assert entry.to_state in WAYS[state], way
                assert not (self.four_eyes and way in {("in_review", "approved"), ("in_review", "rejected")})
                assert entry.version == version + 1
                state, version = entry.to_state, entry.version
            assert (row.state, row.version) == (state, version)
            self.been.add(state)
            assert (row.claimed_by is not None) == (row.claimed_until is not None) == (row.state == "in_review")
            assert (row.queued_at is not None) == (row.state in OPEN | {"revalidate"})
            assert (row.keep_until is not None) <= (row.state not in OPEN | VALID)
        for doctor in self.doctors:
            own = [row.state for row in rows if row.account_id == doctor.account_id]
            assert sum(state in OPEN for state in own) <= 1
            assert sum(state in VALID for state in own) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_is_done_in_any_order_review_md_holds(eyes: bool, clinic: Clinic, seed: int) -> None:
    doctors = [await clinic.doctor() for _ in range(2)]
    admins = [await clinic.admin() for _ in range(3)]
    walk = Walk(clinic, random.Random(f"{seed} {eyes}"), doctors, admins)
    for _ in range(STEPS if seed == 1 else STEPS * 3):
        await walk.step()
        try:
            await walk.check()
        except AssertionError as fault:
            raise AssertionError("\n".join([str(fault), *walk.done[-12:]])) from fault
    assert len(walk.been) > 7, f"a walk that gets nowhere proves nothing: {walk.been}"
