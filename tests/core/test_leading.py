"""What one process of many does at a time, and another soon after that one is gone."""

import asyncio

import pytest

from core.jobs.leading import LIFE, Leading
from core.jobs.scheduler import Job, Scheduler
from core.unit import UnitOfWork
from storage import leases
from tests.conftest import Desk, SetClock
from tests.core.test_jobs import MINUTE


class Work:
    """A work that goes on until it is cancelled, and who is at it."""

    def __init__(self, desk: Desk, clock: SetClock) -> None:
        self._desk = desk
        self._clock = clock
        self.at_it: list[str] = []

    def of(self, name: str) -> Leading:
        async def work() -> None:
            self.at_it.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                self.at_it.remove(name)

        return Leading(self._desk.database, "polling", work, clock=self._clock, holder=name, every=0.01)

    async def until(self, *names: str) -> None:
        async with asyncio.timeout(10):
            while self.at_it != list(names):
                await asyncio.sleep(0.005)


@pytest.fixture
def work(desk: Desk, clock: SetClock) -> Work:
    return Work(desk, clock)


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_one_of_two_works_and_the_other_takes_over_when_it_stops(work: Work) -> None:
    one = asyncio.create_task(work.of("one").run())
    await work.until("one")
    two = asyncio.create_task(work.of("two").run())
    await asyncio.sleep(0.05)
    assert work.at_it == ["one"]
    await end(one)
    await work.until("two")
    await end(two)


async def test_a_dead_ones_work_is_taken_over_when_its_lease_ends(work: Work, desk: Desk, clock: SetClock) -> None:
    async with desk.write() as uow:
        assert await leases.take(uow.conn, "polling", "dead", clock(), clock() + LIFE)
    two = asyncio.create_task(work.of("two").run())
    await asyncio.sleep(0.05)
    assert work.at_it == []
    clock.advance(seconds=LIFE.total_seconds())
    await work.until("two")
    await end(two)


async def test_who_has_a_dead_ones_name_need_not_wait(work: Work, desk: Desk, clock: SetClock) -> None:
    async with desk.write() as uow:
        assert await leases.take(uow.conn, "polling", "one", clock(), clock() + LIFE)
    one = asyncio.create_task(work.of("one").run())
    await work.until("one")
    await end(one)


async def test_who_lost_the_lease_stops(work: Work, desk: Desk, clock: SetClock) -> None:
    one = asyncio.create_task(work.of("one").run())
    await work.until("one")
    async with desk.write() as uow:  # as after a long sleep of the process
        await leases.release(uow.conn, "polling", "one")
        assert await leases.take(uow.conn, "polling", "two", clock(), clock() + LIFE * 2)
    clock.advance(seconds=LIFE.total_seconds())
    await work.until()
    await end(one)


async def test_what_the_work_raises_is_raised(desk: Desk, clock: SetClock) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Leading(desk.database, "polling", fail, clock=clock, holder="one", every=0.01).run()


async def test_of_many_processes_that_come_to_a_job_at_once_one_does_it(desk: Desk, clock: SetClock) -> None:
    done: list[str] = []

    async def act(_uow: UnitOfWork) -> None:
        await asyncio.sleep(0.02)
        done.append("done")

    many = [Scheduler(desk.database, [Job("a", MINUTE, act)], clock=clock, holder=f"worker {n}") for n in range(5)]
    await asyncio.gather(*(each.run_due() for each in many))
    assert done == ["done"]
