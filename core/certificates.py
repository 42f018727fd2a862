"""Certificates: a doctor sends photos of one to be looked at; each attempt is a record of its own (REVIEW.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from sqlalchemy.exc import IntegrityError

from core import crockford
from core.account import AccountState
from core.attempts import PREFIX, UNTOLD, Attempts, Decision
from core.audit import Action, Audit
from core.errors import Conflict, NotFound, Unauthenticated
from core.notices import NoticeKind, Notices
from core.permissions import Permission, require
from core.photos import MediaType, StoredPhoto
from core.reasons import Message, Reason
from core.review_states import CLOSED, REFUSED, REPLACED, VALID, WAITING, State
from core.sessions import Signed
from core.unit import UnitOfWork
from storage import accounts as account_store
from storage import submissions as store
from storage.errors import violated
from storage.tables.base import AnyRow

_MOST_A_DAY: Final = 10
_DAY: Final = timedelta(days=1)
_NUMBER_TRIES: Final = 5  # of a thousand million numbers
APPEAL_WITHIN: Final = timedelta(days=30)
RESUBMIT_WITHIN: Final = timedelta(days=30)
REVALIDATE_WITHIN: Final = timedelta(days=30)
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


class Way(StrEnum):
    """What a doctor can do about their certificate now."""

    SEND = "send"
    REPLACE = "replace"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as its doctor sees it: never who decided.

    `reasons` and `message` are of the last decision; `until` is when its state ends by itself: the last day for sending
    again, for an appeal, or of an approval that needs a new look.
    """

    number: str
    state: State
    appeal: bool
    sent_at: datetime
    decided_at: datetime | None
    reasons: tuple[Reason, ...]
    message: str | None
    valid_until: date | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """How a doctor stands and what they can do.

    `attempt` is the one that counts, None when there is none; `approval` one that is valid beside it. `obstacle` is the
    code of why nothing can be sent now (`certificate.in_review`), None when something can.
    """

    attempt: Attempt | None
    approval: Attempt | None
    tries_left: int
    ways: frozenset[Way]
    obstacle: str | None


