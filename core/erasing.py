"""Erasing an account: what its owner asks for, at once and whole (SECURITY.md Privacy).

What a transaction cannot do follows behind it, by the bot's clock: photos leave the store (core/photo_removals.py); the
database's files lose what its tables have lost; and an hour later the account is gone over once more, for what was in
flight in other transactions. Until then a row says so: a kill only puts it off.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import structlog

from core.account import Account, AccountState
from core.accounts import Accounts
from core.audit import Action, Audit
from core.departures import Departures
from core.errors import AccountError
from core.jobs.scheduler import Errand
from core.notices import NoticeKind, Notices
from core.past_refusals import PastRefusals
from core.permissions import Permission, require
from core.photo_removals import remove_photos, remove_unsettled
from core.removals import REMOVALS
from core.sessions import Sessions, Signed
from core.unit import Channel, Clock, UnitOfWork
from core.values import Phone, Role
from storage import accounts as account_store
from storage import clearing
from storage import erasing as store
from storage.database import Database
from storage.errors import StorageError
from storage.tables.base import AnyRow

ONCE_MORE: Final = timedelta(hours=1)
"""So long after an erasure it is gone over again: longer than any transaction."""
_TRY_AGAIN: Final = timedelta(hours=1)
_STILL_DONE: Final = frozenset({NoticeKind.ACCOUNT_ERASED.value, *REMOVALS})  # they belong to nobody any more

_log = structlog.get_logger(__name__)


class Erasing:
    """Erases one's own account."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        audit: Audit,
        notices: Notices,
        departures: Departures,
        past_refusals: PastRefusals,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._audit = audit
        self._notices = notices
        self._departures = departures
        self._past_refusals = past_refusals

    async def check_may(self, uow: UnitOfWork, signed: Signed) -> None:
        """Refuses who could not erase their account now: Forbidden; AccountError `account.last_admin`."""
        require(signed, Permission.ERASE_OWN_ACCOUNT)
        await self._check_not_last(uow, signed)

    async def erase(self, uow: UnitOfWork, signed: Signed) -> None:
        """Erases the account of who is acting. That they know their password is for the face to have asked.

        Every login ends, phone and e-mail are free again; the account's other chats are told, once. Raises as
        `check_may`, and Unauthenticated when this login was ended meanwhile: of two who erase at once the second.
        """
        require(signed, Permission.ERASE_OWN_ACCOUNT)
        await self._check_not_last(uow, signed)
        account = await self._accounts.lock_own(uow, signed)
        await self._sessions.check_living(uow, signed)
        await self._erase(uow, account, by=signed)

    async def erase_again(self, uow: UnitOfWork, account_id: int) -> Account:
        """Erases an account that its owner had erased and a backup brought back; what it was (docs/erasing.md).

        For the operator. Nobody is told: they were, when it was erased. Raises AccountError `account.unknown`, also
        when it is erased in this database, and `account.last_admin`.
        """
        row = await account_store.get_locked(uow.conn, account_id)
        if row is None or row.state == AccountState.ERASED:
            raise AccountError("account.unknown", field="account")
        if row.role == Role.ADMIN and await account_store.lock_active_admins(uow.conn) == [account_id]:
            raise AccountError("account.last_admin", field="account")
        account = self._accounts.of_row(uow, row)
        await self._erase(uow, account, by=None)
        return account

    async def _erase(self, uow: UnitOfWork, account: Account, *, by: Signed | None) -> None:
        here = by.telegram_user_id if by else None
        if account.phone is not None:
            await self._past_refusals.phone_leaves(uow, account.id, Phone(account.phone))
        await store.lock_submissions(uow.conn, account.id)
        await self._departures.close_open(uow, account.id, by)
        await self._departures.release_claims(uow, account.id)
        if by is not None:
            await self._notices.tell(uow, account.id, NoticeKind.ACCOUNT_ERASED, but=here)
        people = await store.people(uow.conn, account.id)
        await self._take(uow, account.id, people, here=here)
        await store.note(uow.conn, account.id, people, uow.now)
        await self._audit.append(
            uow,
            Action.ERASE,
            actor=by.pseudonym if by else None,
            subject=account.pseudonym,
            from_state=account.state,
            to_state=AccountState.ERASED,
        )

    async def forget_told(self, uow: UnitOfWork) -> None:
        """Deletes what was sent for accounts that are gone: it is nobody's to read again, and names Telegram users."""
        await store.forget_told(uow.conn, _STILL_DONE)

    def clearing(self) -> Errand:
        """The job that does what follows behind the commit."""

        async def clear(database: Database, clock: Clock) -> None:
            now = clock()
            async with database.read() as conn:
                due = await store.due(conn, now)
            fresh = [row.account_id for row in due if now - row.erased_at < ONCE_MORE]
            if fresh and await clearing.empty_wal(database):
                async with database.write() as conn:
                    await store.put_off(conn, fresh, max(row.erased_at for row in due) + ONCE_MORE)
                _log.info("erased.accounts", accounts=fresh)  # an older backup, put back, brings them back
            old = [row for row in due if now - row.erased_at >= ONCE_MORE]
            if old:
                await self._finish(database, clock, old)

        return Errand("clear_erased", timedelta(seconds=15), clear)

    async def _finish(self, database: Database, clock: Clock, erasures: Iterable[AnyRow]) -> None:
        ids = [row.account_id for row in erasures]
        async with database.write() as conn:
            uow = UnitOfWork(conn, clock(), Channel.JOB)
            for row in erasures:
                await self._take(uow, row.account_id, row.people, here=None)
        try:
            await clearing.write_anew(database)
        except StorageError as error:
            _log.warning("erased.not_cleared", accounts=len(ids), error=str(error))
            async with database.write() as conn:
                await store.put_off(conn, ids, clock() + _TRY_AGAIN)
            return
        async with database.write() as conn:
            await store.finish(conn, ids)
        _log.info("erased.cleared", accounts=ids)

    async def _take(self, uow: UnitOfWork, account_id: int, people: list[int], *, here: int | None) -> None:
        await remove_photos(uow, await store.photos(uow.conn, account_id))
        await remove_unsettled(uow, account_id)
        await store.take(uow.conn, store.Whose(account_id, people, here or 0, _STILL_DONE))

    async def _check_not_last(self, uow: UnitOfWork, signed: Signed) -> None:
        if signed.role is Role.ADMIN and await account_store.lock_active_admins(uow.conn) == [signed.account_id]:
            raise AccountError("account.last_admin", field="account")
