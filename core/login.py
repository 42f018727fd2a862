"""Logging in, and proving oneself again, in three parts: no transaction is open over bcrypt (SECURITY.md Login).

attempt = await login.begin(uow, …)      # counted before anything is looked at
await attempt.verify()                   # outside any transaction; always one bcrypt
outcome = await login.finish(uow, attempt)

Who is logged in already is asked for their password once more by `begin_proof` and `finish_proof` in their place.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from core.account import Account, AccountState
from core.accounts import Accounts
from core.audit import Action, Audit
from core.errors import Throttled
from core.metrics import LOGINS
from core.notices import NoticeKind, Notices
from core.passwords import PasswordHash, Passwords
from core.permissions import Permission, require
from core.sessions import Issued, Sessions, Signed
from core.settings import Login as LoginSettings
from core.throttle import Throttle
from core.unit import UnitOfWork
from core.values import Email, Phone, Role
from storage import account_chats
from storage import accounts as account_store
from storage.tables.base import AnyRow

CODE_LIFE: Final = timedelta(minutes=10)
"""So long after the right password the code of the second factor is taken."""
TOLD_AFTER: Final = 3
"""So many failures before a login that the owner's other chats are told of it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a login comes from: a Telegram user, or an address over HTTP."""

    telegram_user_id: int | None
    address: str | None

    @classmethod
    def telegram(cls, user_id: int) -> "Source":
        return cls(user_id, None)

    @classmethod
    def http(cls, address: str) -> "Source":
        return cls(None, address)


@dataclass(slots=True)
class LoginAttempt:
    """A try that is counted already. Knows nothing of its result until `verify` was awaited."""

    source: Source
    account_id: int | None
    stored: PasswordHash | None
    password: str = field(repr=False)
    passwords: Passwords = field(repr=False)
    account_key: str
    source_key: str
    failures_before: int
    right: bool = False
    new_hash: PasswordHash | None = None

    async def verify(self) -> None:
        """Compares the password: the same work whether there is an account or not. Raises Busy."""
        self.right = await self.passwords.verify(self.stored, self.password)
        if self.right and self.stored and self.passwords.is_outdated(self.stored):
            self.new_hash = await self.passwords.rehash(self.password)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A login that succeeded: `signed` in the bot, `issued` over HTTP."""

    account: Account
    signed: Signed | None = None
    issued: Issued | None = None

    @property
    def account_id(self) -> int:
        return self.account.id


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """One answer for every cause. What is true of it only after the right password, and for the bot alone to say.

    `second_factor_missing`: staff need one here, and this admin has none.
    """

    suspended: bool = False
    second_factor_missing: bool = False


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right, and the account has a second factor: its code comes next (core/login_codes.py).

    `proof` stands for the password that was right: another one that is set meanwhile makes this worth nothing.
    """

    account_id: int
    proof: str
    account_key: str
    until: datetime


