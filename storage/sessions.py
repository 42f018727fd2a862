"""Queries on sessions and the tokens they rotated away."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import accounts, rotated_tokens, sessions
from storage.tables.base import AnyRow

_with_account = select(
    sessions.c.id,
    sessions.c.account_id,
    sessions.c.telegram_user_id,
    sessions.c.channel,
    sessions.c.created_at,
    sessions.c.last_used_at,
    sessions.c.jti,
    sessions.c.ended_at,
    accounts.c.role,
    accounts.c.name,
    accounts.c.state,
    accounts.c.pseudonym,
    accounts.c.totp_secret.is_not(None).label("second_factor"),
).join_from(sessions, accounts, sessions.c.account_id == accounts.c.id)
_by_id = _with_account.where(sessions.c.id == bindparam("id"))
_of_people = _with_account.where(
    sessions.c.telegram_user_id.in_(bindparam("people", expanding=True)), sessions.c.ended_at.is_(None)
)
# Over HTTP an expired token is the end of its session (TOKENS T23); the bot's lapse by disuse, which is core's to say.
_of_account = _with_account.where(
    sessions.c.account_id == bindparam("account"),
    sessions.c.ended_at.is_(None),
    or_(sessions.c.telegram_user_id.is_not(None), sessions.c.expires_at > bindparam("at")),
).order_by(sessions.c.created_at.desc(), sessions.c.id)
_rotated = select(rotated_tokens.c.rotated_at).where(
    rotated_tokens.c.jti == bindparam("jti"), rotated_tokens.c.session_id == bindparam("session")
)
# Only what nobody else is changing: a batch of people must not wait for, or be a deadlock with, what ends their logins.
_touch = update(sessions).where(
    sessions.c.id.in_(
        select(sessions.c.id)
        .where(sessions.c.id.in_(bindparam("ids", expanding=True)), sessions.c.last_used_at < bindparam("at"))
        .with_for_update(skip_locked=True)
    )
)
_add = insert(sessions)
_end = (
    update(sessions)
    .where(sessions.c.id == bindparam("session"), sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), end_reason=bindparam("why"))
)
_end_of_person = (
    update(sessions)
    .where(sessions.c.telegram_user_id == bindparam("person"), sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), end_reason=bindparam("why"))
    .returning(sessions.c.account_id)
)


async def add(
    conn: AsyncConnection,
    *,
    session_id: str,
    account_id: int,
    telegram_user_id: int | None,
    channel: str,
    now: datetime,
    expires_at: datetime,
    jti: str,
) -> None:
    """Adds a living session. IntegrityError when the Telegram user has one already."""
    await conn.execute(
        _add,
        {
            "id": session_id,
            "account_id": account_id,
            "telegram_user_id": telegram_user_id,
            "channel": channel,
            "created_at": now,
            "last_used_at": now,
            "expires_at": expires_at,
            "jti": jti,
        },
    )


async def get(conn: AsyncConnection, session_id: str) -> AnyRow | None:
    """A session with what is needed of its account, ended or not."""
    return (await conn.execute(_by_id, {"id": session_id})).one_or_none()


async def of_people(conn: AsyncConnection, people: Iterable[int]) -> Sequence[AnyRow]:
    """The sessions of these Telegram users that have not ended, in one statement."""
    return (await conn.execute(_of_people, {"people": list(people)})).all()


async def of_account(conn: AsyncConnection, account_id: int, now: datetime) -> Sequence[AnyRow]:
    """The sessions of an account that can still be used, and the bot's that may have lapsed; the newest first."""
    return (await conn.execute(_of_account, {"account": account_id, "at": now})).all()


async def touch(conn: AsyncConnection, ids: Iterable[str], now: datetime) -> None:
    """Notes that these sessions are in use; never sets the time back."""
    await conn.execute(_touch.values(last_used_at=bindparam("now")), {"ids": list(ids), "at": now, "now": now})


async def rotate(
    conn: AsyncConnection, session_id: str, now: datetime, *, old: str, new: str, expires_at: datetime
) -> bool:
    """Compare-and-set of the current jti on a living session; whether this call won (TOKENS T22)."""
    won = await conn.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.jti == old, sessions.c.ended_at.is_(None))
        .values(jti=new, expires_at=expires_at, last_used_at=now)
    )
    if won.rowcount != 1:
        return False
    await conn.execute(insert(rotated_tokens).values(jti=old, session_id=session_id, rotated_at=now))
    return True


async def rotated_at(conn: AsyncConnection, session_id: str, jti: str) -> datetime | None:
    """When this session's jti was rotated away; None if it never was."""
    return (await conn.execute(_rotated, {"jti": jti, "session": session_id})).scalar_one_or_none()


async def end(conn: AsyncConnection, session_id: str, now: datetime, why: str) -> bool:
    """Ends a living session; whether this call did (TOKENS T18)."""
    return (await conn.execute(_end, {"session": session_id, "at": now, "why": why})).rowcount == 1


async def end_of(conn: AsyncConnection, account_id: int, session_id: str, now: datetime, why: str) -> AnyRow | None:
    """Ends a living session of this account; its `telegram_user_id`. None: there is none, or it is another's."""
    statement = update(sessions).where(
        sessions.c.id == session_id, sessions.c.account_id == account_id, sessions.c.ended_at.is_(None)
    )
    ended = statement.values(ended_at=now, end_reason=why).returning(sessions.c.telegram_user_id)
    row: AnyRow | None = (await conn.execute(ended)).one_or_none()
    return row


async def end_of_person(conn: AsyncConnection, telegram_user_id: int, now: datetime, why: str) -> int | None:
    """Ends a Telegram user's living session; the account it was in, if there was one."""
    ended = await conn.execute(_end_of_person, {"person": telegram_user_id, "at": now, "why": why})
    account_id: int | None = ended.scalar_one_or_none()
    return account_id


async def end_of_account(conn: AsyncConnection, account_id: int, now: datetime, why: str) -> int:
    """Ends every living session of an account; how many there were (TOKENS T25, T26)."""
    # A login of this account that is being opened now is waited for, else it would be missed.
    await conn.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update(key_share=True))
    statement = update(sessions).where(sessions.c.account_id == account_id, sessions.c.ended_at.is_(None))
    return (await conn.execute(statement.values(ended_at=now, end_reason=why))).rowcount


async def purge(conn: AsyncConnection, *, created_before: datetime, rotated_before: datetime) -> int:
    """Removes sessions whose window is over and rotated tokens that have expired; how many sessions went."""
    await conn.execute(delete(rotated_tokens).where(rotated_tokens.c.rotated_at < rotated_before))
    old = select(sessions.c.id).where(sessions.c.created_at < created_before)
    await conn.execute(delete(rotated_tokens).where(rotated_tokens.c.session_id.in_(old)))
    return (await conn.execute(delete(sessions).where(sessions.c.created_at < created_before))).rowcount
