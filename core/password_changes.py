"""Changing one's own password, in three parts, so that no transaction is open over bcrypt (TOKENS T25, CONTRACT.md 1).

change = await password_changes.begin(uow, signed, new)
hashed = await change.hash()             # outside any transaction
signed = await password_changes.finish(uow, signed, hashed)

That the owner knows the present password is for the face to have asked before (core/login.py, begin_proof).
"""

from dataclasses import dataclass, field

from core.accounts import Accounts
from core.errors import InvalidValue
from core.notices import NoticeKind, Notices
from core.passwords import PasswordHash, Passwords
from core.permissions import Permission, require
from core.sessions import EndReason, Sessions, Signed
from core.unit import UnitOfWork
from core.values import Password
from storage import accounts as account_store


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """A new password, and the one whose place it takes."""

    new: Password
    present: PasswordHash | None
    passwords: Passwords = field(repr=False)

    async def hash(self) -> PasswordHash:
        """The new password's hash. Raises InvalidValue, also for the present password once more, and Busy."""
        self.passwords.check(self.new)
        if await self.passwords.verify(self.present, self.new.value):
            raise InvalidValue("password.same", field="password")
        return await self.passwords.hash(self.new)


class PasswordChanges:
    """Lets people change their password."""

    def __init__(self, *, accounts: Accounts, passwords: Passwords, sessions: Sessions, notices: Notices) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._notices = notices

    async def begin(self, uow: UnitOfWork, signed: Signed, new: Password) -> PasswordChange:
        """What the new password must not be: its owner's own data, the present one. Raises Forbidden."""
        require(signed, Permission.CHANGE_OWN_PASSWORD)
        account = await self._accounts.get(uow, signed.account_id)
        present = PasswordHash.of_row(await account_store.get(uow.conn, account.id))
        return PasswordChange(Password(new.value, account.own_data), present, self._passwords)

    async def finish(self, uow: UnitOfWork, signed: Signed, hashed: PasswordHash) -> Signed | None:
        """Sets it and ends every login of the account; the Telegram user who did it gets a new one (TOKENS T25).

        The account's other chats are told. Raises Forbidden, and Unauthenticated when this login was ended meanwhile:
        of two who change one password at once the second is logged out by the first.
        """
        require(signed, Permission.CHANGE_OWN_PASSWORD)
        account = await self._accounts.get(uow, signed.account_id)
        await self._accounts.set_password(uow, account, hashed, by=signed)
        # After the write above, which another change of this account waits for.
        await self._sessions.check_living(uow, signed)
        here = signed.telegram_user_id
        await self._notices.tell(uow, account.id, NoticeKind.PASSWORD_CHANGED, but=here)
        return await self._sessions.end_all(uow, account, EndReason.PASSWORD_CHANGED, keep_chat=here)
