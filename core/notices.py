"""What an account is told without having asked: rows in the outbox, sent after the commit (DIALOGS.md Who is told)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.unit import UnitOfWork
from storage import account_chats, outbox

READ_AGAIN: Final = timedelta(days=14)
"""So long what was told can be read again (DIALOGS rule 24), and is kept for it."""
NEWS_AT_MOST: Final = 8


class NoticeKind(StrEnum):
    """What there is to tell; the faces hold a text for each. Params never hold personal data: they lie
    in the outbox unsealed."""

    LOGIN_NEW_CHAT = "login_new_chat"
    LOGIN_AFTER_FAILURES = "login_after_failures"
    PHONE_CLAIMED = "phone_claimed"
    TOKEN_STOLEN = "token_stolen"  # noqa: S105 - a kind's name
    PASSWORD_RESET = "password_reset"  # noqa: S105
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    SUSPENDED = "suspended"
    RESTORED = "restored"
    LOGIN_ENDED = "login_ended"
    LOGGED_OUT_EVERYWHERE = "logged_out_everywhere"


@dataclass(frozen=True, slots=True)
class News:
    """What an account was told, and when; `params` fill the text of its kind."""

    kind: NoticeKind
    params: Mapping[str, str | int]
    at: datetime


class Notices:
    """Writes notices for every Telegram user an account remembers, and reads them again."""

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

    async def news(self, uow: UnitOfWork, account_id: int) -> list[News]:
        """The newest of what the account was told in the last 14 days, each once, newest first (DIALOGS rule 24)."""
        rows = await outbox.news(
            uow.conn,
            account_id,
            kinds=[kind.value for kind in NoticeKind],  # one of an older make has no text any more
            since=uow.now - READ_AGAIN,
            most=NEWS_AT_MOST,
        )
        return [News(NoticeKind(row.kind), row.params, row.created_at) for row in rows]
