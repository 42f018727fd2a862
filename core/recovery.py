"""Requests of people who cannot log in, or whose phone has changed (SECURITY.md The assisted way).

The number of a request travels from the person to an admin, who confirms it (core/confirmations.py); what follows
happens in the chat that asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self, TypeAlias

from core.account import Account, AccountState, parse_number
from core.accounts import Accounts
from core.audit import Action, Audit
from core.crockford import new_number
from core.errors import AccountError
from core.permissions import Permission, require
from core.phone_changes import PhoneChanges
from core.sessions import Sessions, Signed
from core.throttle import Throttle
from core.unit import UnitOfWork
from core.values import Email, Phone, Role, Username
from storage import accounts as account_store
from storage import recovery as store
from storage.tables.base import AnyRow

LIFE: Final = timedelta(minutes=30)
"""So long a request can be confirmed, and so long after that it can be used."""
A_DAY: Final = 5
"""So many numbers a Telegram user can have in a day."""


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


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where the request of a Telegram user stands, for themselves to see."""

    purpose: Purpose
    granted: bool
    until: datetime


class Recovery:
    """Makes requests."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        phone_changes: PhoneChanges,
        sessions: Sessions,
        throttle: Throttle,
        audit: Audit,
    ) -> None:
        self._accounts = accounts
        self._phone_changes = phone_changes
        self._sessions = sessions
        self._throttle = throttle
        self._audit = audit

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
        there = row is not None and row.role == role and row.state != AccountState.ERASED
        return row if there else None

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
        if account is not None:
            await account_store.get_locked(uow.conn, account.id)
        await store.add(
            uow.conn,
            uow.now,
            telegram_user_id=telegram_user_id,
            account_id=account.id if account else None,
            purpose=purpose.value,
            state=(RequestState.OPEN if number else RequestState.GRANTED).value,
            number_hash=hashed(self._throttle, number) if number else None,
            phone=phone.value if phone else None,
            expires_at=uow.now + LIFE,
        )
        subject = account.pseudonym if account else None
        await self._audit.append(uow, Action.MAKE_REQUEST, actor=actor, subject=subject, reasons=[purpose.value])


def hashed(throttle: Throttle, number: str) -> str:
    """How the number of a request is kept: a keyed hash."""
    return throttle.key("request number", number)


def _verified_by(row: AnyRow, named: Named, telegram_user_id: int) -> bool:
    """Whether this Telegram user verified the phone by which an active account was named."""
    by_phone = isinstance(named, Phone) and row.phone_verified_at is not None
    return by_phone and row.phone_verified_by == telegram_user_id and row.state == AccountState.ACTIVE
