"""Queries on all that lies sealed: which key's header it begins with, and how it is sealed anew (core/at_rest.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, LargeBinary, func, select, type_coerce, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables.accounts import accounts, notes
from storage.tables.base import AnyRow
from storage.tables.erasures import photo_removals
from storage.tables.profiles import profiles
from storage.tables.submissions import decisions, submission_files, submissions
from storage.tables.updates import chats, inbox


@dataclass(frozen=True, slots=True)
class Place:
    """A column that holds sealed values. `key` is its row's number, `of` what else says where the value lies."""

    column: Column[Any]
    key: Column[Any]
    of: tuple[Column[Any], ...] = ()


MEDICAL_HISTORY: Final = Place(profiles.c.medical_history, profiles.c.account_id)
NOTE: Final = Place(notes.c.note, notes.c.audit_id)
APPEAL: Final = Place(submissions.c.appeal_message, submissions.c.id)
DECISION: Final = Place(decisions.c.message, decisions.c.id)
SECOND_FACTOR: Final = Place(accounts.c.totp_secret, accounts.c.id)
UPDATE: Final = Place(inbox.c.payload, inbox.c.seq, (inbox.c.bot_id, inbox.c.update_id))
DRAFT: Final = Place(chats.c.draft, chats.c.person_id)
PENDING: Final = Place(chats.c.pending, chats.c.person_id)
_NAMING: Final = (submission_files.c.path, profiles.c.avatar_photo)  # rows that name a photo of the store


async def count_under(conn: AsyncConnection, place: Place, header: bytes) -> int:
    """How many values there begin with this header."""
    return int((await conn.execute(select(func.count(place.column)).where(_begins(place, header)))).scalar_one())


async def not_under(
    conn: AsyncConnection, place: Place, header: bytes, *, after: int | None, most: int
) -> Sequence[AnyRow]:
    """Rows whose value begins otherwise, by number, behind `after`: each `key`, the columns of `of`, `value`.

    They are this transaction's. On PostgreSQL what another works on is passed over, so that nobody waits in a circle.
    """
    statement = select(place.key.label("key"), *place.of, place.column.label("value"))
    statement = statement.where(place.column.is_not(None), ~_begins(place, header))
    if after is not None:
        statement = statement.where(place.key > after)
    return (await conn.execute(statement.order_by(place.key).limit(most).with_for_update(skip_locked=True))).all()


async def replace(conn: AsyncConnection, place: Place, key: int, value: bytes) -> None:
    """Writes a value that was sealed anew."""
    await conn.execute(update(place.column.table).where(place.key == key).values({place.column: value}))


async def photos(conn: AsyncConnection, after: str, *, most: int) -> list[str]:
    """The names of photos that rows name, in their order, behind `after`."""
    named = union_all(*(select(column.label("path")).where(column > after) for column in _NAMING)).subquery()
    return list((await conn.execute(select(named.c.path).order_by(named.c.path).limit(most))).scalars())


async def rename_photo(conn: AsyncConnection, old: str, new: str) -> bool:
    """Has the row that names a photo name another; False when no row names it any more.

    Its submission or account is locked first, as it is by whoever takes photos out: they see one name or the other.
    """
    sent = select(submission_files.c.submission_id).where(submission_files.c.path == old)
    await conn.execute(select(submissions.c.id).where(submissions.c.id.in_(sent)).with_for_update())
    of = select(profiles.c.account_id).where(profiles.c.avatar_photo == old)
    await conn.execute(select(accounts.c.id).where(accounts.c.id.in_(of)).with_for_update())
    for column in _NAMING:
        renamed = await conn.execute(update(column.table).where(column == old).values({column: new}))
        if renamed.rowcount:
            return True
    return False


async def photos_to_come(conn: AsyncConnection, now: datetime) -> list[str]:
    """The names of photos that wait in dialogs: no row names them yet."""
    statement = select(photo_removals.c.path).where(photo_removals.c.account_id.is_not(None))
    return list((await conn.execute(statement.where(photo_removals.c.due_at > now))).scalars())


def _begins(place: Place, header: bytes) -> ColumnElement[bool]:
    # Both databases count the bytes of a binary value from 1.
    return type_coerce(func.substr(place.column, 1, len(header)), LargeBinary) == header
