"""What an account is told without having asked: rows in the outbox, sent after the commit (DIALOGS.md Who is told)."""

from enum import StrEnum

from core.unit import UnitOfWork
from storage import account_chats


class NoticeKind(StrEnum):
    """What there is to tell; the faces hold a text for each. Params never hold personal data: they lie
    in the outbox unsealed."""

    LOGIN_NEW_CHAT = "login_new_chat"
    LOGIN_AFTER_FAILURES = "login_after_failures"
    PHONE_CLAIMED = "phone_claimed"
    TOKEN_STOLEN = "token_stolen"  # noqa: S105 - a kind's name
    PASSWORD_RESET = "password_reset"  # noqa: S105
    SUSPENDED = "suspended"
    RESTORED = "restored"


class Notices:
    """Writes notices for every Telegram user an account remembers."""

    async def tell(
        self,
        uow: UnitOfWork,
        account_id: int,
        kind: NoticeKind,
        params: dict[str, str | int] | None = None,
        *,
        but: int | None = None,
    ) -> int:
        """One outbox row for each remembered Telegram user, except `but`: where it was done. Returns how many."""
        return await account_chats.tell(uow.conn, account_id, uow.now, kind=kind.value, params=params or {}, but=but)
