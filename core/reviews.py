"""The review: admins claim what doctors sent and decide on it (REVIEW.md 2-7, 9, 13). Their acts, as core rules.

Whatever is decided is one transaction: the state, the decision, the audit, and what is to be told. Of several at once
one decides, and the others are told who (Conflict `review.decided`, `review.claimed`).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from core.attempts import Decision, Outcome, Verdict
from core.audit import Action
from core.errors import Conflict, Forbidden
from core.notes import Note
from core.notices import NoticeKind
from core.permissions import Permission, require
from core.reasons import Message, Refusal
from core.review_states import VALID, WAITING, State
from core.reviewing import Reviewing, codes, conflict
from core.sessions import Signed
from core.settings import Review as ReviewSettings
from core.unit import UnitOfWork
from storage import accounts as account_store
from storage import audit as audit_store
from storage import outbox
from storage import reviews as store
from storage import submissions as submission_store
from storage.tables.base import AnyRow

LEASE: Final = timedelta(minutes=30)
_APPROVE: Final = Verdict(State.APPROVED, Action.APPROVE_CERTIFICATE, Outcome.APPROVED)
_CONFIRM: Final = Verdict(State.APPROVED, Action.CONFIRM_CERTIFICATE, Outcome.CONFIRMED)
_PROPOSE: Final = Verdict(State.SECOND_REVIEW, Action.PROPOSE_CERTIFICATE, Outcome.PROPOSED)
_SEND_BACK: Final = Verdict(State.PENDING, Action.SEND_BACK_CERTIFICATE, Outcome.SENT_BACK)


@dataclass(frozen=True, slots=True)
class Decided:
    """What an act of an admin's came to. `told`: whether the doctor has a chat in which to be told of it."""

    number: str
    state: State
    told: bool = True


