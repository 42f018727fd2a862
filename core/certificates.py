"""Certificates: a doctor sends photos of one to be looked at; each attempt is a record of its own (REVIEW.md)."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Final

from sqlalchemy.exc import IntegrityError

from core.audit import Action, Audit
from core.errors import Conflict
from core.permissions import Permission, require
from core.photos import MediaType, StoredPhoto
from core.sessions import Signed
from core.unit import UnitOfWork
from storage import submissions as store
from storage.errors import violated
from storage.tables.base import AnyRow

_MOST_A_DAY: Final = 10
_DAY: Final = timedelta(days=1)
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NUMBER_TRIES: Final = 5  # of a thousand million numbers


class State(StrEnum):
    """What became of an attempt."""

    PENDING = "pending"
    IN_REVIEW = "in_review"
    SECOND_REVIEW = "second_review"
    NEEDS_RESUBMIT = "needs_resubmit"
    APPROVED = "approved"
    REJECTED = "rejected"
    LOCKED = "locked"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    REVALIDATE = "revalidate"
    REVOKED = "revoked"


_VALID: Final = frozenset({State.APPROVED, State.REVALIDATE})
_WAITING: Final = frozenset({State.PENDING, State.IN_REVIEW, State.SECOND_REVIEW})
_REFUSED: Final = frozenset({State.NEEDS_RESUBMIT, State.REJECTED, State.LOCKED, State.REVOKED})
_REPLACED: Final = frozenset({State.WITHDRAWN, State.SUPERSEDED})
_CLOSED: Final = _REPLACED | {State.EXPIRED}
# Why nothing can be sent now, by the state of the attempt that counts (REVIEW.md 1).
_OBSTACLES: Final = {
    State.IN_REVIEW: "certificate.in_review",
    State.SECOND_REVIEW: "certificate.in_review",
    State.REJECTED: "certificate.rejected",
    State.LOCKED: "certificate.locked",
    State.REVOKED: "certificate.revoked",
}


class Standing(IntEnum):
    """How a doctor stands by their certificate: S0's `certificat_checked` (CONTRACT.md 1)."""

    WAITING = 1
    APPROVED = 2
    REFUSED = 3


@dataclass(frozen=True, slots=True)
class Summary:
    """What the account's own view tells of the certificate: S0's `certificat` and `certificat_checked`."""

    path: str | None
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt. `path` is its first photo's name in the store."""

    number: str
    state: State
    path: str


