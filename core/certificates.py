"""Certificates: a doctor sends photos of one to be looked at; each attempt is a record of its own (REVIEW.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError

from core import crockford
from core.account import AccountState
from core.attempts import PREFIX, Attempts
from core.audit import Action, Audit
from core.errors import Conflict, NotFound, Unauthenticated
from core.notices import NoticeKind, Notices
from core.permissions import Permission, require
from core.photos import StoredPhoto
from core.pictures import MediaType
from core.reasons import Message
from core.review_states import REFUSED, VALID, WAITING, State
from core.sessions import Signed
from core.standings import (
    APPEAL_WITHIN,
    REVALIDATE_WITHIN,
    Status,
    Summary,
    attempt_of,
    check_may_send,
    decided_at,
    latest_of,
    shown_of,
    standing_of,
    ways_of,
)
from core.unit import UnitOfWork
from storage import accounts as account_store
from storage import submissions as store
from storage.errors import violated
from storage.tables.base import AnyRow

_NUMBER_TRIES: Final = 5  # of a thousand million numbers


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt. `path` is its first photo's name in the store."""

    number: str
    state: State
    path: str


class Certificates:
    """The doctor's side of the review. Photos come through core.photos and lie in its store already."""

    def __init__(self, attempts: Attempts, audit: Audit, notices: Notices) -> None:
        self._attempts = attempts
        self._audit = audit
        self._notices = notices

    async def summary(self, uow: UnitOfWork, account_id: int) -> Summary:
        """How an account stands, for whoever may see the account. Both None where nothing was ever sent."""
        attempts = await store.of_account(uow.conn, account_id)
        shown = shown_of(attempts)
        return Summary(shown.path if shown else None, standing_of(State(row.state) for row in attempts))

    async def status(self, uow: UnitOfWork, signed: Signed) -> Status:
        """How who is acting stands, with reasons and what can be done (DIALOGS.md certificate). Raises Forbidden."""
        require(signed, Permission.SEE_OWN_CERTIFICATE)
        rows = await store.of_account(uow.conn, signed.account_id)
        latest = latest_of(rows)
        valid = next((row for row in rows if State(row.state) in VALID), None)
        shown = [row for row in (latest, valid if valid is not latest else None) if row is not None]
        decisions = await self._attempts.decisions(uow, [row.id for row in shown])
        attempts = {row.id: attempt_of(row, decisions[row.id]) for row in shown}
        obstacle = None
        try:
            check_may_send(uow, rows)
        except Conflict as error:
            obstacle = error.code
        return Status(
            attempt=attempts[latest.id] if latest is not None else None,
            approval=attempts.get(valid.id) if valid is not None and valid is not latest else None,
            tries_left=await self._attempts.tries_left(uow, signed.account_id),
            ways=ways_of(uow, latest, obstacle),
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
        shown = shown_of(await store.of_account(uow.conn, signed.account_id))
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
        shown = shown_of(await store.of_account(uow.conn, signed.account_id))
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
        check_may_send(uow, await store.of_account(uow.conn, signed.account_id))

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
        latest = check_may_send(uow, attempts)
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
        latest = latest_of(await store.of_account(uow.conn, signed.account_id))
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
        latest = latest_of(await store.of_account(uow.conn, signed.account_id))
        if latest is None or latest.state != State.REJECTED:
            raise Conflict("certificate.nothing_to_appeal")
        if latest.appeal:
            raise Conflict("certificate.appealed")
        if uow.now > decided_at(latest) + APPEAL_WITHIN:
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
