"""Decisions taken back: an approval revoked, that undone, a refused doctor let in again (REVIEW.md 10 and 14)."""

from datetime import timedelta
from typing import Final

from core.attempts import Outcome, Verdict
from core.audit import Action
from core.errors import Conflict, Forbidden
from core.notices import NoticeKind
from core.reasons import Message, Refusal, check_note
from core.review_states import VALID, WAITING, State
from core.reviewing import Reviewing, codes, conflict
from core.reviews import Decided
from core.sessions import Signed
from core.standings import REVALIDATE_WITHIN
from core.unit import UnitOfWork
from storage import accounts as account_store

UNDO_WITHIN: Final = timedelta(days=7)
_REVOKE: Final = Verdict(State.REVOKED, Action.REVOKE_CERTIFICATE, Outcome.REVOKED)
_UNDO: Final = Verdict(State.APPROVED, Action.UNDO_REVOCATION, Outcome.UNDONE)
_REOPEN: Final = Verdict(State.NEEDS_RESUBMIT, Action.REOPEN_CERTIFICATE, Outcome.REOPENED)
_UNLOCK: Final = Verdict(State.NEEDS_RESUBMIT, Action.REOPEN_CERTIFICATE, Outcome.UNLOCKED)
_REOPENED: Final = frozenset({State.LOCKED, State.REJECTED, State.REVOKED})


class Reversals:
    """Acts of admins. Each raises Forbidden, NotFound for a number, Conflict when it cannot be now."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing

    async def reopen(self, uow: UnitOfWork, signed: Signed, number: str, message: Message) -> Decided:
        """Lets a doctor send again who was refused for good, locked out or revoked; `message` is to them.

        Who was locked has all their tries again. Raises Conflict `review.not_closed` where there is nothing to reopen.
        """
        row = await self._reviewing.reviewed(uow, signed, number)
        if State(row.state) not in _REOPENED:
            raise Conflict("review.not_closed") if State(row.state) in WAITING | VALID else conflict(row)
        verdict = _UNLOCK if row.state == State.LOCKED else _REOPEN
        decision = await self._reviewing.decide(uow, signed, row, verdict, message=message)
        told = await self._reviewing.tell(uow, row, NoticeKind.CERTIFICATE_REOPENED, decision=decision)
        return Decided(row.number, State.NEEDS_RESUBMIT, told)

    async def revoke(
        self, uow: UnitOfWork, signed: Signed, number: str, refusal: Refusal, *, version: int | None = None
    ) -> Decided:
        """Takes an approval back at once; a note is needed (InvalidValue). Raises Conflict `review.not_approved`."""
        check_note(refusal.note)
        row = await self._reviewing.reviewed(uow, signed, number, version)
        if row.state != State.APPROVED:
            raise Conflict("review.not_approved")
        decision = await self._reviewing.decide(uow, signed, row, _REVOKE, refusal=refusal)
        about: dict[str, str | int] = {"decision": decision, "reasons": codes(refusal)}
        told = await self._reviewing.tell(uow, row, NoticeKind.CERTIFICATE_REVOKED, **about)
        await self._reviewing.tell_admins(uow, signed, row, NoticeKind.REVIEW_REVOKED)
        return Decided(row.number, State.REVOKED, told)

    async def undo(self, uow: UnitOfWork, signed: Signed, number: str, *, version: int | None = None) -> Decided:
        """Gives back an approval that another admin took back in the last 7 days.

        Where the doctor has another name by now, it needs a new look at once (REVIEW.md 13).
        Raises Forbidden `review.own_revocation`, Conflict `review.not_revoked`, `.undo_too_late`, `.newer_approval`.
        """
        row = await self._reviewing.reviewed(uow, signed, number, version)
        if row.state != State.REVOKED:
            raise Conflict("review.not_revoked")
        if row.decided_by == signed.account_id:
            raise Forbidden("certificate.undo_own", signed.pseudonym, "review.own_revocation")
        if uow.now > row.decided_at + UNDO_WITHIN:
            raise Conflict("review.undo_too_late", days=UNDO_WITHIN.days)
        if any(State(other.state) in VALID for other in await self._reviewing.others(uow, row)):
            raise Conflict("review.newer_approval")
        await self._reviewing.decide(uow, signed, row, _UNDO)
        doctor = await account_store.get(uow.conn, row.account_id)
        if doctor is not None and row.name not in {None, doctor.name}:
            restored = await self._reviewing.attempts.find(uow, number)
            action = Action.REVALIDATE_CERTIFICATE
            await self._reviewing.attempts.move(uow, restored, State.REVALIDATE, action, reasons=["name"])
            until = (uow.now + REVALIDATE_WITHIN).date().isoformat()
            told = await self._reviewing.tell(uow, row, NoticeKind.CERTIFICATE_NAME_CHANGED, until=until)
        else:
            told = await self._reviewing.tell(uow, row, NoticeKind.CERTIFICATE_RESTORED)
        await self._reviewing.tell_admins(uow, signed, row, NoticeKind.REVIEW_RESTORED)
        return Decided(row.number, State.APPROVED, told)
