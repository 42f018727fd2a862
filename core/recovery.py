"""Requests of people who cannot log in, or whose phone has changed (SECURITY.md The assisted way).

The number of a request travels from the person to an admin, who has checked who it is and confirms it. Nothing that the
admin sees opens an account: what follows happens in the chat that asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self, TypeAlias

from core.account import Account, AccountState, parse_number
from core.accounts import Accounts
from core.audit import Action, Audit
from core.crockford import new_number
from core.crockford import parse_number as parse_request
from core.errors import AccountError, InvalidValue
from core.notices import NoticeKind, Notices
from core.permissions import Permission, require
from core.phone_changes import PhoneChanges
from core.sessions import Sessions, Signed
from core.throttle import Throttle
from core.unit import UnitOfWork
from core.values import Email, Phone, Role, Username
from storage import account_chats, outbox
from storage import accounts as account_store
from storage import recovery as store
from storage.tables.base import AnyRow

LIFE: Final = timedelta(minutes=30)
"""So long a request can be confirmed, and so long after that it can be used."""
A_DAY: Final = 5
"""So many numbers a Telegram user can have in a day."""
FREE_TRIES: Final = 5
"""So many numbers that do not exist an admin may type before having to wait."""


class Purpose(StrEnum):
    """What is asked for."""

    PASSWORD = "password"  # noqa: S105 - a purpose's name
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class AccountNumber:
    """The number of an account, like `P12`."""

    role: Role
    id: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises AccountError."""
        return cls(*parse_number(text))


class RequestState(StrEnum):
    """Open: it waits for an admin. Granted: it waits for the new password. Dropped: something else came first."""

    OPEN = "open"
    GRANTED = "granted"
    DONE = "done"
    DROPPED = "dropped"


