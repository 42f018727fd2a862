"""Logins: a session is a row, and a token lives if and only if it is its session's current one (TOKENS One truth).

The bot holds no token text: its session is found by the Telegram user, and lapses by disuse (TOKENS T23).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from core.account import Account, AccountState
from core.audit import Action, Audit
from core.errors import Unauthenticated
from core.notices import NoticeKind, Notices
from core.settings import Sessions as SessionSettings
from core.tokens import LIFE, WINDOW, Claims, Tokens, lapses_at, new_id
from core.unit import Channel, UnitOfWork
from core.values import Role
from storage import account_chats
from storage import accounts as account_store
from storage import recovery as recovery_store
from storage import sessions as store
from storage.tables.base import AnyRow

THEFT_GRACE: Final = timedelta(seconds=10)
TOUCH_EVERY: Final = timedelta(minutes=5)
_PURGE_AFTER = WINDOW + timedelta(minutes=1)


class EndReason(StrEnum):
    """Why a session ended."""

    LOGOUT = "logout"
    LOGOUT_EVERYWHERE = "logout_everywhere"
    ENDED_BY_OWNER = "ended_by_owner"
    NEXT_LOGIN = "next_login"
    TOKEN_STOLEN = "token_stolen"  # noqa: S105 - a reason's name
    PHONE_CLAIMED = "phone_claimed"
    PHONE_CHANGED = "phone_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    SECOND_FACTOR_CHANGED = "second_factor_changed"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is acting: one session and what its account is at this moment. `lapsed`: log in again to go on."""

    session_id: str
    account_id: int
    role: Role
    name: str
    pseudonym: str
    state: AccountState
    telegram_user_id: int | None
    created_at: datetime
    used_at: datetime
    lapsed: bool


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as it is handed out: `expires_in` seconds (TOKENS T1)."""

    access_token: str
    expires_in: int
    session_id: str


@dataclass(frozen=True, slots=True)
class RefreshRefused:
    """No new token: answer as Unauthenticated, but commit. `stolen`: the session was ended (TOKENS T24)."""

    stolen: bool


class Sessions:
    """Opens, finds, refreshes and ends logins."""

    def __init__(
        self,
        tokens: Tokens,
        audit: Audit,
        notices: Notices,
        settings: SessionSettings,
        *,
        second_factor_required: bool = False,
    ) -> None:
        """`second_factor_required`: the logins of admins who have none are over (SECURITY.md Second factor)."""
        self._second_factor_required = second_factor_required
        self._tokens = tokens
        self._audit = audit
        self._notices = notices
        self._settings = settings

    async def open_in_bot(self, uow: UnitOfWork, account: Account, telegram_user_id: int) -> Signed:
        """Logs a Telegram user in; the login they had before ends, and that account forgets this chat."""
        former = await store.end_of_person(uow.conn, telegram_user_id, uow.now, EndReason.NEXT_LOGIN)
        if former is not None and former != account.id:
            await account_chats.leave(uow.conn, former, telegram_user_id, uow.now)
        claims = await self._add(uow, account, telegram_user_id)
        await account_chats.remember(uow.conn, account.id, telegram_user_id, uow.now)
        return Signed(
            session_id=claims.session_id,
            account_id=account.id,
            role=account.role,
            name=account.name,
            pseudonym=account.pseudonym,
            state=account.state,
            telegram_user_id=telegram_user_id,
            created_at=_moment(claims.issued_at),
            used_at=_moment(claims.issued_at),
            lapsed=False,
        )

    async def open_over_http(self, uow: UnitOfWork, account: Account) -> Issued:
        """Logs in and issues the first token (TOKENS T1)."""
        return self._issued(await self._add(uow, account, None))

    async def authenticate(self, uow: UnitOfWork, token: str) -> Signed:
        """Whose living token this is. Every fault, a session that cannot be read too, is Unauthenticated (T6-T13)."""
        claims = self._tokens.read(token, uow.now)
        try:
            row = await store.get(uow.conn, claims.session_id)
        except SQLAlchemyError as error:
            raise Unauthenticated from error
        if row is None or row.jti != claims.jti or not self._fits(row, claims, uow.now):
            raise Unauthenticated
        return self._signed(row, uow.now)

    async def of_people(self, uow: UnitOfWork, people: Iterable[int]) -> dict[int, Signed]:
        """The login of each of these Telegram users, lapsed or not, in one statement; who has none is not in it."""
        rows = await store.of_people(uow.conn, people)
        return {row.telegram_user_id: self._signed(row, uow.now) for row in rows}

    async def check_living(self, uow: UnitOfWork, signed: Signed) -> None:
        """Raises Unauthenticated when this login was ended since it was read: elsewhere, or during slow work."""
        row = await store.get(uow.conn, signed.session_id)
        if row is None or row.ended_at is not None:
            raise Unauthenticated

    async def of_account(self, uow: UnitOfWork, account_id: int) -> list[Signed]:
        """The living logins of an account, the newest first."""
        signed = (self._signed(row, uow.now) for row in await store.of_account(uow.conn, account_id, uow.now))
        return [one for one in signed if not one.lapsed]

    async def touch(self, uow: UnitOfWork, signed: Iterable[Signed]) -> None:
        """Notes that these logins are in use, at most once in five minutes each."""
        due = [one.session_id for one in signed if not one.lapsed and uow.now - one.used_at >= TOUCH_EVERY]
        if due:
            await store.touch(uow.conn, due, uow.now)

    async def refresh(self, uow: UnitOfWork, token: str) -> Issued | RefreshRefused:
        """A new token for a living one (TOKENS T19-T24). Unauthenticated for what is no token of ours or has expired.

        A refusal that is returned was written about: commit it, then answer as Unauthenticated.
        """
        claims = self._tokens.read(token, uow.now)
        try:
            row = await store.get(uow.conn, claims.session_id)
        except SQLAlchemyError as error:
            raise Unauthenticated from error
        if row is None or not self._fits(row, claims, uow.now):
            raise Unauthenticated
        if row.jti != claims.jti:
            return await self._refuse_rotated(uow, claims, row)
        now = int(uow.now.timestamp())
        fresh = Claims(
            account_id=claims.account_id,
            role=claims.role,
            session_id=claims.session_id,
            jti=new_id(),
            issued_at=claims.issued_at,
            not_before=now,
            expires_at=_expiry(now, claims.issued_at),
        )
        won = await store.rotate(
            uow.conn, row.id, uow.now, old=claims.jti, new=fresh.jti, expires_at=_moment(fresh.expires_at)
        )
        return self._issued(fresh) if won else RefreshRefused(stolen=False)

    async def logout(self, uow: UnitOfWork, signed: Signed) -> None:
        """Ends this login, no other (TOKENS T14, T15, T18). After it nothing is pushed to that chat."""
        if await store.end(uow.conn, signed.session_id, uow.now, EndReason.LOGOUT):
            await self._audit.append(uow, Action.LOG_OUT, actor=signed.pseudonym, subject=signed.pseudonym)
        if signed.telegram_user_id is not None:
            await account_chats.leave(uow.conn, signed.account_id, signed.telegram_user_id, uow.now)

    async def end_one(self, uow: UnitOfWork, signed: Signed, session_id: str) -> bool:
        """Ends one login of the account that `signed` is in; its other chats are told (TOKENS Sessions).

        A chat that is logged out so is forgotten (should it log in again, the owner hears of a new one), and what it
        asked for ends. False, and nothing is changed: there is no such login, it has ended, or it is another account's.
        """
        await account_store.get_locked(uow.conn, signed.account_id)
        ended = await store.end_of(uow.conn, signed.account_id, session_id, uow.now, EndReason.ENDED_BY_OWNER)
        if ended is None:
            return False
        reasons = [EndReason.ENDED_BY_OWNER.value]
        await self._audit.append(uow, Action.LOG_OUT, actor=signed.pseudonym, subject=signed.pseudonym, reasons=reasons)
        # Told before they are forgotten: it may not be the owner who does this.
        await self._notices.tell(uow, signed.account_id, NoticeKind.LOGIN_ENDED, but=signed.telegram_user_id)
        if ended.telegram_user_id is not None:
            await account_chats.forget(uow.conn, signed.account_id, ended.telegram_user_id)
            await recovery_store.drop_of_chat(uow.conn, signed.account_id, ended.telegram_user_id)
        return True

    async def logout_everywhere(self, uow: UnitOfWork, signed: Signed) -> None:
        """Ends every login of the account, this one too (TOKENS T26); its other chats are told, then forgotten.

        So does what was asked for to get into it otherwise: it may not have been the owner who asked.
        """
        await account_store.get_locked(uow.conn, signed.account_id)
        await recovery_store.drop_of_account(uow.conn, signed.account_id)
        if not await store.end_of_account(uow.conn, signed.account_id, uow.now, EndReason.LOGOUT_EVERYWHERE):
            return  # somebody else was first (TOKENS T18)
        reasons = [EndReason.LOGOUT_EVERYWHERE.value]
        await self._audit.append(
            uow, Action.LOG_OUT_EVERYWHERE, actor=signed.pseudonym, subject=signed.pseudonym, reasons=reasons
        )
        await self._notices.tell(uow, signed.account_id, NoticeKind.LOGGED_OUT_EVERYWHERE, but=signed.telegram_user_id)
        await account_chats.forget_others(uow.conn, signed.account_id, signed.telegram_user_id)
        if signed.telegram_user_id is not None:
            await account_chats.leave(uow.conn, signed.account_id, signed.telegram_user_id, uow.now)

    async def end_all(
        self, uow: UnitOfWork, account: Account, why: EndReason, *, keep_chat: int | None = None
    ) -> Signed | None:
        """Ends every login of an account; `keep_chat`, where its owner did it, gets a new one (TOKENS T25, T26).

        What was asked for to get into it otherwise ends, too.
        """
        await recovery_store.drop_of_account(uow.conn, account.id)
        ended = await store.end_of_account(uow.conn, account.id, uow.now, why)
        if ended:
            await self._audit.append(uow, Action.LOG_OUT_EVERYWHERE, subject=account.pseudonym, reasons=[why.value])
        return None if keep_chat is None else await self.open_in_bot(uow, account, keep_chat)

    async def purge(self, uow: UnitOfWork) -> int:
        """Removes sessions a minute after their window (TOKENS T17), and rotated tokens that have expired."""
        return await store.purge(
            uow.conn, created_before=uow.now - _PURGE_AFTER, rotated_before=uow.now - LIFE - timedelta(minutes=1)
        )

    async def _add(self, uow: UnitOfWork, account: Account, telegram_user_id: int | None) -> Claims:
        now = int(uow.now.timestamp())
        claims = Claims(
            account_id=account.id,
            role=account.role,
            session_id=new_id(),
            jti=new_id(),
            issued_at=now,
            not_before=now,
            expires_at=_expiry(now, now),
        )
        await store.add(
            uow.conn,
            session_id=claims.session_id,
            account_id=account.id,
            telegram_user_id=telegram_user_id,
            channel=(Channel.HTTP if telegram_user_id is None else Channel.BOT).value,
            now=_moment(now),
            expires_at=_moment(claims.expires_at),
            jti=claims.jti,
        )
        return claims

    def _issued(self, claims: Claims) -> Issued:
        return Issued(self._tokens.sign(claims), claims.expires_at - claims.not_before, claims.session_id)

    def _fits(self, row: AnyRow, claims: Claims, now: datetime) -> bool:
        """Whether the session lives and is the one the token was issued for (TOKENS T11, T12, T20)."""
        return (
            row.ended_at is None
            and row.telegram_user_id is None
            and row.account_id == claims.account_id
            and row.role == claims.role
            and row.state == AccountState.ACTIVE
            and not self._lacks_second_factor(row)
            and row.created_at == _moment(claims.issued_at)
            and now < row.created_at + WINDOW
        )

    async def _refuse_rotated(self, uow: UnitOfWork, claims: Claims, row: AnyRow) -> RefreshRefused:
        rotated_at = await store.rotated_at(uow.conn, row.id, claims.jti)
        if rotated_at is None or uow.now - rotated_at <= THEFT_GRACE:
            return RefreshRefused(stolen=False)
        await account_store.get_locked(uow.conn, row.account_id)
        await store.end(uow.conn, row.id, uow.now, EndReason.TOKEN_STOLEN)
        await self._audit.append(uow, Action.STOLEN_TOKEN, subject=row.pseudonym)
        await self._notices.tell(uow, row.account_id, NoticeKind.TOKEN_STOLEN)
        return RefreshRefused(stolen=True)

    def _signed(self, row: AnyRow, now: datetime) -> Signed:
        idle = self._settings.idle_limit(row.role) if row.telegram_user_id is not None else WINDOW
        over = now >= lapses_at(row.created_at, row.last_used_at, idle)
        return Signed(
            session_id=row.id,
            account_id=row.account_id,
            role=Role(row.role),
            name=row.name,
            pseudonym=row.pseudonym,
            state=AccountState(row.state),
            telegram_user_id=row.telegram_user_id,
            created_at=row.created_at,
            used_at=row.last_used_at,
            lapsed=over or row.state != AccountState.ACTIVE or self._lacks_second_factor(row),
        )

    def _lacks_second_factor(self, row: AnyRow) -> bool:
        return self._second_factor_required and row.role == Role.ADMIN and not row.second_factor


def _expiry(now: int, issued_at: int) -> int:
    """An hour from now, never past the login's window (TOKENS T19, T20)."""
    return min(now + int(LIFE.total_seconds()), issued_at + int(WINDOW.total_seconds()))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
