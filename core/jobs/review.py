"""The review's timers: how often each looks whether its time has come (core/review_clock.py)."""

from datetime import timedelta
from typing import Final

from core.core import Core
from core.exhibits import drop_old_images
from core.jobs.scheduler import AnyJob, Errand, Job
from core.unit import Channel, Clock, UnitOfWork
from storage import reviews as store
from storage.database import Database

_COMPARED_AT_ONCE: Final = 20


def review(core: Core) -> list[AnyJob]:
    """All of them, for a Scheduler."""
    clock = core.review_clock

    async def compare(database: Database, now: Clock) -> None:
        """Reading every likeness takes a moment: no other writer is to wait for it."""
        async with database.read() as conn:
            attempts = await store.uncompared(conn, most=_COMPARED_AT_ONCE)
            if not attempts:
                return
            found = await core.flagging.look_alikes(UnitOfWork(conn, now(), Channel.JOB), attempts)
        async with database.write() as conn:
            await core.flagging.note(UnitOfWork(conn, now(), Channel.JOB), found)

    jobs: list[AnyJob] = [
        Job("end_claims", timedelta(seconds=15), clock.end_claims),
        Errand("compare_photos", timedelta(seconds=15), compare),
        Job("remind_admins", timedelta(minutes=5), clock.remind_admins),
        Job("remind_doctors", timedelta(minutes=5), clock.remind_doctors),
        Job("end_validity", timedelta(minutes=5), clock.end_validity),
        Job("close_certificates", timedelta(minutes=5), clock.close),
        Job("unlock_certificates", timedelta(minutes=5), clock.unlock),
        Job("drop_photos", timedelta(hours=1), clock.drop_photos),
        Job("drop_images", timedelta(minutes=5), drop_old_images),
    ]
    if core.settings.review.four_eyes:
        jobs.append(Job("check_four_eyes", timedelta(hours=1), clock.check_four_eyes))
    return jobs
