"""Setting a new password without the old one, once that was granted (core/recovery.py), in three parts (TOKENS T25).

reset = await password_resets.begin(uow, telegram_user_id, new)
hashed = await reset.hash()              # outside any transaction
signed = await password_resets.finish(uow, reset, hashed)
"""

from dataclasses import dataclass, field

from core.accounts import Accounts
from core.errors import AccountError
from core.notices import NoticeKind, Notices
from core.passwords import PasswordHash, Passwords
from core.recovery import Purpose, RequestState
from core.sessions import EndReason, Sessions, Signed
from core.unit import UnitOfWork
from core.values import Password
from storage import accounts as account_store
from storage import recovery as store


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """A new password, and the granted request that allows it."""

    request_id: int
    account_id: int
    telegram_user_id: int
    new: Password
    passwords: Passwords = field(repr=False)

    async def hash(self) -> PasswordHash:
        """The new password's hash. Raises InvalidValue and Busy."""
        return await self.passwords.hash(self.new)


class PasswordResets:
    """Lets people in again who have forgotten their password."""

    def __init__(self, *, accounts: Accounts, passwords: Passwords, sessions: Sessions, notices: Notices) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._notices = notices

    async def begin(self, uow: UnitOfWork, telegram_user_id: int, new: Password) -> PasswordReset:
        """AccountError `recovery.gone` when nothing is granted to this Telegram user, or no longer."""
        row = await store.active(uow.conn, telegram_user_id, uow.now)
        if row is None or (row.state, row.purpose) != (RequestState.GRANTED, Purpose.PASSWORD):
            raise AccountError("recovery.gone")
        account = await self._accounts.get(uow, row.account_id)
        with_own = Password(new.value, account.own_data)
        return PasswordReset(row.id, account.id, telegram_user_id, with_own, self._passwords)

    async def finish(self, uow: UnitOfWork, reset: PasswordReset, hashed: PasswordHash) -> Signed:
        """Sets it, ends every login of the account, logs this Telegram user in and tells the other chats.

        AccountError `recovery.gone` when the request's time is over, it was used already, or the account was closed.
        """
        await account_store.get_locked(uow.conn, reset.account_id)  # what ends requests comes before, or after
        before, after = RequestState.GRANTED.value, RequestState.DONE.value
        if not await store.move(uow.conn, reset.request_id, uow.now, before=before, after=after):
            raise AccountError("recovery.gone")
        account, here = await self._accounts.get(uow, reset.account_id), reset.telegram_user_id
        await self._accounts.set_password(uow, account, hashed)
        await self._notices.tell(uow, account.id, NoticeKind.PASSWORD_RESET, but=here)
        await self._sessions.end_all(uow, account, EndReason.PASSWORD_CHANGED)
        return await self._sessions.open_in_bot(uow, account, here)
