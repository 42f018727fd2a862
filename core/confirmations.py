"""Confirming what people have asked for: admins who have checked who it is (SECURITY.md The assisted way).

Nothing that the admin sees opens an account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.account import Account, AccountState
from core.accounts import Accounts
from core.audit import Action, Audit
from core.crockford import parse_number
from core.errors import AccountError, InvalidValue
from core.notices import NoticeKind, Notices
from core.permissions import Permission, require
from core.phone_changes import PhoneChanges
from core.recovery import LIFE, Purpose, RequestState, hashed
from core.sessions import Sessions, Signed
from core.throttle import Throttle
from core.unit import UnitOfWork
from core.values import Phone, Role
from storage import account_chats, outbox
from storage import accounts as account_store
from storage import recovery as store
from storage.tables.base import AnyRow

FREE_TRIES: Final = 5
"""So many numbers that do not exist an admin may type before having to wait."""
_OVER: Final[Mapping[str, str]] = {
    RequestState.GRANTED: "recovery.confirmed_already",
    RequestState.DONE: "recovery.confirmed_already",
    RequestState.DROPPED: "recovery.dropped",
    RequestState.OPEN: "recovery.expired",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as an admin sees it. `account` None: there is no such account. `phone`: the new one, if it is that."""

    id: int
    purpose: Purpose
    account: Account | None
    phone: str | None


class Confirmations:
    """Shows and confirms requests."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        phone_changes: PhoneChanges,
        sessions: Sessions,
        throttle: Throttle,
        audit: Audit,
        notices: Notices,
    ) -> None:
        self._accounts = accounts
        self._phone_changes = phone_changes
        self._sessions = sessions
        self._throttle = throttle
        self._audit = audit
        self._notices = notices

    async def look(self, uow: UnitOfWork, signed: Signed, typed: str) -> Request | None:
        """What the request of this number is about; None when there is none: that was counted, and must be committed.

        Raises AccountError for a request that is over or not theirs to confirm, InvalidValue for what is no number,
        Throttled for who has guessed too often, Forbidden.
        """
        require(signed, Permission.MANAGE_ACCOUNTS)
        number = parse_number(typed)
        if number is None:
            raise InvalidValue("recovery.wrong_number", field="number")
        tries = self._throttle.key("request numbers tried", signed.account_id)
        await self._throttle.reserve(uow, tries, FREE_TRIES, "recovery.throttled")
        row = await store.by_number(uow.conn, hashed(self._throttle, number))
        if row is None:
            await self._audit.append(uow, Action.FIND, actor=signed.pseudonym)
            return None
        await self._throttle.give_back(uow, tries)
        if row.state != RequestState.OPEN or row.expires_at <= uow.now:
            raise _over(row)
        account = None if row.account_id is None else await self._accounts.get(uow, row.account_id)
        if account is not None:
            await self._check_not_own(uow, signed, row, account)
        subject = account.pseudonym if account else None
        await self._audit.append(uow, Action.FIND, actor=signed.pseudonym, subject=subject)
        return Request(row.id, Purpose(row.purpose), account, row.phone)

    async def confirm(self, uow: UnitOfWork, signed: Signed, request_id: int, *, seen_phone: str | None) -> Account:
        """Confirms a request: that chat is asked for the new password, or the new phone holds at once.

        `seen_phone` is the phone that the admin was shown as the account's. The account's chats are told. Of two who
        confirm at once the second reads so. Raises AccountError, which changes nothing, Forbidden, Unauthenticated.
        """
        require(signed, Permission.MANAGE_ACCOUNTS)
        async with uow.conn.begin_nested():
            return await self._confirm(uow, signed, request_id, seen_phone)

    async def _confirm(self, uow: UnitOfWork, signed: Signed, request_id: int, seen_phone: str | None) -> Account:
        row = await store.get(uow.conn, request_id)
        if row is None or row.account_id is None:
            raise AccountError("recovery.expired")
        await account_store.get_locked(uow.conn, row.account_id)
        account = await self._accounts.get(uow, row.account_id)
        await self._check_not_own(uow, signed, row, account)
        after = RequestState.GRANTED if row.purpose == Purpose.PASSWORD else RequestState.DONE
        ways = {"before": RequestState.OPEN.value, "after": after.value}
        if not await store.move(uow.conn, row.id, uow.now, **ways, expires_at=uow.now + LIFE):
            raise _over(await store.get(uow.conn, request_id))
        if account.phone != seen_phone:
            raise AccountError("recovery.changed")
        await self._sessions.check_living(uow, signed)  # who acts may have been suspended while this waited
        reasons = [str(row.purpose)]
        await self._audit.append(
            uow, Action.CONFIRM_REQUEST, actor=signed.pseudonym, subject=account.pseudonym, reasons=reasons
        )
        if row.phone is not None:
            await self._phone_changes.confirmed(uow, account, Phone(row.phone), by=signed, chat=row.telegram_user_id)
        else:
            await self._notices.tell(uow, account.id, NoticeKind.RESET_CONFIRMED, but=row.telegram_user_id)
            await self._ask_for_password(uow, row.telegram_user_id)
        return await self._accounts.get(uow, account.id)

    @staticmethod
    async def _ask_for_password(uow: UnitOfWork, telegram_user_id: int) -> None:
        """In the chat that made the request, whatever accounts are known there."""
        kind, now = NoticeKind.RESET_GRANTED.value, uow.now
        await outbox.add(
            uow.conn, now, telegram_user_id=telegram_user_id, account_id=None, kind=kind, params={}, due_at=now
        )

    async def _check_not_own(self, uow: UnitOfWork, signed: Signed, row: AnyRow, account: Account) -> None:
        """Nobody confirms for themselves, in whichever of their accounts, nor for staff (SECURITY.md Admins)."""
        here = signed.telegram_user_id
        if account.state is not AccountState.ACTIVE:
            raise AccountError("recovery.suspended")
        if account.role is Role.ADMIN:
            raise AccountError("recovery.staff")
        if account.id == signed.account_id or row.telegram_user_id == here:
            raise AccountError("account.own")
        if here is not None and await account_chats.is_known(uow.conn, account.id, here):
            raise AccountError("account.own")


def _over(row: AnyRow | None) -> AccountError:
    """What has become of a request that does not wait for an admin any more."""
    return AccountError(_OVER[row.state] if row is not None else "recovery.expired")
