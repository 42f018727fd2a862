"""Changing one's own phone: by sharing one's own contact, or confirmed by an admin (CONTRACT.md 1, TOKENS T25)."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from core.account import Account
from core.accounts import Accounts, raise_taken
from core.audit import Action, Audit
from core.errors import AccountError
from core.notices import NoticeKind, Notices
from core.past_refusals import PastRefusals
from core.permissions import Permission, require
from core.sessions import EndReason, Sessions, Signed
from core.unit import UnitOfWork
from core.values import Phone
from storage import accounts as store


class PhoneChanges:
    """Moves accounts to another phone. A number that another account holds is AccountError `phone.taken`.

    That the owner knows their password is for the face to have asked before (core/login.py, begin_proof).
    """

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        audit: Audit,
        notices: Notices,
        past_refusals: PastRefusals,
    ) -> None:
        self._accounts = accounts
        self._past_refusals = past_refusals
        self._sessions = sessions
        self._audit = audit
        self._notices = notices

    async def by_contact(self, uow: UnitOfWork, signed: Signed, phone: Phone) -> bool:
        """Takes the number that `signed`'s Telegram user shared as their own: it is verified from now on.

        False: the account had it already, and it was only verified. A new one is taken from an account that holds it
        unverified; it ends every other login and is told to the account's other chats. Raises AccountError, Forbidden,
        and Unauthenticated when this login was ended meanwhile.
        """
        require(signed, Permission.CHANGE_OWN_PHONE)
        account = await self._accounts.lock_own(uow, signed)
        await self._sessions.check_living(uow, signed)
        here = signed.telegram_user_id
        if account.phone == phone.value:
            verified = {"phone_verified_at": uow.now, "phone_verified_by": here}
            await store.change(uow.conn, account.id, uow.now, verified)
            await self._audit.append(uow, Action.VERIFY_PHONE, actor=signed.pseudonym, subject=account.pseudonym)
            return False
        await self._accounts.claim_phone(uow, account.role, phone, verified_by_contact=True)
        await self._set(uow, account, phone, verified_at=uow.now, verified_by=here)
        await self._audit.append(uow, Action.CHANGE_PHONE, actor=signed.pseudonym, subject=account.pseudonym)
        await self._notices.tell(uow, account.id, NoticeKind.PHONE_CHANGED, but=here)
        await self._sessions.end_all(uow, account, EndReason.PHONE_CHANGED, keep_chat=here)
        return True

    async def check_typed(self, uow: UnitOfWork, signed: Signed, phone: Phone) -> None:
        """Refuses a typed number that it makes no sense to ask an admin for: taken, or the one they have already."""
        account = await self._accounts.get(uow, require(signed, Permission.CHANGE_OWN_PHONE).account_id)
        if account.phone == phone.value:
            raise AccountError("phone.same", field="phone")
        await self._accounts.check_phone_free(uow, account.role, phone, verified_by_contact=False)

    async def confirmed(self, uow: UnitOfWork, account: Account, phone: Phone, *, by: Signed, chat: int) -> None:
        """Takes the number that an admin has confirmed; it stays unverified (DIALOGS.md).

        Every login ends, but that `chat`, which asked for it, gets a new one if it is still logged in. All chats are
        told. Raises AccountError.
        """
        await self._accounts.check_phone_free(uow, account.role, phone, verified_by_contact=False)
        await self._set(uow, account, phone, verified_at=None, verified_by=None)
        await self._audit.append(uow, Action.CHANGE_PHONE, actor=by.pseudonym, subject=account.pseudonym)
        await self._notices.tell(uow, account.id, NoticeKind.PHONE_CHANGED)
        there = (await self._sessions.of_people(uow, [chat])).get(chat)
        stays = there is not None and there.account_id == account.id and not there.lapsed
        await self._sessions.end_all(uow, account, EndReason.PHONE_CHANGED, keep_chat=chat if stays else None)

    async def _set(
        self, uow: UnitOfWork, account: Account, phone: Phone, *, verified_at: datetime | None, verified_by: int | None
    ) -> None:
        if account.phone is not None:
            await self._past_refusals.phone_leaves(uow, account.id, Phone(account.phone))
        values = {"phone": phone.value, "phone_verified_at": verified_at, "phone_verified_by": verified_by}
        try:
            await store.change(uow.conn, account.id, uow.now, values)
        except IntegrityError as error:  # somebody else took it meanwhile
            raise_taken(error)
