"""Runs what is to be done from time to time: by one process at a time, each job in transactions of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.uncut import uncut
from core.unit import Channel, Clock, UnitOfWork
from storage import leases
from storage.database import Database
from storage.errors import StorageError

_log = structlog.get_logger(__name__)
_LEASE: Final = "jobs"
_LEASE_LIFE: Final = timedelta(seconds=40)  # more than two ticks; renewed while an errand runs
_RENEW_EVERY: Final = 10.0  # seconds
_TICK: Final = timedelta(seconds=15)
_FIRST: Final = timedelta(seconds=2)  # after a start those who have written meanwhile come first


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done every so often. `act` is safe to repeat: a job cut short is simply done again."""

    name: str
    every: timedelta
    act: Callable[[UnitOfWork], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Errand:
    """A job that waits for more than the database, as for the photo store: no transaction may be open over that.

    `act` opens its own, short ones, is done within a minute (the next round goes on) and is safe to repeat.
    """

    name: str
    every: timedelta
    act: Callable[[Database, Clock], Awaitable[None]]


AnyJob: TypeAlias = Job | Errand


class Scheduler:
    """Does jobs when they are due, as long as it holds the lease; another process takes over when it is gone.

    Each job takes the lease in its own transaction: two that both believe to lead cannot both commit it.
    """

    def __init__(
        self, database: Database, jobs: Sequence[AnyJob], *, clock: Clock, holder: str, tick: timedelta = _TICK
    ) -> None:
        """`holder` names this process among all that share the database."""
        self._database = database
        self._jobs = jobs
        self._clock = clock
        self._holder = holder
        self._tick = tick
        self._due: dict[str, datetime] = {}

    async def run(self) -> None:
        """Runs until it is cancelled, then gives the lease up."""
        try:
            await asyncio.sleep(_FIRST.total_seconds())
            while True:
                await uncut(self.run_due())
                await asyncio.sleep(self._tick.total_seconds())
        finally:
            await self._release()

    async def run_due(self) -> list[str]:
        """Does each job that is due, if the lease can be had; returns their names. Faults are logged, not raised."""
        done: list[str] = []
        for job in self._jobs:
            now = self._clock()
            # Further away than a job's interval lies only what was reckoned before the clock was put back.
            if now < self._due.get(job.name, now) <= now + job.every:
                continue
            try:
                if not await self._do(job, now):
                    return done
            except StorageError as error:
                _log.warning("job.storage_fault", job=job.name, error=str(error))
                return done
            except Exception:
                _log.exception("job.failed", job=job.name)
            self._due[job.name] = now + job.every
            done.append(job.name)
        return done

    async def _do(self, job: AnyJob, now: datetime) -> bool:
        """False: another process leads."""
        if not await self._may_lead(now):
            return False
        if isinstance(job, Errand):
            if not await self._lead():
                return False
            renewing = asyncio.create_task(self._renew())
            try:
                await job.act(self._database, self._clock)
            finally:
                renewing.cancel()
                await asyncio.wait([renewing])
            return True
        async with self._database.write() as conn:
            if not await self._take(conn, now):
                return False
            await job.act(UnitOfWork(conn, now, Channel.JOB))
        return True

    async def _may_lead(self, now: datetime) -> bool:
        """Reads first, so that who waits writes nothing."""
        async with self._database.read() as conn:
            return await leases.is_free(conn, _LEASE, self._holder, now, now + _LEASE_LIFE)

    async def _lead(self) -> bool:
        async with self._database.write() as conn:
            return await self._take(conn, self._clock())

    async def _take(self, conn: AsyncConnection, now: datetime) -> bool:
        return await leases.take(conn, _LEASE, self._holder, now, now + _LEASE_LIFE)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            with suppress(StorageError):
                await uncut(self._lead())

    async def _release(self) -> None:
        try:
            async with self._database.write() as conn:
                await leases.release(conn, _LEASE, self._holder)
        except StorageError as error:
            _log.warning("job.storage_fault", job="release", error=str(error))
