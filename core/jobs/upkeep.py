"""The standing jobs: sealing the audit, logging its head, and clearing away what has had its time."""

from datetime import timedelta
from typing import Final

import structlog

from core.core import Core
from core.jobs.scheduler import Job
from core.notices import READ_AGAIN
from core.unit import UnitOfWork
from storage import account_chats, chats, counters, inbox, leases, news, wrong_clock

_log = structlog.get_logger(__name__)
KEEP_DONE: Final = timedelta(hours=48)
"""Handled updates are remembered so long, so that one delivered twice is known."""
LEASES_KEPT: Final = timedelta(hours=1)


def upkeep(core: Core) -> list[Job]:
    """The jobs every clinic needs, for a Scheduler."""

    async def seal_audit(uow: UnitOfWork) -> None:
        while await core.audit.seal(uow):
            pass

    async def log_audit_head(uow: UnitOfWork) -> None:
        """The log is another place than the database: who changes both chains needs both (REVIEW.md Audit)."""
        _log.info("audit.head", head=str(await core.audit.head(uow)))

    async def purge(uow: UnitOfWork) -> None:
        await core.sessions.purge(uow)
        await counters.purge(uow.conn, uow.now)
        await core.past_refusals.purge(uow)
        await core.erasing.forget_told(uow)
        await inbox.purge(uow.conn, before=uow.now - KEEP_DONE)
        await account_chats.purge_told(uow.conn, before=uow.now - READ_AGAIN)
        await news.purge(uow.conn, before=uow.now - READ_AGAIN)
        await core.recovery.purge(uow)
        await chats.expire(uow.conn, uow.now)
        await leases.purge(uow.conn, before=uow.now - LEASES_KEPT)

    async def put_clock_right(uow: UnitOfWork) -> None:
        await wrong_clock.put_right(uow.conn, uow.now)

    return [
        Job("seal_audit", timedelta(seconds=30), seal_audit),
        Job("log_audit_head", timedelta(hours=1), log_audit_head),
        Job("purge", timedelta(hours=1), purge),
        Job("put_clock_right", timedelta(minutes=5), put_clock_right),
    ]
