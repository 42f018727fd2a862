"""Timers: done by one process at a time, taken over when it is gone, unharmed by one job's fault."""

from datetime import timedelta

from sqlalchemy import func, insert, select

from core.audit import Action
from core.core import Core
from core.jobs.scheduler import Errand, Job, Scheduler
from core.jobs.upkeep import upkeep
from core.notices import READ_AGAIN
from core.unit import Clock, UnitOfWork
from storage.database import Database
from storage.tables import accounts as tables
from storage.tables import updates
from tests.conftest import Desk, SetClock

MINUTE = timedelta(minutes=1)


def counting(name: str, done: list[str], every: timedelta = MINUTE) -> Job:
    async def act(_uow: UnitOfWork) -> None:
        done.append(name)

    return Job(name, every, act)


async def test_a_job_is_done_at_once_and_then_when_it_is_due(desk: Desk, clock: SetClock) -> None:
    done: list[str] = []
    scheduler = Scheduler(desk.database, [counting("a", done)], clock=clock, holder="one")
    for seconds in (0, 59, 1):
        clock.advance(seconds=seconds)
        await scheduler.run_due()
    assert done == ["a", "a"]


async def test_a_clock_that_is_put_back_stops_no_job(desk: Desk, clock: SetClock) -> None:
    done: list[str] = []
    scheduler = Scheduler(desk.database, [counting("a", done)], clock=clock, holder="one")
    for seconds in (0, -7200, 59, 1):
        clock.advance(seconds=seconds)
        await scheduler.run_due()
    assert done == ["a", "a", "a"]


async def test_only_one_of_two_processes_does_the_jobs_until_it_is_gone(desk: Desk, clock: SetClock) -> None:
    done: list[str] = []
    one = Scheduler(desk.database, [counting("one", done)], clock=clock, holder="one")
    two = Scheduler(desk.database, [counting("two", done)], clock=clock, holder="two")
    for _ in range(3):
        await one.run_due()
        await two.run_due()
        clock.advance(minutes=1)
    assert done == ["one"] * 3
    clock.advance(minutes=1)  # and one is not seen again
    await two.run_due()
    assert done[-1] == "two"


async def test_a_job_that_fails_is_taken_back_and_keeps_no_other_from_its_turn(desk: Desk, clock: SetClock) -> None:
    done: list[str] = []

    async def fail(uow: UnitOfWork) -> None:
        await uow.conn.execute(insert(tables.counters).values(key="half", count=1, expires_at=uow.now))
        raise ZeroDivisionError

    scheduler = Scheduler(desk.database, [Job("bad", MINUTE, fail), counting("good", done)], clock=clock, holder="one")
    await scheduler.run_due()
    assert done == ["good"]
    async with desk.read() as uow:
        assert await uow.conn.scalar(select(func.count()).select_from(tables.counters)) == 0


async def test_what_waits_for_more_than_the_database_opens_its_own_transactions(desk: Desk, clock: SetClock) -> None:
    done: list[str] = []

    async def act(database: Database, _clock: Clock) -> None:
        assert database is desk.database
        for counted in ("a", "b"):  # a transaction that was still open would keep SQLite's second writer waiting
            async with database.write() as conn:
                await conn.execute(insert(tables.counters).values(key=counted, count=1, expires_at=clock()))
        done.append("errand")

    await Scheduler(desk.database, [Errand("errand", MINUTE, act)], clock=clock, holder="one").run_due()
    assert done == ["errand"]


async def test_upkeep_seals_the_audit_and_clears_what_has_had_its_time(core: Core, desk: Desk, clock: SetClock) -> None:
    async with desk.write() as uow:
        await core.audit.append(uow, Action.LOG_IN)
        await uow.conn.execute(insert(tables.counters).values(key="a", count=1, expires_at=clock()))
        for number, done_at in ((1, clock() - timedelta(hours=49)), (2, clock() - timedelta(hours=47)), (3, None)):
            await uow.conn.execute(
                insert(updates.inbox).values(bot_id=1, update_id=number, received_at=clock(), done_at=done_at)
            )
        for number, sent_at in ((1, clock() - READ_AGAIN - MINUTE), (2, clock() - READ_AGAIN + MINUTE), (3, None)):
            await uow.conn.execute(
                insert(tables.outbox).values(
                    telegram_user_id=number, kind="x", params={}, created_at=clock(), due_at=clock(), sent_at=sent_at
                )
            )
    await Scheduler(desk.database, upkeep(core), clock=clock, holder="one").run_due()
    async with desk.read() as uow:
        assert (await core.audit.verify(uow)).number == 1
        assert (await uow.conn.execute(select(tables.counters))).all() == []
        kept = select(updates.inbox.c.update_id).order_by(updates.inbox.c.update_id)
        assert (await uow.conn.execute(kept)).scalars().all() == [2, 3]
        told = select(tables.outbox.c.telegram_user_id).order_by(tables.outbox.c.telegram_user_id)
        assert (await uow.conn.execute(told)).scalars().all() == [2, 3]
