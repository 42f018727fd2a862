"""What an account is told without having asked: rows in the outbox, sent after the commit (DIALOGS.md Who is told)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.settings import Sessions as SessionSettings
from core.tokens import lapses_at
from core.unit import UnitOfWork
from storage import account_chats, news, sessions

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
    ACCOUNT_ERASED = "account_erased"
    LOGIN_ENDED = "login_ended"
    LOGGED_OUT_EVERYWHERE = "logged_out_everywhere"
    CERTIFICATE_APPROVED = "certificate_approved"
    CERTIFICATE_APPROVED_UNTIL = "certificate_approved_until"
    CERTIFICATE_REFUSED = "certificate_refused"
    CERTIFICATE_REJECTED = "certificate_rejected"
    CERTIFICATE_REJECTED_AGAIN = "certificate_rejected_again"
    CERTIFICATE_LOCKED = "certificate_locked"
    CERTIFICATE_UNLOCKED = "certificate_unlocked"
    CERTIFICATE_REOPENED = "certificate_reopened"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_RESTORED = "certificate_restored"
    CERTIFICATE_VALIDITY_ENDS = "certificate_validity_ends"
    CERTIFICATE_NAME_CHANGED = "certificate_name_changed"
    CERTIFICATE_CONFIRMED = "certificate_confirmed"
    CERTIFICATE_REMIND_RESUBMIT = "certificate_remind_resubmit"
    CERTIFICATE_REMIND_REVALIDATE = "certificate_remind_revalidate"
    CERTIFICATE_CLOSED = "certificate_closed"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_LATE = "certificate_late"
    REVIEW_WAITING = "review_waiting"
    REVIEW_LATE = "review_late"
    REVIEW_REVOKED = "review_revoked"
    REVIEW_RESTORED = "review_restored"
    REVIEW_UNREACHABLE = "review_unreachable"
    REVIEW_CLOSED = "review_closed"
    PHONE_CHANGED = "phone_changed"
    RESET_CONFIRMED = "reset_confirmed"
    RESET_GRANTED = "reset_granted"
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    SECOND_FACTOR_WRONG = "second_factor_wrong"
    RECOVERY_CODE_USED = "recovery_code_used"
    EXPORT_FAILED = "export_failed"
    NEWS = "news"
    NEWS_OF_CERTIFICATE = "news_of_certificate"


# What says that logins have ended, or that one cannot log in or can again, and nothing else of the account: it is told
# in full to chats whose login has expired, too. Who cannot log in could not read it otherwise.
_IN_FULL: Final = frozenset(
    {
        NoticeKind.PHONE_CLAIMED,
        NoticeKind.TOKEN_STOLEN,
        NoticeKind.PASSWORD_RESET,
        NoticeKind.PASSWORD_CHANGED,
        NoticeKind.SUSPENDED,
        NoticeKind.RESTORED,
        NoticeKind.LOGIN_ENDED,
        NoticeKind.LOGGED_OUT_EVERYWHERE,
        NoticeKind.PHONE_CHANGED,
        NoticeKind.RESET_CONFIRMED,
        NoticeKind.SECOND_FACTOR_SET,
        NoticeKind.SECOND_FACTOR_REMOVED,
        NoticeKind.ACCOUNT_ERASED,
    }
)


@dataclass(frozen=True, slots=True)
class News:
    """What an account was told, and when; `params` fill the text of its kind."""

    kind: NoticeKind
    params: Mapping[str, str | int]
    at: datetime


class Notices:
    """Writes notices for every Telegram user an account remembers, and reads them again."""

    def __init__(self, settings: SessionSettings) -> None:
        self._settings = settings

    async def tell(
        self,
        uow: UnitOfWork,
        account_id: int,
        kind: NoticeKind,
        params: dict[str, str | int] | None = None,
        *,
        but: int | None = None,
    ) -> int:
        """One outbox row for each remembered Telegram user, except `but`: where it was done. Returns how many.

        Whose login has expired is told only that there is news, and reads it after logging in (DIALOGS.md Who is told).
        """
        told = params or {}
        await news.add(uow.conn, account_id, uow.now, kind=kind.value, params=told, done_in=but)
        if kind in _IN_FULL:
            return await account_chats.tell(uow.conn, account_id, uow.now, kind=kind.value, params=told, but=but)
        short = NoticeKind.NEWS_OF_CERTIFICATE if kind.startswith("certificate_") else NoticeKind.NEWS
        living = await self._living(uow, account_id)
        return await account_chats.tell(
            uow.conn, account_id, uow.now, kind=kind.value, params=told, but=but, short=short.value, living=living
        )

    async def news(self, uow: UnitOfWork, account_id: int, reader: int) -> list[News]:
        """The newest of what the account was told in the last 14 days, each once, newest first (DIALOGS rule 24).

        `reader` is the Telegram user who asks: what was done there is no news there. From now on it has been read.
        """
        return await self._read(uow, account_id, reader, unread=False)

    async def unread(self, uow: UnitOfWork, account_id: int, reader: int) -> list[News]:
        """What reached nobody yet: no chat was remembered, its login had expired, or the bot was blocked there.

        From now on it has been read.
        """
        return await self._read(uow, account_id, reader, unread=True)

    async def _read(self, uow: UnitOfWork, account_id: int, reader: int, *, unread: bool) -> list[News]:
        rows = await news.of_account(
            uow.conn,
            account_id,
            reader,
            kinds=[kind.value for kind in NoticeKind],  # one of an older make has no text any more
            since=uow.now - READ_AGAIN,
            most=NEWS_AT_MOST,
            unread=unread,
        )
        if rows:
            await news.read(uow.conn, [row.id for row in rows], uow.now)
        return [News(NoticeKind(row.kind), row.params, row.created_at) for row in rows]

    async def _living(self, uow: UnitOfWork, account_id: int) -> list[int]:
        """The Telegram users who are logged in to the account and whose login has not expired."""
        rows = await sessions.of_account(uow.conn, account_id, uow.now)
        return [
            row.telegram_user_id
            for row in rows
            if row.telegram_user_id is not None
            and uow.now < lapses_at(row.created_at, row.last_used_at, self._settings.idle_limit(row.role))
        ]