class Login:
    """Logs in by phone within a role, or by e-mail; checks the password of who is logged in."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        passwords: Passwords,
        sessions: Sessions,
        throttle: Throttle,
        audit: Audit,
        notices: Notices,
        settings: LoginSettings,
        second_factor_required: bool = False,
    ) -> None:
        self._second_factor_required = second_factor_required
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._throttle = throttle
        self._audit = audit
        self._notices = notices
        self._settings = settings

    async def begin(
        self, uow: UnitOfWork, *, role: Role | None, identifier: Phone | Email, password: str, source: Source
    ) -> LoginAttempt:
        """Counts the try. `role` None: any, as the documented e-mail login has it. Raises Throttled.

        Counted per identifier, known or not, and per source. A Telegram user who was logged in to the account before
        has a counter of their own, so that nobody else can lock them out.
        """
        row = await self._find(uow, role, identifier)
        user = source.telegram_user_id
        source_key, free = self.source_key(source)
        if row is not None and user is not None and await account_chats.is_known(uow.conn, row.id, user):
            account_key = self._throttle.key("own", row.id, user)
        else:
            account_key = self._throttle.key("account", *_normal(role, identifier))
        try:
            return await self._attempt(uow, row, password, source, keys=(account_key, source_key), free=free)
        except Throttled:
            LOGINS.labels(uow.channel, "throttled").inc()
            raise

    async def begin_proof(self, uow: UnitOfWork, signed: Signed, password: str) -> LoginAttempt:
        """Counts a try at one's own password, in the counters of this Telegram user's logins. Raises Throttled."""
        require(signed, Permission.PROVE_ONESELF)
        user = signed.telegram_user_id
        assert user is not None  # no route asks for a proof
        row = await account_store.get(uow.conn, signed.account_id)
        keys = self._throttle.key("own", signed.account_id, user), self._throttle.key("telegram", user)
        free = self._settings.free_failures
        return await self._attempt(uow, row, password, Source.telegram(user), keys=keys, free=free)

    async def give_up(self, uow: UnitOfWork, attempt: LoginAttempt) -> None:
        """Uncounts a try whose password was never looked at: too many people were waiting to be (Busy)."""
        await self._throttle.give_back(uow, attempt.source_key)
        await self._throttle.give_back(uow, attempt.account_key)

    async def finish(self, uow: UnitOfWork, attempt: LoginAttempt) -> LoggedIn | LoginRefused | CodeNeeded:
        """Logs in, asks for the second factor, or says no.

        Never raises for a wrong password: what was counted and audited must be committed.
        """
        row = await self._right(uow, attempt)
        if row is None:
            LOGINS.labels(uow.channel, "wrong").inc()
            return LoginRefused()
        account = self._accounts.of_row(uow, row)
        needs_code = account.second_factor or (self._second_factor_required and account.role is Role.ADMIN)
        if needs_code and attempt.source.telegram_user_id is None:
            # The documented routes have no field for a code: there, the password is never told from a wrong one.
            return await self._refused(uow, account, "second_factor", LoginRefused())
        await self._uncount(uow, attempt, clear=not needs_code)
        if account.state is not AccountState.ACTIVE:
            return await self._refused(uow, account, account.state.value, LoginRefused(suspended=True))
        if needs_code and not account.second_factor:
            return await self._refused(uow, account, "second_factor", LoginRefused(second_factor_missing=True))
        await self._upgrade(uow, row, attempt)
        if needs_code:
            stored = attempt.new_hash.value if attempt.new_hash else row.password_hash
            return CodeNeeded(account.id, self.proof(stored), attempt.account_key, uow.now + CODE_LIFE)
        return await self.open(uow, account, attempt.source, attempt.failures_before)

    def proof(self, password_hash: str) -> str:
        """What stands for a password that was right, in a dialog that goes on from there."""
        return self._throttle.key("password proved", password_hash)

    def source_key(self, source: Source) -> tuple[str, int]:
        """The counter of where a login comes from, and how many failures are free there."""
        if source.telegram_user_id is not None:
            return self._throttle.key("telegram", source.telegram_user_id), self._settings.free_failures
        return self._throttle.key("address", str(source.address)), self._settings.free_failures_per_address

    async def finish_proof(self, uow: UnitOfWork, signed: Signed, attempt: LoginAttempt) -> bool:
        """Whether it was their password; when not, that was counted and audited, and must be committed.

        Raises Unauthenticated when the login was ended while the password was being compared.
        """
        await self._sessions.check_living(uow, signed)
        row = await self._right(uow, attempt, actor=signed.pseudonym)
        if row is None:
            return False
        await self._uncount(uow, attempt, clear=True)
        await self._upgrade(uow, row, attempt)
        return True

    async def _attempt(
        self, uow: UnitOfWork, row: AnyRow | None, password: str, source: Source, *, keys: tuple[str, str], free: int
    ) -> LoginAttempt:
        """Counts a try under the account's key and the source's; `free` tries of the source come without a wait."""
        account_key, source_key = keys
        await self._throttle.reserve(uow, source_key, free)
        failures = await self._throttle.reserve(uow, account_key, self._settings.free_failures)
        return LoginAttempt(
            source=source,
            account_id=row.id if row else None,
            stored=PasswordHash.of_row(row),
            password=password,
            passwords=self._passwords,
            account_key=account_key,
            source_key=source_key,
            failures_before=failures,
        )

    async def _right(self, uow: UnitOfWork, attempt: LoginAttempt, actor: str | None = None) -> AnyRow | None:
        """The account, if the password was right, and still is; else that is audited."""
        # Locked, so that a reset or suspension comes before this login, or finds its session to end (TOKENS T25).
        # Everybody takes the account first, then the source's counter, then the account's: else there are deadlocks.
        row = await account_store.get_locked(uow.conn, attempt.account_id) if attempt.account_id else None
        # The password may have been changed while this one was being compared.
        stored = PasswordHash.of_row(row)
        if row is None or not attempt.right or stored != attempt.stored or row.state == AccountState.ERASED:
            await self._audit.append(uow, Action.FAIL_LOGIN, actor=actor, subject=row.pseudonym if row else None)
            return None
        return row

    async def _uncount(self, uow: UnitOfWork, attempt: LoginAttempt, *, clear: bool) -> None:
        """The try was right. `clear`: so are the account's failures before it; a code is still to come otherwise."""
        await self._throttle.give_back(uow, attempt.source_key)
        if clear:
            await self._throttle.clear(uow, attempt.account_key)
        else:
            await self._throttle.give_back(uow, attempt.account_key)

    async def _refused(self, uow: UnitOfWork, account: Account, reason: str, refused: LoginRefused) -> LoginRefused:
        await self._audit.append(uow, Action.FAIL_LOGIN, subject=account.pseudonym, reasons=[reason])
        LOGINS.labels(uow.channel, reason).inc()
        return refused

    async def open(self, uow: UnitOfWork, account: Account, source: Source, failures_before: int) -> LoggedIn:
        """Lets in who has proved who they are; the owner's other chats are told where that is due."""
        LOGINS.labels(uow.channel, "ok").inc()
        user = source.telegram_user_id
        new_chat = user is not None and not await account_chats.is_known(uow.conn, account.id, user)
        if failures_before >= TOLD_AFTER:
            failures: dict[str, str | int] = {"failures": failures_before}
            await self._notices.tell(uow, account.id, NoticeKind.LOGIN_AFTER_FAILURES, failures, but=user)
        elif new_chat:
            await self._notices.tell(uow, account.id, NoticeKind.LOGIN_NEW_CHAT, but=user)
        await self._audit.append(uow, Action.LOG_IN, actor=account.pseudonym, subject=account.pseudonym)
        if user is None:
            return LoggedIn(account, issued=await self._sessions.open_over_http(uow, account))
        return LoggedIn(account, signed=await self._sessions.open_in_bot(uow, account, user))

    async def _find(self, uow: UnitOfWork, role: Role | None, identifier: Phone | Email) -> AnyRow | None:
        if isinstance(identifier, Email):
            row = await account_store.by_email(uow.conn, identifier.folded)
        else:
            row = await account_store.by_phone(uow.conn, role.value, identifier.value) if role else None
        fits = row is not None and row.role != Role.EXPERT and role in {None, row.role}
        return row if fits else None

    @staticmethod
    async def _upgrade(uow: UnitOfWork, row: AnyRow, attempt: LoginAttempt) -> None:
        new = attempt.new_hash
        if new is not None:
            await account_store.upgrade_password(
                uow.conn, row.id, old=row.password_hash, value=new.value, scheme=new.scheme, pepper_id=new.pepper_id
            )


def _normal(role: Role | None, identifier: Phone | Email) -> tuple[str, str]:
    """What failures are counted by. An e-mail is one account's whatever role is asked for; a phone is one a role."""
    return ("", identifier.folded) if isinstance(identifier, Email) else (role or "", identifier.value)
