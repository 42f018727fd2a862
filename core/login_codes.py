"""The second half of an admin's login: the code, after the right password (SECURITY.md Second factor)."""

from typing import Final

from core.account import AccountState
from core.accounts import Accounts
from core.audit import Action, Audit
from core.errors import LoginError
from core.login import TOLD_AFTER, CodeNeeded, LoggedIn, Login, LoginRefused, Source
from core.metrics import LOGINS
from core.notices import NoticeKind, Notices
from core.second_factors import SecondFactorCode, SecondFactors
from core.settings import Login as LoginSettings
from core.throttle import Throttle
from core.unit import UnitOfWork
from storage import accounts as account_store

LAPSED: Final = "login.code_lapsed"
THROTTLED: Final = "code.throttled"
_NO_LIMIT: Final = 1_000_000  # what is counted so locks nobody out


class LoginCodes:
    """Takes codes; wrong ones count in the same counters as wrong passwords, with the same waits."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        login: Login,
        second_factors: SecondFactors,
        throttle: Throttle,
        audit: Audit,
        notices: Notices,
        settings: LoginSettings,
    ) -> None:
        self._accounts = accounts
        self._login = login
        self._second_factors = second_factors
        self._throttle = throttle
        self._audit = audit
        self._notices = notices
        self._settings = settings

    async def finish(
        self, uow: UnitOfWork, needed: CodeNeeded, code: SecondFactorCode, telegram_user_id: int
    ) -> LoggedIn | LoginRefused:
        """Logs in, or says no: then what was counted and audited must be committed.

        Raises LoginError LAPSED when the password must be given once more: its time is over, or the account changed;
        Throttled.
        """
        # The account first, then the source's counter, then the account's, as everybody does (core/login.py).
        row = await account_store.get_locked(uow.conn, needed.account_id)
        if row is None or uow.now >= needed.until or row.state != AccountState.ACTIVE or row.totp_secret is None:
            raise LoginError(LAPSED)
        if self._login.proof(row.password_hash) != needed.proof:
            raise LoginError(LAPSED)
        source = Source.telegram(telegram_user_id)
        source_key, free = self._login.source_key(source)
        await self._throttle.reserve(uow, source_key, free, THROTTLED)
        failures = await self._throttle.reserve(uow, needed.account_key, self._settings.free_failures, THROTTLED)
        if not await self._second_factors.take(uow, row, code, here=telegram_user_id):
            await self._audit.append(uow, Action.FAIL_LOGIN, subject=row.pseudonym, reasons=["second_factor"])
            LOGINS.labels(uow.channel, "second_factor").inc()
            # Counted by itself: wrong passwords came before, perhaps. Whoever this is has the right one.
            if await self._throttle.reserve(uow, self._wrong(needed), _NO_LIMIT) + 1 == TOLD_AFTER:
                await self._notices.tell(uow, row.id, NoticeKind.SECOND_FACTOR_WRONG, but=telegram_user_id)
            return LoginRefused()
        await self._throttle.give_back(uow, source_key)
        await self._throttle.clear(uow, needed.account_key)
        await self._throttle.clear(uow, self._wrong(needed))
        return await self._login.open(uow, self._accounts.of_row(uow, row), source, failures)

    def _wrong(self, needed: CodeNeeded) -> str:
        return self._throttle.key("wrong codes", needed.account_id)
