"""Accounts: made by registration or on the machine, seen by their owners, suspended and restored (CONTRACT.md 1)."""

import secrets
from datetime import date
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from core.account import Account, AccountState, parse_number
from core.audit import Action, Audit
from core.consents import ConsentKind, Consents
from core.departures import Departures
from core.errors import AccountError, Unauthenticated
from core.notes import Note, Notes
from core.notices import NoticeKind, Notices
from core.passwords import PasswordHash
from core.past_refusals import PastRefusals
from core.permissions import Permission, require
from core.sessions import EndReason, Sessions, Signed
from core.throttle import Throttle
from core.unit import Channel, UnitOfWork
from core.values import Age, BirthDate, Email, PersonName, Phone, Role, Sex, Username
from storage import accounts as store
from storage.errors import violated
from storage.tables.base import AnyRow

_OPEN_ROLES: Final = frozenset({Role.PATIENT, Role.DOCTOR})
# For each state: the one it is changed from, how that is audited, and what is said when it was so already.
_CHANGES: Final = {
    AccountState.SUSPENDED: (AccountState.ACTIVE, Action.SUSPEND, "account.is_suspended"),
    AccountState.ACTIVE: (AccountState.SUSPENDED, Action.RESTORE, "account.is_active"),
}
TAKEN: Final = {
    "uq_accounts_role_phone": "phone",
    "uq_accounts_email_folded": "email",
    "uq_accounts_username_folded": "username",
}


