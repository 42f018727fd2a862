"""Exports: all that is kept about oneself, made after it was asked for, delivered in the chat (SECURITY.md Privacy).

An export is a row until it is delivered. One process at a time has it, and another takes it over when that one is gone.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final

from core.account import AccountState
from core.accounts import Accounts
from core.audit import Action, Audit
from core.errors import Conflict
from core.export_data import OwnData, OwnDataReader, Wording
from core.notices import NoticeKind, Notices
from core.permissions import Permission, may, require
from core.removals import Removal, remove_later, remove_now
from core.sessions import Sessions, Signed
from core.throttle import Throttle
from core.unit import UnitOfWork
from storage import accounts as account_store
from storage import exports as store
from storage.exports import ExportJob

LEASE: Final = timedelta(seconds=30)
SHOWN_FOR: Final = timedelta(hours=24)
"""So long the file stays in the chat (SECURITY.md Privacy)."""
A_DAY_AT_MOST: Final = 5
GIVE_UP_AFTER: Final = timedelta(hours=24)
MOST_ATTEMPTS: Final = 20
"""A job that ends every process that takes it up must end itself."""


class Exports:
    """Takes requests, says who may have what, and what becomes of a request."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        audit: Audit,
        notices: Notices,
        throttle: Throttle,
        reader: OwnDataReader,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._audit = audit
        self._notices = notices
        self._throttle = throttle
        self._reader = reader

    async def check_may_ask(self, uow: UnitOfWork, signed: Signed) -> None:
        """Raises Forbidden, and Conflict `export.under_way` while an earlier one is not delivered."""
        require(signed, Permission.EXPORT_OWN_DATA)
        if await store.is_under_way(uow.conn, signed.account_id):
            raise Conflict("export.under_way")

    async def ask(self, uow: UnitOfWork, signed: Signed) -> None:
        """Asks for an export to the chat that is signed in. That they know their password is for the face to ask.

        Raises Forbidden, Conflict `export.under_way`, Throttled `export.too_many` after five in a day.
        """
        require(signed, Permission.EXPORT_OWN_DATA)
        await self._sessions.check_living(uow, signed)
        assert signed.telegram_user_id is not None  # no route asks for one
        if not await store.add(uow.conn, signed.account_id, signed.telegram_user_id, uow.now):
            raise Conflict("export.under_way")
        await self._throttle.take(uow, "exports", signed.telegram_user_id, limit=A_DAY_AT_MOST, code="export.too_many")
        await self._audit.append(uow, Action.ASK_FOR_EXPORT, actor=signed.pseudonym, subject=signed.pseudonym)

    async def claim(self, uow: UnitOfWork, holder: str, most: int) -> list[ExportJob]:
        """Takes up to `most` jobs that are due, for the process of this name."""
        return await store.claim(uow.conn, uow.now, holder=holder, until=uow.now + LEASE, most=most)

    async def keep(self, uow: UnitOfWork, job: ExportJob, holder: str) -> bool:
        """Goes on holding a job; False when it is another's, or there is none any more."""
        return await store.keep(uow.conn, job.id, holder, uow.now + LEASE)

    async def owner(self, uow: UnitOfWork, job: ExportJob) -> Signed | None:
        """Who the export may be delivered to now: whoever is logged in to its account where it was asked for."""
        signed = (await self._sessions.of_people(uow, [job.telegram_user_id])).get(job.telegram_user_id)
        if signed is None or signed.account_id != job.account_id or not may(signed, Permission.EXPORT_OWN_DATA):
            return None
        return signed

    async def read(self, uow: UnitOfWork, signed: Signed, wording: Wording) -> OwnData:
        """All that is told but the audit. Raises Forbidden."""
        require(signed, Permission.EXPORT_OWN_DATA)
        return await self._reader.read(uow, await self._accounts.me(uow, signed), signed, wording)

    def trail(self, uow: UnitOfWork, own: OwnData, wording: Wording) -> AsyncIterator[list[dict[str, Any]]]:
        """The audit's part, a page at a time."""
        return self._reader.trail(uow, own, wording)

    async def looked_at(self, uow: UnitOfWork, own: OwnData) -> None:
        """Notes that the photos go out: every look at an image is an entry (REVIEW.md Audit)."""
        await self._audit.append(
            uow,
            Action.MAKE_EXPORT,
            subject=own.account.pseudonym,
            file_hashes=[photo.sha256 for photo in own.photos if photo.sha256],
        )

    async def begin(self, uow: UnitOfWork, job: ExportJob) -> None:
        """What an earlier attempt has delivered is taken away: all of it comes anew."""
        if job.attempts > 1:
            await remove_now(uow, Removal.EXPORT, job.account_id, since=job.created_at)

    async def delivered(self, uow: UnitOfWork, job: ExportJob, holder: str, message_id: int) -> bool:
        """Notes a file in the chat, which goes after 24 hours; at once, and False, when it is wanted no more."""
        await account_store.get_locked(uow.conn, job.account_id)
        wanted = await self.keep(uow, job, holder)
        await self.take_away(uow, job, message_id, after=SHOWN_FOR if wanted else timedelta(0))
        return wanted

    async def take_away(self, uow: UnitOfWork, job: ExportJob, message_id: int, after: timedelta) -> None:
        """Has a message about the export deleted after that time."""
        await remove_later(
            uow,
            Removal.EXPORT,
            account_id=job.account_id,
            telegram_user_id=job.telegram_user_id,
            message_id=message_id,
            at=uow.now + after,
        )

    async def put_back(self, uow: UnitOfWork, job: ExportJob, holder: str, pause: timedelta) -> bool:
        """Has it tried again after a pause; False when it is not the holder's any more."""
        return await store.put_back(uow.conn, job.id, holder, uow.now + pause)

    async def end(self, uow: UnitOfWork, job: ExportJob, holder: str) -> bool:
        """Ends a job that is done, or whose owner is not there any more; False when it is not the holder's."""
        return await store.end(uow.conn, job.id, holder)

    async def fail(self, uow: UnitOfWork, job: ExportJob, holder: str) -> None:
        """Gives a job up, and tells its account so, unless that is suspended."""
        await account_store.get_locked(uow.conn, job.account_id)
        ended = await store.end(uow.conn, job.id, holder)
        if ended and (await self._accounts.get(uow, job.account_id)).state is AccountState.ACTIVE:
            await self._notices.tell(uow, job.account_id, NoticeKind.EXPORT_FAILED)


def is_hopeless(job: ExportJob, now: datetime) -> bool:
    """Whether it has been tried long enough."""
    return job.attempts >= MOST_ATTEMPTS or now - job.created_at >= GIVE_UP_AFTER