class Certificates:
    """The doctor's side of the review. Photos come through core.photos and lie in its store already."""

    def __init__(self, attempts: Attempts, audit: Audit, notices: Notices) -> None:
        self._attempts = attempts
        self._audit = audit
        self._notices = notices

    async def summary(self, uow: UnitOfWork, account_id: int) -> Summary:
        """How an account stands, for whoever may see the account. Both None where nothing was ever sent."""
        attempts = await store.of_account(uow.conn, account_id)
        shown = _shown(attempts)
        return Summary(shown.path if shown else None, _standing(State(row.state) for row in attempts))

    async def status(self, uow: UnitOfWork, signed: Signed) -> Status:
        """How who is acting stands, with reasons and what can be done (DIALOGS.md certificate). Raises Forbidden."""
        require(signed, Permission.SEE_OWN_CERTIFICATE)
        rows = await store.of_account(uow.conn, signed.account_id)
        latest = _latest(rows)
        valid = next((row for row in rows if State(row.state) in VALID), None)
        shown = [row for row in (latest, valid if valid is not latest else None) if row is not None]
        decisions = await self._attempts.decisions(uow, [row.id for row in shown])
        attempts = {row.id: _attempt(row, decisions[row.id]) for row in shown}
        obstacle = None
        try:
            _check(uow, rows)
        except Conflict as error:
            obstacle = error.code
        return Status(
            attempt=attempts[latest.id] if latest is not None else None,
            approval=attempts.get(valid.id) if valid is not None and valid is not latest else None,
            tries_left=await self._attempts.tries_left(uow, signed.account_id),
            ways=_ways(uow, latest, obstacle),
            obstacle=obstacle,
        )

    async def messages(self, uow: UnitOfWork, decisions: Sequence[int]) -> dict[int, str]:
        """What reviewers wrote to doctors, by decision; only what was told goes in here (core/notices.py)."""
        return await self._attempts.messages(uow, decisions)

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
        return stored_photo(shown)

    async def photos(self, uow: UnitOfWork, signed: Signed) -> list[StoredPhoto]:
        """All photos of the attempt that `newest_photo` is of; a look at each is an entry in the audit."""
        require(signed, Permission.SEE_OWN_CERTIFICATE)
        shown = _shown(await store.of_account(uow.conn, signed.account_id))
        files = [] if shown is None else [row for row in await store.files_of(uow.conn, shown.id) if row.path]
        if shown is not None and files:
            await self._audit.append(
                uow,
                Action.SEE_CERTIFICATE,
                actor=signed.pseudonym,
                subject=shown.number,
                file_hashes=[row.sha256 for row in files],
                version=shown.version,
            )
        return [stored_photo(row) for row in files]

    async def check_may_submit(self, uow: UnitOfWork, signed: Signed) -> None:
        """Refuses who could not submit now whatever they sent: before photos are read. Raises Forbidden, Conflict."""
        require(signed, Permission.SEND_OWN_CERTIFICATE)
        _check(uow, await store.of_account(uow.conn, signed.account_id))

    async def submit(self, uow: UnitOfWork, signed: Signed, photos: Sequence[StoredPhoto]) -> Submission:
        """Makes an attempt of these photos; one that waits unclaimed is withdrawn for it (REVIEW.md 1).

        An approval stays valid until this is decided. The photos of what was withdrawn stay until their time is over
        (REVIEW.md Retention). Raises Forbidden, and Conflict: `certificate.in_review`, `.rejected`, `.locked`,
        `.revoked`, `.too_many_today`, `.refused_before` (the same bytes) or `.changed` (another was quicker);
        Unauthenticated when the account was erased meanwhile.
        """
        require(signed, Permission.SEND_OWN_CERTIFICATE)
        owner = await account_store.get_held(uow.conn, signed.account_id)
        if owner is None or owner.state == AccountState.ERASED:
            raise Unauthenticated
        attempts = await store.of_account(uow.conn, signed.account_id)
        latest = _check(uow, attempts)
        hashes = [photo.sha256 for photo in photos]
        if await store.has_files(uow.conn, signed.account_id, states=sorted(REFUSED), hashes=hashes):
            raise Conflict("certificate.refused_before", field="photo")
        replaced = latest if latest is not None and latest.state == State.PENDING else None
        if replaced is not None:
            action, reasons = Action.WITHDRAW_CERTIFICATE, ["replaced"]
            await self._attempts.move(uow, replaced, State.WITHDRAWN, action, by=signed, reasons=reasons)
        number = await self._add(uow, owner, photos, replaced)
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

    async def withdraw(self, uow: UnitOfWork, signed: Signed) -> str:
        """Takes back what waits and nobody looks at yet (REVIEW.md 8), and gives its number.

        An appeal stays: else a final refusal would be forgotten by taking it back. Raises Forbidden, and Conflict:
        `certificate.in_review`, `.is_appeal`, `.nothing_waits`, `.changed`.
        """
        require(signed, Permission.SEND_OWN_CERTIFICATE)
        latest = _latest(await store.of_account(uow.conn, signed.account_id))
        if latest is None or State(latest.state) not in WAITING:
            raise Conflict("certificate.nothing_waits")
        if latest.state != State.PENDING:
            raise Conflict("certificate.in_review")
        if latest.appeal:
            raise Conflict("certificate.is_appeal")
        await self._attempts.move(uow, latest, State.WITHDRAWN, Action.WITHDRAW_CERTIFICATE, by=signed)
        return str(latest.number)

    async def appeal(self, uow: UnitOfWork, signed: Signed, message: Message) -> str:
        """Has a final refusal looked at once more, by another admin where there is one (REVIEW.md 11); its number.

        Raises Forbidden, and Conflict: `certificate.nothing_to_appeal`, `.appealed`, `.appeal_too_late`, `.changed`.
        """
        require(signed, Permission.SEND_OWN_CERTIFICATE)
        latest = _latest(await store.of_account(uow.conn, signed.account_id))
        if latest is None or latest.state != State.REJECTED:
            raise Conflict("certificate.nothing_to_appeal")
        if latest.appeal:
            raise Conflict("certificate.appealed")
        if uow.now > _decided_at(latest) + APPEAL_WITHIN:
            raise Conflict("certificate.appeal_too_late", days=APPEAL_WITHIN.days)
        await self._attempts.move(
            uow,
            latest,
            State.PENDING,
            Action.APPEAL_CERTIFICATE,
            by=signed,
            values={"appeal": True, "appeal_message": self._attempts.seal(message), "not_by": latest.decided_by},
        )
        return str(latest.number)

    async def name_changed(self, uow: UnitOfWork, signed: Signed, name: str) -> None:
        """An approval was given to another name than this: it stays valid, and is looked at anew (REVIEW.md 13)."""
        for row in await store.of_account(uow.conn, signed.account_id):
            if row.state == State.APPROVED and row.name != name:
                await self._attempts.move(
                    uow, row, State.REVALIDATE, Action.REVALIDATE_CERTIFICATE, by=signed, reasons=["name"]
                )
                until = (uow.now + REVALIDATE_WITHIN).date().isoformat()
                told = NoticeKind.CERTIFICATE_NAME_CHANGED
                await self._notices.tell(uow, signed.account_id, told, {"number": row.number, "until": until})

    async def _add(self, uow: UnitOfWork, owner: AnyRow, photos: Sequence[StoredPhoto], replaced: AnyRow | None) -> str:
        files = [
            {
                "sha256": photo.sha256,
                "path": photo.path,
                "media_type": photo.media_type.value,
                "size": photo.size,
                "width": photo.width,
                "height": photo.height,
                "likeness": photo.likeness,
            }
            for photo in photos
        ]
        # What replaces an appeal is one: else a refusal would be forgotten by sending twice.
        appeal = replaced if replaced is not None and replaced.appeal else None
        for _ in range(_NUMBER_TRIES):
            number = PREFIX + crockford.new_number()
            try:
                submission_id = await store.add(
                    uow.conn,
                    owner.id,
                    uow.now,
                    number=number,
                    state=State.PENDING,
                    appeal=appeal is not None,
                    appeal_message=appeal.appeal_message if appeal is not None else None,
                    not_by=appeal.not_by if appeal is not None else None,
                    name=owner.name,
                )
            except IntegrityError as error:
                if violated(error) != "uq_submissions_account_id":
                    raise
                raise Conflict("certificate.changed") from None
            if submission_id is not None:
                await store.add_files(uow.conn, submission_id, files)
                return number
        raise RuntimeError("No number is free for a submission.")