class Certificates:
    """The doctor's side of the review. Photos come through core.photos and lie in its store already."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def summary(self, uow: UnitOfWork, account_id: int) -> Summary:
        """How an account stands, for whoever may see the account. Both None where nothing was ever sent."""
        attempts = await store.of_account(uow.conn, account_id)
        shown = _shown(attempts)
        return Summary(shown.path if shown else None, _standing(State(row.state) for row in attempts))

    async def newest_photo(self, uow: UnitOfWork, signed: Signed) -> StoredPhoto | None:
        """The first photo of the newest attempt of who is acting, None when there is none to see (CONTRACT.md 2.7).

        To be told where it lies is to look at it: that is an entry in the audit (REVIEW.md Audit). Raises Forbidden.
        """
        require(signed, Permission.SEE_OWN_CERTIFICATE)
        shown = _shown(await store.of_account(uow.conn, signed.account_id))
        if shown is None:
            return None
        await self._audit.append(
            uow,
            Action.SEE_CERTIFICATE,
            actor=signed.pseudonym,
            subject=shown.number,
            file_hashes=[shown.sha256],
            version=shown.version,
        )
        return StoredPhoto(shown.path, MediaType(shown.media_type), shown.size, shown.width, shown.height, shown.sha256)

    async def check_may_submit(self, uow: UnitOfWork, signed: Signed) -> None:
        """Refuses who could not submit now whatever they sent: before photos are read. Raises Forbidden, Conflict."""
        require(signed, Permission.SEND_OWN_CERTIFICATE)
        _check(uow, await store.of_account(uow.conn, signed.account_id))

    async def submit(self, uow: UnitOfWork, signed: Signed, photos: Sequence[StoredPhoto]) -> Submission:
        """Makes an attempt of these photos; one that waits unclaimed is withdrawn for it (REVIEW.md 1).

        An approval stays valid until this is decided. The photos of what was withdrawn stay until their time is over
        (REVIEW.md Retention). Raises Forbidden, and Conflict: `certificate.in_review`, `.rejected`, `.locked`,
        `.revoked`, `.too_many_today`, `.refused_before` (the same bytes) or `.changed` (another was quicker).
        """
        require(signed, Permission.SEND_OWN_CERTIFICATE)
        attempts = await store.of_account(uow.conn, signed.account_id)
        latest = _check(uow, attempts)
        hashes = [photo.sha256 for photo in photos]
        if await store.has_files(uow.conn, signed.account_id, states=sorted(_REFUSED), hashes=hashes):
            raise Conflict("certificate.refused_before")
        replaced = latest if latest is not None and latest.state == State.PENDING else None
        if replaced is not None:
            await self._withdraw(uow, signed, replaced)
        # What replaces an appeal is one: else a refusal would be forgotten by sending twice.
        number = await self._add(uow, signed, photos, appeal=replaced is not None and replaced.appeal)
        await self._audit.append(
            uow,
            Action.SUBMIT_CERTIFICATE,
            actor=signed.pseudonym,
            subject=number,
            to_state=State.PENDING,
            file_hashes=hashes,
            version=1,
        )
        return Submission(number, State.PENDING, photos[0].path)

    async def _withdraw(self, uow: UnitOfWork, signed: Signed, attempt: AnyRow) -> None:
        after = State.WITHDRAWN
        if not await store.change_state(uow.conn, attempt.id, uow.now, version=attempt.version, state=after):
            raise Conflict("certificate.changed")
        await self._audit.append(
            uow,
            Action.WITHDRAW_CERTIFICATE,
            actor=signed.pseudonym,
            subject=attempt.number,
            from_state=attempt.state,
            to_state=after,
            reasons=["replaced"],
            version=attempt.version + 1,
        )

    async def _add(self, uow: UnitOfWork, signed: Signed, photos: Sequence[StoredPhoto], *, appeal: bool) -> str:
        files = [
            {
                "sha256": photo.sha256,
                "path": photo.path,
                "media_type": photo.media_type.value,
                "size": photo.size,
                "width": photo.width,
                "height": photo.height,
            }
            for photo in photos
        ]
        for _ in range(_NUMBER_TRIES):
            number = "C-" + "".join(secrets.choice(_CROCKFORD) for _ in range(6))
            try:
                submission_id = await store.add(
                    uow.conn, signed.account_id, uow.now, number=number, state=State.PENDING, appeal=appeal
                )
            except IntegrityError as error:
                if violated(error) != "uq_submissions_account_id":
                    raise
                raise Conflict("certificate.changed") from None
            if submission_id is not None:
                await store.add_files(uow.conn, submission_id, files)
                return number
        raise RuntimeError("No number is free for a submission.")


def _check(uow: UnitOfWork, attempts: Sequence[AnyRow]) -> AnyRow | None:
    """The attempt that counts, if it lets another be sent; `attempts` are newest first. Raises Conflict."""
    latest = next((row for row in attempts if State(row.state) not in _REPLACED), None)
    if latest is not None and (obstacle := _OBSTACLES.get(State(latest.state))):
        raise Conflict(obstacle)
    if sum(row.created_at > uow.now - _DAY for row in attempts) >= _MOST_A_DAY:
        raise Conflict("certificate.too_many_today", max=_MOST_A_DAY)
    return latest


def _shown(attempts: Sequence[AnyRow]) -> AnyRow | None:
    """The newest attempt, unless it was withdrawn or its photos are gone (CONTRACT.md 1 certificate)."""
    newest = attempts[0] if attempts else None
    return None if newest is None or newest.state == State.WITHDRAWN or newest.path is None else newest


def _standing(states: Iterable[State]) -> Standing | None:
    """What all attempts come to, newest first: closed ones say nothing, a valid approval outweighs the others."""
    telling = [state for state in states if state not in _CLOSED]
    if any(state in _VALID for state in telling):
        return Standing.APPROVED
    if not telling:
        return None
    return Standing.WAITING if telling[0] in _WAITING else Standing.REFUSED