class Reviews:
    """The admins' acts. Each raises Forbidden, NotFound for a number, and Conflict when it is too late or too early.

    `version` is always the one on the admin's screen; None for a command that was typed.
    """

    def __init__(self, reviewing: Reviewing, settings: ReviewSettings) -> None:
        self._reviewing = reviewing
        self._settings = settings

    async def claim(self, uow: UnitOfWork, signed: Signed, number: str) -> AnyRow:
        """Opens an attempt for this admin; its row. One that waits is theirs for 30 minutes from now (REVIEW.md 2).

        One with a proposal, or an approval that needs a new look, is nobody's: who decides first has decided.
        """
        row = await self._reviewing.reviewed(uow, signed, number)
        if row.state == State.PENDING:
            return await self._claim(uow, signed, row)
        if row.state == State.IN_REVIEW and row.claimed_by == signed.account_id:
            until = uow.now + LEASE
            if not await submission_store.extend_claim(uow.conn, row.id, version=row.version, until=until):
                await self._reviewing.lost(uow, number)
            return await self._reviewing.attempts.find(uow, number)
        if row.state not in {State.SECOND_REVIEW, State.REVALIDATE}:
            raise conflict(row)
        return row

    async def check_validity(self, uow: UnitOfWork, signed: Signed, valid_until: date) -> None:
        """Refuses a last day that no approval can have: InvalidValue `valid_until.past`, `.too_far`; Forbidden."""
        require(signed, Permission.REVIEW)
        self._reviewing.check_validity(uow, valid_until)

    async def release(self, uow: UnitOfWork, signed: Signed, number: str) -> Decided:
        """Puts one's own claim back into the queue (REVIEW.md 3). Raises Conflict `review.not_claimed`."""
        row = await self._reviewing.reviewed(uow, signed, number)
        if row.state != State.IN_REVIEW or row.claimed_by != signed.account_id:
            raise Conflict("review.not_claimed")
        await self._reviewing.attempts.move(uow, row, State.PENDING, Action.RELEASE_CERTIFICATE, by=signed)
        return Decided(row.number, State.PENDING)

    async def approve(
        self,
        uow: UnitOfWork,
        signed: Signed,
        number: str,
        *,
        version: int | None = None,
        valid_until: date | None = None,
    ) -> Decided:
        """Approves what this admin has claimed and looked at (REVIEW.md 4), or agrees that an approval stands (13).

        With four eyes it is a proposal, or agrees with one (7). Raises Conflict `review.not_seen` when this admin has
        not had these images in this version before their eyes, InvalidValue `valid_until.past`, `.too_far`.
        """
        self._reviewing.check_validity(uow, valid_until)
        row = await self._seen(uow, signed, number, version)
        if row.state == State.REVALIDATE:
            return await self._confirm(uow, signed, row, valid_until)
        if row.state == State.SECOND_REVIEW:
            proposal = await self._proposal(uow, signed, row)
            if proposal.reasons or valid_until not in {None, proposal.valid_until}:
                raise Conflict("review.second_needed")
            return await self._approve(uow, signed, row, proposal.valid_until)
        _check_claim(signed, row)
        if self._settings.four_eyes:
            return await self._propose(uow, signed, row, None, valid_until)
        return await self._approve(uow, signed, row, valid_until)

    async def refuse(
        self, uow: UnitOfWork, signed: Signed, number: str, refusal: Refusal, *, version: int | None = None
    ) -> Decided:
        """Refuses what this admin has claimed; typed, it claims and refuses in one step (REVIEW.md 5, 6, 9).

        With four eyes a final refusal is a proposal (7).
        """
        row = await self._reviewing.reviewed(uow, signed, number, version)
        if row.state == State.REVALIDATE:
            raise Conflict("review.only_confirm")
        if row.state == State.SECOND_REVIEW:
            raise Conflict("review.second_needed")
        if row.state == State.PENDING and version is None:
            row = await self._claim(uow, signed, row)
        _check_claim(signed, row)
        if refusal.final and self._settings.four_eyes:
            return await self._propose(uow, signed, row, refusal, None)
        return await self._refuse(uow, signed, row, refusal)

    async def agree(self, uow: UnitOfWork, signed: Signed, number: str, *, version: int | None = None) -> Decided:
        """Carries out what another admin has proposed (REVIEW.md 7). Raises Forbidden for one's own proposal."""
        row = await self._seen(uow, signed, number, version)
        proposal = await self._proposal(uow, signed, row)
        if not proposal.reasons:
            self._reviewing.check_validity(uow, proposal.valid_until)
            return await self._approve(uow, signed, row, proposal.valid_until)
        message = Message(proposal.message) if proposal.message else None
        note = Note(proposal.note) if proposal.note else None
        return await self._refuse(uow, signed, row, Refusal(proposal.reasons, message, note))

    async def send_back(self, uow: UnitOfWork, signed: Signed, number: str, *, version: int | None = None) -> Decided:
        """Does not agree with what another admin has proposed: the attempt waits for anybody again (REVIEW.md 7)."""
        row = await self._reviewing.reviewed(uow, signed, number, version)
        await self._proposal(uow, signed, row)
        await self._reviewing.decide(uow, signed, row, _SEND_BACK)
        return Decided(row.number, State.PENDING)

    async def unreached(self, uow: UnitOfWork, account_id: int, told_at: datetime) -> None:
        """A chat that was told something at that moment has blocked the bot.

        Where it was a decision, and no other chat of the doctor's hears it either, the admin who decided is told so.
        """
        row = await submission_store.decided(uow.conn, account_id, told_at)
        if row is not None and not await outbox.is_under_way(uow.conn, account_id, told_at):
            await self._reviewing.tell_admin(uow, row.decided_by, row.number)

    async def _claim(self, uow: UnitOfWork, signed: Signed, row: AnyRow) -> AnyRow:
        # An appeal goes to another admin than the one who refused, where there is one (REVIEW.md 11).
        if row.not_by == signed.account_id and await store.able(uow.conn, row.account_id) != [signed.account_id]:
            raise Forbidden("certificate.review_own_refusal", signed.pseudonym, "review.own_refusal")
        mine = {"claimed_by": signed.account_id, "claimed_until": uow.now + LEASE}
        attempts = self._reviewing.attempts
        try:
            await attempts.move(uow, row, State.IN_REVIEW, Action.CLAIM_CERTIFICATE, by=signed, values=mine)
        except Conflict:
            await self._reviewing.lost(uow, row.number)
        return await attempts.find(uow, row.number)

    async def _seen(self, uow: UnitOfWork, signed: Signed, number: str, version: int | None) -> AnyRow:
        """The attempt, if this admin has looked at it as it is now, under its doctor's present name: the audit knows
        (REVIEW.md Audit). Else whoever sees that they are looked at could be approved under a name nobody saw."""
        row = await self._reviewing.reviewed(uow, signed, number, version)
        if State(row.state) not in WAITING | {State.REVALIDATE}:
            raise conflict(row)
        if row.state == State.IN_REVIEW and row.claimed_by != signed.account_id:
            raise conflict(row)
        looked = await audit_store.last(
            uow.conn, row.number, actor=signed.pseudonym, action=Action.SEE_CERTIFICATE, version=row.version
        )
        if looked is None:
            raise Conflict("review.not_seen")
        if await self._reviewing.has_named_themselves(uow, row, since=looked):
            raise Conflict("review.renamed")
        return row

    async def _proposal(self, uow: UnitOfWork, signed: Signed, row: AnyRow) -> Decision:
        if row.state != State.SECOND_REVIEW:
            raise conflict(row)
        decisions = (await self._reviewing.attempts.decisions(uow, [row.id]))[row.id]
        proposal = next(each for each in reversed(decisions) if each.outcome is Outcome.PROPOSED)
        if proposal.admin_id == signed.account_id:
            raise Forbidden("certificate.second_own", signed.pseudonym, "review.own_proposal")
        return proposal

    async def _approve(self, uow: UnitOfWork, signed: Signed, row: AnyRow, valid_until: date | None) -> Decided:
        await self._under_name(uow, signed, row, _APPROVE, valid_until)
        for other in await self._reviewing.others(uow, row):
            if State(other.state) in VALID:
                attempts = self._reviewing.attempts
                await attempts.move(uow, other, State.SUPERSEDED, Action.SUPERSEDE_CERTIFICATE, by=signed)
        kind, about = NoticeKind.CERTIFICATE_APPROVED, {}
        if valid_until is not None:
            kind, about = NoticeKind.CERTIFICATE_APPROVED_UNTIL, {"valid_until": valid_until.isoformat()}
        told = await self._reviewing.tell(uow, row, kind, **about)
        return Decided(row.number, State.APPROVED, told)

    async def _confirm(self, uow: UnitOfWork, signed: Signed, row: AnyRow, valid_until: date | None) -> Decided:
        """The old photos are still good, under the present name (REVIEW.md 13)."""
        if valid_until is None and row.valid_until is not None and row.valid_until >= self._reviewing.today(uow):
            valid_until = row.valid_until
        await self._under_name(uow, signed, row, _CONFIRM, valid_until)
        told = await self._reviewing.tell(uow, row, NoticeKind.CERTIFICATE_CONFIRMED)
        return Decided(row.number, State.APPROVED, told)

    async def _under_name(
        self, uow: UnitOfWork, signed: Signed, row: AnyRow, verdict: Verdict, valid_until: date | None
    ) -> None:
        """An approval is of the name that the account has now, which the admin saw beside the image."""
        doctor = await account_store.get(uow.conn, row.account_id)
        values = {"name": doctor.name if doctor is not None else None, "valid_until": valid_until}
        await self._reviewing.decide(uow, signed, row, verdict, valid_until=valid_until, values=values)

    async def _refuse(self, uow: UnitOfWork, signed: Signed, row: AnyRow, refusal: Refusal) -> Decided:
        left = await self._reviewing.attempts.tries_left(uow, row.account_id) - 1
        outcome = Outcome.REJECTED if refusal.final else Outcome.NEEDS_RESUBMIT
        after = State.LOCKED if left <= 0 else State(outcome.value)
        verdict = Verdict(after, Action.REFUSE_CERTIFICATE, outcome)
        decision = await self._reviewing.decide(uow, signed, row, verdict, refusal=refusal)
        again = NoticeKind.CERTIFICATE_REJECTED_AGAIN if row.appeal else NoticeKind.CERTIFICATE_REJECTED
        kind = {
            State.LOCKED: NoticeKind.CERTIFICATE_LOCKED,
            State.REJECTED: again,
            State.NEEDS_RESUBMIT: NoticeKind.CERTIFICATE_REFUSED,
        }[after]
        about: dict[str, str | int] = {"decision": decision, "reasons": codes(refusal), "left": max(left, 0)}
        told = await self._reviewing.tell(uow, row, kind, **about)
        return Decided(row.number, after, told)

    async def _propose(
        self, uow: UnitOfWork, signed: Signed, row: AnyRow, refusal: Refusal | None, valid_until: date | None
    ) -> Decided:
        await self._reviewing.decide(uow, signed, row, _PROPOSE, refusal=refusal, valid_until=valid_until)
        return Decided(row.number, State.SECOND_REVIEW)


def _check_claim(signed: Signed, row: AnyRow) -> None:
    if row.state == State.PENDING:
        raise Conflict("review.not_seen")
    if row.state != State.IN_REVIEW or row.claimed_by != signed.account_id:
        raise conflict(row)
