"""The second factor of admins: the six digits of an authenticator app, and recovery codes (SECURITY.md Second factor).

The secret never travels through Telegram: the operator makes it on the machine, and it is shown once.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any, Final, Self

import pyotp
import structlog

from core import crockford
from core.account import Account
from core.accounts import Accounts
from core.audit import Action, Audit
from core.errors import AccountError
from core.notices import NoticeKind, Notices
from core.sealing import SealBroken, Sealer
from core.sessions import EndReason, Sessions
from core.unit import UnitOfWork
from core.values import Role, TextValue, plain, refusal
from storage import accounts as account_store
from storage import second_factors as store
from storage.tables.base import AnyRow

log: Final = structlog.get_logger(__name__)

RECOVERY_CODES: Final = 10
RECOVERY_LENGTH: Final = 12
"""60 random bits each."""
_CLOCK_STEPS: Final = (0, -1, 1)
"""Codes of the 30 seconds before and after are taken, too: clocks differ, and people type slowly."""


@dataclass(frozen=True, slots=True)
class SecondFactorCode(TextValue):
    """Six digits of an app, or a recovery code."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Forgives width, case, spaces and hyphens. Raises InvalidValue `code.wrong_format`; it counts as no try."""
        if len(text) > 100:
            raise refusal("code", "wrong_format")
        digits = "".join(plain(text).replace("-", " ").split())
        if len(digits) == 6 and digits.isascii() and digits.isdigit():
            return cls(digits)
        if code := crockford.parse_number(text, RECOVERY_LENGTH):
            return cls(code)
        raise refusal("code", "wrong_format")

    @property
    def is_recovery(self) -> bool:
        """Whether it is one of the codes for the day on which the app is gone."""
        return len(self.value) == RECOVERY_LENGTH


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new second factor, to be shown to the operator once. `address` is what apps read (otpauth://…)."""

    account: Account
    secret: str = field(repr=False)
    address: str = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)


class SecondFactors:
    """Makes, takes away and checks second factors."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        audit: Audit,
        notices: Notices,
        sealer: Sealer,
        issuer: str,
    ) -> None:
        """`issuer` is what apps show beside the code: the clinic."""
        self._accounts = accounts
        self._sessions = sessions
        self._audit = audit
        self._notices = notices
        self._sealer = sealer
        self._issuer = issuer

    async def set(self, uow: UnitOfWork, number: str) -> Enrolment:
        """Gives an admin a second factor, in the place of the one before; every login of theirs ends.

        Only the command line on the machine calls this. Raises AccountError, for one who is no admin, too.
        """
        account = await self._admin(uow, number)
        secret = pyotp.random_base32()
        codes = tuple(crockford.new_number(RECOVERY_LENGTH) for _ in range(RECOVERY_CODES))
        sealed = self._sealer.seal(secret.encode(), second_factor_context(account.id))
        await store.replace(uow.conn, account.id, secret=sealed, code_hashes={_hashed(secret, code) for code in codes})
        await self._changed(uow, account, Action.SET_SECOND_FACTOR, NoticeKind.SECOND_FACTOR_SET)
        address = pyotp.TOTP(secret).provisioning_uri(name=account.number, issuer_name=self._issuer)
        return Enrolment(account, secret, address, codes)

    async def remove(self, uow: UnitOfWork, number: str) -> Account:
        """Takes an admin's second factor away; every login of theirs ends. Raises AccountError, where there is none."""
        account = await self._admin(uow, number)
        if not account.second_factor:
            raise AccountError("account.no_second_factor", field="account")
        await store.replace(uow.conn, account.id, secret=None, code_hashes=())
        await self._changed(uow, account, Action.REMOVE_SECOND_FACTOR, NoticeKind.SECOND_FACTOR_REMOVED)
        return account

    async def take(self, uow: UnitOfWork, row: AnyRow, code: SecondFactorCode, *, here: int) -> bool:
        """Whether this is a code of the account that was not used before; from now on it is.

        `row` is locked. The account's chats but `here` are told of a recovery code, and how many are left.
        """
        secret = self._secret(row)
        if secret is None:
            return False
        if code.is_recovery:
            if not await store.take_code(uow.conn, row.id, _hashed(secret, code.value)):
                return False
            await self._audit.append(uow, Action.USE_RECOVERY_CODE, actor=row.pseudonym, subject=row.pseudonym)
            left = await store.count_codes(uow.conn, row.id)
            await self._notices.tell(uow, row.id, NoticeKind.RECOVERY_CODE_USED, {"count": left}, but=here)
        elif not await self._take_digits(uow, row.id, pyotp.TOTP(secret), code.value):
            return False
        return True

    @staticmethod
    async def _take_digits(uow: UnitOfWork, account_id: int, totp: pyotp.TOTP, digits: str) -> bool:
        now = totp.timecode(uow.now)
        right = [now + step for step in _CLOCK_STEPS if hmac.compare_digest(totp.generate_otp(now + step), digits)]
        return bool(right) and await store.take_step(uow.conn, account_id, right[0])

    def _secret(self, row: Any) -> str | None:
        try:
            return self._sealer.open(row.totp_secret, second_factor_context(row.id)).decode()
        except SealBroken:
            log.exception("a second factor cannot be opened: the pepper key that sealed it is gone", account=row.id)
            return None

    async def _admin(self, uow: UnitOfWork, number: str) -> Account:
        found = await self._accounts.find(uow, number)
        row = await account_store.get_locked(uow.conn, found.id)
        account = self._accounts.of_row(uow, row) if row else found
        if account.role is not Role.ADMIN:
            raise AccountError("account.not_admin", field="account")
        return account

    async def _changed(self, uow: UnitOfWork, account: Account, action: Action, kind: NoticeKind) -> None:
        await self._audit.append(uow, action, subject=account.pseudonym)
        await self._notices.tell(uow, account.id, kind)
        await self._sessions.end_all(uow, account, EndReason.SECOND_FACTOR_CHANGED)


def second_factor_context(account_id: int) -> bytes:
    """Where the secret of an account lies (core/sealing.py)."""
    return f"accounts {account_id} totp_secret".encode()


def _hashed(secret: str, code: str) -> str:
    """How a recovery code is kept: by a key that lies sealed, so that nobody tries codes on a copy of the database."""
    return hmac.new(secret.encode(), b"recovery code\0" + code.encode(), hashlib.sha256).hexdigest()