class Accounts:
    """Use cases on accounts. A taken phone, e-mail or username is AccountError `<field>.taken`."""

    def __init__(
        self,
        *,
        zone: ZoneInfo,
        throttle: Throttle,
        sessions: Sessions,
        consents: Consents,
        audit: Audit,
        notices: Notices,
        notes: Notes,
        departures: Departures,
        past_refusals: PastRefusals,
    ) -> None:
        """`zone` is the clinic's: it says which day is today."""
        self._zone = zone
        self._throttle = throttle
        self._sessions = sessions
        self._consents = consents
        self._audit = audit
        self._notices = notices
        self._notes = notes
        self._departures = departures
        self._past_refusals = past_refusals

    async def get(self, uow: UnitOfWork, account_id: int) -> Account:
        """The account; AccountError `account.unknown` when there is none."""
        row = await store.get(uow.conn, account_id)
        if row is None or row.state == AccountState.ERASED:
            raise AccountError("account.unknown", field="account")
        return self.of_row(uow, row)

    async def me(self, uow: UnitOfWork, signed: Signed) -> Account:
        """The account of who is acting (CONTRACT.md 2.5). Raises Forbidden."""
        require(signed, Permission.SEE_OWN_ACCOUNT)
        return await self.get(uow, signed.account_id)

    async def lock_own(self, uow: UnitOfWork, signed: Signed) -> Account:
        """The account of who is acting, which nobody else changes or erases until this transaction ends.

        Raises Unauthenticated when it was erased since they were let in: nothing may be written of it any more.
        """
        row = await store.get_locked(uow.conn, signed.account_id)
        if row is None or row.state == AccountState.ERASED:
            raise Unauthenticated
        return self.of_row(uow, row)

    async def find(self, uow: UnitOfWork, number: str) -> Account:
        """The account of a number like `A1`; AccountError when it is no number, or of no account."""
        return await self.get(uow, (await self.find_with_erased(uow, number)).id)

    async def find_with_erased(self, uow: UnitOfWork, number: str) -> Account:
        """As `find`, and what stays of an erased account, which the audit names (SECURITY.md Privacy)."""
        role, account_id = parse_number(number)
        row = await store.get(uow.conn, account_id)
        if row is None or row.role != role:
            raise AccountError("account.unknown", field="account")
        return self.of_row(uow, row)

    @staticmethod
    def check_not_own(signed: Signed, account: Account) -> None:
        """Raises AccountError for oneself (SECURITY.md Admins)."""
        if account.id == signed.account_id:
            raise AccountError("account.own", field="account")

    async def admins(self, uow: UnitOfWork) -> list[Account]:
        """All admins, oldest first."""
        return [self.of_row(uow, row) for row in await store.of_role(uow.conn, Role.ADMIN)]

    def of_row(self, uow: UnitOfWork, row: AnyRow) -> Account:
        """An account's row as an Account of today."""
        return Account.of(row, self._today(uow))

    async def check_phone_free(self, uow: UnitOfWork, role: Role, phone: Phone, *, verified_by_contact: bool) -> None:
        """Refuses a phone that another account of the role holds, unless it may be claimed (CONTRACT.md 1 phone)."""
        holder = await store.by_phone(uow.conn, role, phone.value)
        if holder is not None and not _is_claimable(holder, verified_by_contact=verified_by_contact):
            raise _taken("phone")

    async def check_email_free(self, uow: UnitOfWork, email: Email) -> None:
        """Refuses an e-mail that any account holds."""
        if await store.by_email(uow.conn, email.folded) is not None:
            raise _taken("email")

    async def check_username_free(self, uow: UnitOfWork, username: Username) -> None:
        """Refuses a username that any account holds."""
        if await store.username_is_taken(uow.conn, username.folded):
            raise _taken("username")

    async def check_birth_date(self, uow: UnitOfWork, birth_date: BirthDate) -> None:
        """Refuses a birthday after today in the clinic, or more than 150 years ago. Raises InvalidValue."""
        birth_date.check(self._today(uow))

    async def check_may_register(self, uow: UnitOfWork, telegram_user_id: int) -> None:
        """Raises Throttled when this Telegram user has registered often enough today (SECURITY.md Login)."""
        await self._throttle.check_registrations(uow, telegram_user_id)

    async def register_by_phone(
        self,
        uow: UnitOfWork,
        *,
        role: Role,
        phone: Phone,
        phone_verified: bool,
        name: PersonName,
        password_hash: PasswordHash,
        email: Email | None = None,
        sex: Sex | None = None,
        birth_date: BirthDate | None = None,
        telegram_user_id: int | None = None,
    ) -> Account:
        """Makes a patient's or doctor's account (CONTRACT.md 2.10, 2.16).

        `phone_verified` says that `telegram_user_id` shared it as their own contact: then it is taken from an account
        that holds it unverified. Raises AccountError, InvalidValue (birth date) and Throttled.
        """
        if role not in _OPEN_ROLES:
            raise AccountError("account.role_not_open", field="role")
        if birth_date is not None:
            await self.check_birth_date(uow, birth_date)
        if telegram_user_id is not None:
            await self._throttle.take_registration(uow, telegram_user_id)
        await self.claim_phone(uow, role, phone, verified_by_contact=phone_verified)
        return await self._add(
            uow,
            Action.REGISTER,
            password_hash,
            role=role,
            name=name.value,
            sex=(sex or Sex.UNDISCLOSED).value,
            phone=phone.value,
            phone_verified_at=uow.now if phone_verified else None,
            phone_verified_by=telegram_user_id if phone_verified else None,
            email=email.value if email else None,
            email_folded=email.folded if email else None,
            birth_date=birth_date.value if birth_date else None,
        )

    async def register_by_email(
        self,
        uow: UnitOfWork,
        *,
        username: Username,
        email: Email,
        sex: Sex,
        age: Age,
        password_hash: PasswordHash,
        telegram_user_id: int | None = None,
    ) -> Account:
        """Makes a doctor's account without a phone; its name is the username (CONTRACT.md 2.2). Errors as above."""
        if telegram_user_id is not None:
            await self._throttle.take_registration(uow, telegram_user_id)
        return await self._add(
            uow,
            Action.REGISTER,
            password_hash,
            role=Role.DOCTOR,
            name=username.value,
            sex=sex.value,
            email=email.value,
            email_folded=email.folded,
            username=username.value,
            username_folded=username.folded,
            age=age.value,
        )

    async def create_admin(
        self, uow: UnitOfWork, *, phone: Phone, name: PersonName, password_hash: PasswordHash
    ) -> Account:
        """Makes an admin: only the command line on the machine calls this (SECURITY.md Admins)."""
        return await self._add(
            uow,
            Action.CREATE_ADMIN,
            password_hash,
            role=Role.ADMIN,
            name=name.value,
            sex=Sex.UNDISCLOSED.value,
            phone=phone.value,
        )

    async def suspend(
        self, uow: UnitOfWork, account_id: int, *, by: Signed | None = None, note: Note | None = None
    ) -> Account:
        """Suspends an account and ends its logins (TOKENS T12, T25); what an admin had claimed is free again.

        `by` None: done on the machine. `note` is for colleagues; its owner never reads it. AccountError for oneself,
        for the last active admin, and for an account that is not active; Forbidden; Unauthenticated when `by` was
        logged out meanwhile.
        """
        account = await self._other(uow, account_id, by)
        if account.role is Role.ADMIN and await store.lock_active_admins(uow.conn) == [account.id]:
            raise AccountError("account.last_admin", field="account")
        await self._change_state(uow, account, AccountState.SUSPENDED, by, note)
        await self._departures.release_claims(uow, account.id)
        await self._notices.tell(uow, account.id, NoticeKind.SUSPENDED)
        await self._sessions.end_all(uow, account, EndReason.SUSPENDED)
        return await self.get(uow, account_id)

    async def restore(self, uow: UnitOfWork, account_id: int, *, by: Signed | None = None) -> Account:
        """Lets a suspended account log in again. Errors as above, but for the last admin."""
        account = await self._other(uow, account_id, by)
        await self._change_state(uow, account, AccountState.ACTIVE, by)
        await self._notices.tell(uow, account.id, NoticeKind.RESTORED)
        return await self.get(uow, account_id)

    async def reset_password(self, uow: UnitOfWork, account_id: int, password_hash: PasswordHash) -> Account:
        """Sets a password on the machine; every login of the account ends and its chats are told (TOKENS T25)."""
        account = await self.get(uow, account_id)
        await self.set_password(uow, account, password_hash)
        await self._sessions.end_all(uow, account, EndReason.PASSWORD_CHANGED)
        await self._notices.tell(uow, account_id, NoticeKind.PASSWORD_RESET)
        return account

    async def set_password(
        self, uow: UnitOfWork, account: Account, password: PasswordHash, *, by: Signed | None = None
    ) -> None:
        """Stores a password and nothing else: logins and chats are its caller's. `by` None: done on the machine."""
        await store.set_password(
            uow.conn, account.id, uow.now, value=password.value, scheme=password.scheme, pepper_id=password.pepper_id
        )
        actor = by.pseudonym if by else None
        await self._audit.append(uow, Action.SET_PASSWORD, actor=actor, subject=account.pseudonym)

    async def claim_phone(self, uow: UnitOfWork, role: Role, phone: Phone, *, verified_by_contact: bool) -> None:
        """Takes the phone from the account that holds it, if it may be claimed (CONTRACT.md 1 phone)."""
        holder = await store.by_phone(uow.conn, role, phone.value)
        if holder is None:
            return
        claimable = _is_claimable(holder, verified_by_contact=verified_by_contact)
        if not claimable or not await store.release_unverified_phone(uow.conn, holder.id, uow.now):
            raise _taken("phone")
        await self._past_refusals.phone_leaves(uow, holder.id, phone)
        loser = self.of_row(uow, holder)
        await self._audit.append(uow, Action.LOSE_PHONE, subject=loser.pseudonym)
        await self._notices.tell(uow, loser.id, NoticeKind.PHONE_CLAIMED)
        await self._sessions.end_all(uow, loser, EndReason.PHONE_CLAIMED)

    async def _add(
        self, uow: UnitOfWork, action: Action, password: PasswordHash, *, role: Role, **fields: Any
    ) -> Account:
        pseudonym = secrets.token_hex(8)
        try:
            account_id = await store.add(
                uow.conn,
                now=uow.now,
                role=role.value,
                pseudonym=pseudonym,
                password_hash=password.value,
                password_scheme=password.scheme,
                pepper_id=password.pepper_id,
                **fields,
            )
        except IntegrityError as error:
            raise_taken(error)
        actor = None if uow.channel is Channel.CLI else pseudonym
        await self._audit.append(uow, action, actor=actor, subject=pseudonym, to_state=AccountState.ACTIVE)
        if uow.channel is Channel.BOT:  # consent is a step of the bot's registration; others are asked later
            await self._consents.give(uow, account_id, ConsentKind.PRIVACY)
        return await self.get(uow, account_id)

    async def _other(self, uow: UnitOfWork, account_id: int, by: Signed | None) -> Account:
        account = await self.get(uow, account_id)
        if by is not None:
            self.check_not_own(require(by, Permission.MANAGE_ACCOUNTS), account)
        return account

    async def _change_state(
        self, uow: UnitOfWork, account: Account, after: AccountState, by: Signed | None, note: Note | None = None
    ) -> None:
        before, action, already = _CHANGES[after]
        if not await store.change_state(uow.conn, account.id, uow.now, before=before.value, after=after.value):
            raise AccountError(already, field="account")
        if by is not None:  # who acts may have been suspended themselves while this waited for its turn
            await self._sessions.check_living(uow, by)
        entry = await self._audit.append(
            uow,
            action,
            actor=by.pseudonym if by else None,
            subject=account.pseudonym,
            from_state=before.value,
            to_state=after.value,
            note=note.value if note else None,
        )
        if note is not None:
            await self._notes.keep(uow, entry, note)

    def _today(self, uow: UnitOfWork) -> date:
        return uow.now.astimezone(self._zone).date()


def _is_claimable(holder: AnyRow, *, verified_by_contact: bool) -> bool:
    return verified_by_contact and holder.phone_verified_at is None


def _taken(field: str) -> AccountError:
    return AccountError(f"{field}.taken", field=field)


def raise_taken(error: IntegrityError) -> NoReturn:
    """The database decides who of many was first; the others get the field's own error."""
    field = TAKEN.get(violated(error) or "")
    if field is None:
        raise error
    raise _taken(field) from None