def stored_photo(row: AnyRow) -> StoredPhoto:
    """A photo that is still in the store, from its row. Raises NotFound when it was taken out of it."""
    if row.path is None:
        raise NotFound("photo.gone")
    size = (row.size, row.width, row.height)
    return StoredPhoto(row.path, MediaType(row.media_type), *size, row.sha256, row.likeness)


def _latest(attempts: Sequence[AnyRow]) -> AnyRow | None:
    """The attempt that counts; `attempts` are newest first."""
    return next((row for row in attempts if State(row.state) not in REPLACED), None)


def _check(uow: UnitOfWork, attempts: Sequence[AnyRow]) -> AnyRow | None:
    """The attempt that counts, if it lets another be sent; `attempts` are newest first. Raises Conflict."""
    latest = _latest(attempts)
    if latest is not None and (obstacle := _OBSTACLES.get(State(latest.state))):
        raise Conflict(obstacle)
    if sum(row.created_at > uow.now - _DAY for row in attempts) >= _MOST_A_DAY:
        raise Conflict("certificate.too_many_today", max=_MOST_A_DAY)
    return latest


def _ways(uow: UnitOfWork, latest: AnyRow | None, obstacle: str | None) -> frozenset[Way]:
    ways = set()
    if latest is not None and latest.state == State.PENDING:
        ways |= {Way.REPLACE} if obstacle is None else set()
        ways |= set() if latest.appeal else {Way.WITHDRAW}
    elif obstacle is None:
        ways.add(Way.SEND)
    if latest is not None and latest.state == State.REJECTED and not latest.appeal:
        ways |= {Way.APPEAL} if uow.now <= _decided_at(latest) + APPEAL_WITHIN else set()
    return frozenset(ways)


def _attempt(row: AnyRow, decisions: Sequence[Decision]) -> Attempt:
    told = next((each for each in reversed(decisions) if each.outcome not in UNTOLD), None)
    state = State(row.state)
    waits = state in WAITING
    until = None
    if state is State.NEEDS_RESUBMIT:
        until = row.updated_at + RESUBMIT_WITHIN
    elif state is State.REVALIDATE:
        until = row.updated_at + REVALIDATE_WITHIN
    elif state is State.REJECTED and not row.appeal:
        until = _decided_at(row) + APPEAL_WITHIN
    return Attempt(
        number=row.number,
        state=state,
        appeal=row.appeal,
        sent_at=row.created_at,
        decided_at=None if waits else row.decided_at,
        reasons=told.reasons if told and not waits else (),
        message=told.message if told and not waits else None,
        valid_until=row.valid_until,
        until=until,
    )


def _decided_at(row: AnyRow) -> datetime:
    """When an attempt was decided; before decisions were kept, when it came to its state."""
    at: datetime = row.decided_at or row.updated_at
    return at


def _shown(attempts: Sequence[AnyRow]) -> AnyRow | None:
    """The newest attempt, unless it was withdrawn or its photos are gone (CONTRACT.md 1 certificate)."""
    newest = attempts[0] if attempts else None
    return None if newest is None or newest.state == State.WITHDRAWN or newest.path is None else newest


def _standing(states: Iterable[State]) -> Standing | None:
    """What all attempts come to, newest first: closed ones say nothing, a valid approval outweighs the others."""
    telling = [state for state in states if state not in CLOSED]
    if any(state in VALID for state in telling):
        return Standing.APPROVED
    if not telling:
        return None
    return Standing.WAITING if telling[0] in WAITING else Standing.REFUSED
