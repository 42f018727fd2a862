"""What an export holds: all that is kept about its owner, in words and for machines (SECURITY.md Privacy).

Not in it is what colleagues say among themselves, and who of them decided: storage/own_data.py has the whole list.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from core.account import Account
from core.attempts import UNTOLD, Attempts
from core.audit import Action
from core.notices import NoticeKind
from core.pictures import MediaType
from core.profiles import Profiles
from core.reasons import Reason
from core.review_states import State
from core.sealing import SealBroken
from core.sessions import Signed
from core.trail import By, by_whom
from core.unit import Channel, UnitOfWork
from core.values import Role
from storage import accounts as account_store
from storage import own_data as store
from storage import reference
from storage.reference import Place
from storage.tables.accounts import account_chats, accounts, consents, news, sessions
from storage.tables.base import AnyRow
from storage.tables.imports import imported_accounts
from storage.tables.profiles import profiles
from storage.tables.submissions import decisions, submission_files, submissions

_log = structlog.get_logger(__name__)
FORMAT: Final = 1
"""Rises when keys are renamed or taken away."""
_UNTOLD_ACTS: Final = frozenset({Action.PROPOSE_CERTIFICATE, Action.SEND_BACK_CERTIFICATE})  # as UNTOLD
_ENDINGS: Final = {MediaType.JPEG: "jpg", MediaType.PNG: "png"}
_AVATAR: Final = "photos/avatar.jpg"
_AVATAR_BYTES: Final = 1024 * 1024  # more than it can have


class Wording(Protocol):
    """How what happened reads in its owner's language; the faces have the words."""

    def act(self, action: Action) -> str:
        """What was done."""

    def by(self, who: By, channel: Channel) -> str:
        """Who did it, or where, when nobody was signed in; no admin by name or number."""

    def reason(self, reason: Reason) -> str:
        """Why a certificate was refused, as its doctor is told."""

    def news(self, kind: NoticeKind, params: Mapping[str, str | int]) -> str:
        """What the account was told."""


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo that goes along: its name in the export, its name in the store, its size in bytes at most, its hash."""

    name: str
    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class OwnData:
    """All that is told of an account but its audit, ready to be written as JSON; and the photos that go along."""

    account: Account
    data: Mapping[str, Any]
    photos: tuple[PhotoFile, ...]
    submissions: tuple[str, ...]


class OwnDataReader:
    """Reads what is kept about who is acting. That they may is for its caller to ask."""

    def __init__(self, profiles: Profiles, attempts: Attempts, zone: ZoneInfo) -> None:
        """`zone`: times are written in it."""
        self._profiles = profiles
        self._attempts = attempts
        self._zone = zone

    async def read(self, uow: UnitOfWork, account: Account, signed: Signed, wording: Wording) -> OwnData:
        """All of it, as of one moment where the database gives one."""
        profile, avatar = await self._profile(uow, signed)
        certificates, photos = await self._certificates(uow, account.id, wording)
        data = {
            "format": FORMAT,
            "made_at": uow.now,
            "account": await self._account(uow, account),
            "profile": profile,
            "consents": await store.of_account(uow.conn, consents, account.id),
            "logins": await store.of_account(uow.conn, sessions, account.id),
            "telegram_users": await store.of_account(uow.conn, account_chats, account.id),
            "imported_from": await store.of_account(uow.conn, imported_accounts, account.id),
            "news": _news(await store.of_account(uow.conn, news, account.id), wording),
            "certificates": certificates,
        }
        numbers = tuple(certificate["number"] for certificate in certificates)
        return OwnData(account, self._plain(data), (*avatar, *photos), numbers)

    async def trail(self, uow: UnitOfWork, own: OwnData, wording: Wording) -> AsyncIterator[list[dict[str, Any]]]:
        """The audit's entries about the account and what it sent, oldest first, a page at a time."""
        account = own.account
        async for rows in store.trail(uow.conn, [account.pseudonym, *own.submissions]):
            actors = {row.actor for row in rows if row.actor not in {None, account.pseudonym}}
            roles = {row.pseudonym: Role(row.role) for row in await account_store.by_pseudonyms(uow.conn, actors)}
            yield [self._plain(_entry(row, account, roles, wording)) for row in rows if row.action not in _UNTOLD_ACTS]

    async def _account(self, uow: UnitOfWork, account: Account) -> dict[str, Any]:
        [row] = await store.of_account(uow.conn, accounts, account.id)
        return {"number": account.number, **row, "age": account.age}

    async def _profile(self, uow: UnitOfWork, signed: Signed) -> tuple[dict[str, Any] | None, list[PhotoFile]]:
        for row in await store.of_account(uow.conn, profiles, signed.account_id):
            path = row.pop("avatar_photo")
            row["avatar"] = _AVATAR if path else None
            for place in Place:
                number = row[place.column]
                row[place.value] = (await reference.names(uow.conn, place, [number])).get(number) if number else None
            if row["medical_history"] is not None:
                with _unreadable(row, "medical_history"):
                    row["medical_history"] = await self._profiles.medical_history(uow, signed)
            return row, [PhotoFile(_AVATAR, path, _AVATAR_BYTES, None)] if path else []
        return None, []

    async def _certificates(
        self, uow: UnitOfWork, account_id: int, wording: Wording
    ) -> tuple[list[dict[str, Any]], list[PhotoFile]]:
        attempts = await store.of_account(uow.conn, submissions, account_id)
        by_id: dict[int, dict[str, Any]] = {
            attempt.pop("id"): {**attempt, "state": _seen(attempt["state"]), "photos": [], "decisions": []}
            for attempt in attempts
        }
        photos: list[PhotoFile] = []
        for attempt in by_id.values():
            self._open(attempt, "appeal_message")
        for file in await store.of_submissions(uow.conn, submission_files, by_id):
            attempt = by_id[file.pop("submission_id")]
            path, position = file.pop("path"), file.pop("position")
            name = f"photos/{attempt['number']}-{position}.{_ENDINGS[MediaType(file['media_type'])]}"
            if path is not None:
                photos.append(PhotoFile(name, path, file["size"], file["sha256"]))
            attempt["photos"].append({"file": name if path is not None else None, **file})
        for decision in await store.of_submissions(uow.conn, decisions, by_id):
            attempt = by_id[decision.pop("submission_id")]
            if decision["outcome"] not in UNTOLD:
                self._open(decision, "message")
                attempt["decisions"].append({**decision, "reasons": _reasons(decision["reasons"], wording)})
        return list(by_id.values()), photos

    def _open(self, row: dict[str, Any], column: str) -> None:
        """What was written, in place of what is sealed."""
        with _unreadable(row, column):
            row[column] = self._attempts.opened(row[column])

    def _plain(self, value: Any) -> Any:
        """The same for JSON: times by ISO 8601 with their zone."""
        if isinstance(value, dict):
            return {key: self._plain(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._plain(each) for each in value]
        if isinstance(value, datetime):
            return value.astimezone(self._zone).isoformat(timespec="seconds")
        return value.isoformat() if isinstance(value, date) else value


@contextmanager
def _unreadable(row: dict[str, Any], column: str) -> Iterator[None]:
    """One text whose key is gone does not cost its owner all the rest."""
    try:
        yield
    except SealBroken:
        _log.exception("export.unreadable", column=column)
        row[column] = None


def _seen(state: str | None) -> str | None:
    """A state as the doctor sees it: that a second admin looks is no business of theirs (REVIEW.md)."""
    return State.IN_REVIEW.value if state == State.SECOND_REVIEW else state


def _news(rows: Iterable[dict[str, Any]], wording: Wording) -> list[dict[str, Any]]:
    told = []
    for row in rows:
        if row["kind"] in set(NoticeKind):
            words = wording.news(NoticeKind(row["kind"]), row["params"])
            del row["params"]  # a reason's code may say more than its doctor is told
            told.append({"at": row.pop("created_at"), "text": words, **row})
    return told


def _entry(row: AnyRow, account: Account, roles: Mapping[str, Role], wording: Wording) -> dict[str, Any]:
    by = by_whom(row.actor, account, roles.get(row.actor))
    about_account = row.subject == account.pseudonym
    return {
        "at": row.at,
        "what": wording.act(Action(row.action)),
        "by": wording.by(by, Channel(row.channel)),
        "action": row.action,
        "actor": by.value,
        "channel": row.channel,
        "subject": "account" if about_account else row.subject,
        "from_state": _seen(row.from_state),
        "to_state": _seen(row.to_state),
        # Of a certificate, what its doctor was told stands with the decision; some reasons are not theirs to know.
        "reasons": _split(row.reasons) if about_account else [],
        "file_hashes": _split(row.file_hashes),
        "version": row.version,
    }


def _reasons(codes: str | None, wording: Wording) -> list[str]:
    return [wording.reason(Reason(code)) for code in _split(codes)]


def _split(joined: str | None) -> Sequence[str]:
    return joined.split(",") if joined else []