Named: TypeAlias = Phone | Email | Username | AccountNumber
"""By what people name their account. One that has lost its phone goes by its number alone."""
_OVER: Final[Mapping[str, str]] = {
    RequestState.GRANTED: "recovery.confirmed_already",
    RequestState.DONE: "recovery.confirmed_already",
    RequestState.DROPPED: "recovery.dropped",
    RequestState.OPEN: "recovery.expired",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where the request of a Telegram user stands, for themselves to see."""

    purpose: Purpose
    granted: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """A request as an admin sees it. `account` None: there is no such account. `phone`: the new one, if it is that."""

    id: int
    purpose: Purpose
    account: Account | None
    phone: str | None


class Recovery:
    """Makes, shows and confirms requests."""

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

    @staticmethod
    def check_role(role: Role) -> None:
        """Staff ask the operator (SECURITY.md Admins): AccountError `recovery.staff`."""
        if role is Role.ADMIN:
            raise AccountError("recovery.staff", field="role")

    async def ask(
        self, uow: UnitOfWork, telegram_user_id: int, role: Role, named: Named, *, own_contact: bool
    ) -> str | None:
        """Asks for a new password of the account that goes by this phone, e-mail, username or number.

        Returns the number to be told to an admin, whether there is such an account or not; or None: nobody is needed.
        That is so when this Telegram user has verified this phone before and shares it again; a contact alone is no
        proof, for numbers are recycled. Raises Throttled, and AccountError for staff.
        """
        self.check_role(role)
        row = await self._named(uow, role, named)
        account = self._accounts.of_row(uow, row) if row is not None else None
        if own_contact and row is not None and account is not None and _verified_by(row, named, telegram_user_id):
            await self._add(uow, telegram_user_id, account, Purpose.PASSWORD)
            return None
        number = await self._new_number(uow, telegram_user_id)
        await self._add(uow, telegram_user_id, account, Purpose.PASSWORD, number=number)
        return number

    async def ask_for_phone(self, uow: UnitOfWork, signed: Signed, phone: Phone) -> str:
        """Asks for another phone of one's own account; returns the number to be told to an admin.

        Raises AccountError for a phone that is taken or their own already, and for staff; Throttled; Forbidden;
        Unauthenticated when this login was ended meanwhile.
        """
        require(signed, Permission.CHANGE_OWN_PHONE)
        account = await self._accounts.lock_own(uow, signed)
        await self._sessions.check_living(uow, signed)
        if signed.role is Role.ADMIN:
            raise AccountError("recovery.staff_phone", field="phone")
        await self._phone_changes.check_typed(uow, signed, phone)
        assert signed.telegram_user_id is not None  # no route asks for this
        here = signed.telegram_user_id
        number = await self._new_number(uow, here)
        await self._add(uow, here, account, Purpose.PHONE, number=number, phone=phone, actor=signed.pseudonym)
        return number

    async def waiting(self, uow: UnitOfWork, telegram_user_id: int) -> Waiting | None:
        """The request of this Telegram user that is still to be confirmed, or used."""
        row = await store.active(uow.conn, telegram_user_id, uow.now)
        if row is None:
            return None
        return Waiting(Purpose(row.purpose), row.state == RequestState.GRANTED, row.expires_at)

    async def look(self, uow: UnitOfWork, signed: Signed, typed: str) -> Request | None:
        """What the request of this number is about; None when there is none: that was counted, and must be committed.

        Raises AccountError for a request that is over or not theirs to confirm, InvalidValue for what is no number,
        Throttled for who has guessed too often, Forbidden.
        """
        require(signed, Permission.MANAGE_ACCOUNTS)
        number = parse_request(typed)
        if number is None:
            raise InvalidValue("recovery.wrong_number", field="number")
        tries = self._throttle.key("request numbers tried", signed.account_id)
        await self._throttle.reserve(uow, tries, FREE_TRIES, "recovery.throttled")
        row = await store.by_number(uow.conn, self._hashed(number))
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

    async def purge(self, uow: UnitOfWork) -> int:
        """Removes requests a day after their time; how many."""
        return await store.purge(uow.conn, before=uow.now - timedelta(days=1))

    async def _named(self, uow: UnitOfWork, role: Role, named: Named) -> AnyRow | None:
        if isinstance(named, Phone):
            return await account_store.by_phone(uow.conn, role, named.value)
        if isinstance(named, AccountNumber):
            row = await account_store.get(uow.conn, named.id)
        elif isinstance(named, Email):
            row = await account_store.by_email(uow.conn, named.folded)
        else:
            row = await account_store.by_username(uow.conn, named.folded)
        return row if row is not None and row.role == role else None

    async def _new_number(self, uow: UnitOfWork, telegram_user_id: int) -> str:
        await self._throttle.take(uow, "requests", telegram_user_id, limit=A_DAY, code="recovery.too_many")
        return new_number()

    async def _add(
        self,
        uow: UnitOfWork,
        telegram_user_id: int,
        account: Account | None,
        purpose: Purpose,
        *,
        number: str | None = None,
        phone: Phone | None = None,
        actor: str | None = None,
    ) -> None:
        """Without a number nobody needs to confirm it."""
        await store.add(
            uow.conn,
            uow.now,
            telegram_user_id=telegram_user_id,
            account_id=account.id if account else None,
            purpose=purpose.value,
            state=(RequestState.OPEN if number else RequestState.GRANTED).value,
            number_hash=self._hashed(number) if number else None,
            phone=phone.value if phone else None,
            expires_at=uow.now + LIFE,
        )
        subject = account.pseudonym if account else None
        await self._audit.append(uow, Action.MAKE_REQUEST, actor=actor, subject=subject, reasons=[purpose.value])

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

    def _hashed(self, number: str) -> str:
        return self._throttle.key("request number", number)


def _over(row: AnyRow | None) -> AccountError:
    """What has become of a request that does not wait for an admin any more."""
    return AccountError(_OVER[row.state] if row is not None else "recovery.expired")


def _verified_by(row: AnyRow, named: Named, telegram_user_id: int) -> bool:
    """Whether this Telegram user verified the phone by which an active account was named."""
    by_phone = isinstance(named, Phone) and row.phone_verified_at is not None
    return by_phone and row.phone_verified_by == telegram_user_id and row.state == AccountState.ACTIVE
