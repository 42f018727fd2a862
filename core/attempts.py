"""An attempt: found by its number, moved from state to state, decided on. The one place where a state is written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from core import crockford, exhibits
from core.account import parse_number
from core.audit import Action, Audit
from core.errors import AccountError, Conflict, NotFound
from core.notes import Note, Notes
from core.reasons import Message, Reason
from core.review_states import MOVES, QUEUED, VALID, WAITING, State
from core.sealing import Sealer
from core.sessions import Signed
from core.unit import UnitOfWork
from core.values import DASHES, plain
from storage import decisions as decision_store
from storage import submissions as store
from storage.tables.base import AnyRow

TRIES: Final = 5
TRIES_WINDOW: Final = timedelta(days=30)
KEEP_REFUSED: Final = timedelta(days=30)
KEEP_APPROVED: Final = timedelta(days=180)
PREFIX: Final = "C-"
WORDS_CONTEXT: Final = b"review"
"""Where all lies that reviewers and doctors write to each other."""


class Outcome(StrEnum):
    """What was decided."""

    APPROVED = "approved"
    NEEDS_RESUBMIT = "needs_resubmit"
    REJECTED = "rejected"
    PROPOSED = "proposed"
    SENT_BACK = "sent_back"
    CONFIRMED = "confirmed"
    REVOKED = "revoked"
    UNDONE = "undone"
    REOPENED = "reopened"
    UNLOCKED = "unlocked"


UNTOLD: Final = frozenset({Outcome.PROPOSED, Outcome.SENT_BACK})
"""What is between admins, and no decision for the doctor."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision to be made: the state it leads to, how it is audited, what it is called."""

    after: State
    action: Action
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `admin` is who made it, as colleagues read it (`A3`); None: the program itself.

    A proposal without reasons is one to approve. `message` was to the doctor, `note` is for colleagues.
    """

    id: int
    at: datetime
    admin_id: int | None
    outcome: Outcome
    reasons: tuple[Reason, ...]
    message: str | None
    note: str | None
    valid_until: date | None

    @property
    def admin(self) -> str | None:
        """The number of the admin who decided."""
        return None if self.admin_id is None else admin_number(self.admin_id)


def admin_number(account_id: int) -> str:
    """What colleagues call an admin."""
    return f"A{account_id}"


def parse_submission(text: str) -> str:
    """The number of a submission, `C-7K2M9Q`: any case or width, the hyphen or none, O for 0, I and L for 1.

    Raises NotFound: `submission.is_account` for an account's number, `submission.wrong_number` for anything else.
    """
    bare = plain(text).upper()
    found = crockford.parse_number(re.sub(f"\\A[{DASHES}]", "", bare[1:].lstrip())) if bare.startswith("C") else None
    if found:
        return PREFIX + found
    try:
        parse_number(text)
    except AccountError:
        raise NotFound("submission.wrong_number", field="submission") from None
    raise NotFound("submission.is_account", field="submission")


def is_submission(text: str) -> bool:
    """Whether that is a submission's number; one that is no account's either is taken for an account's."""
    try:
        parse_submission(text)
    except NotFound:
        return False
    return True


class Attempts:
    """Finds, moves and decides."""

    def __init__(self, audit: Audit, notes: Notes, sealer: Sealer) -> None:
        """`sealer` seals what reviewers and doctors write to each other."""
        self._audit = audit
        self._notes = notes
        self._sealer = sealer

    async def find(self, uow: UnitOfWork, number: str) -> AnyRow:
        """The attempt that people call so. Raises NotFound."""
        row = await store.get(uow.conn, parse_submission(number))
        if row is None:
            raise NotFound("submission.unknown", field="submission")
        return row

    async def move(
        self,
        uow: UnitOfWork,
        attempt: AnyRow,
        after: State,
        action: Action,
        *,
        by: Signed | None = None,
        reasons: Sequence[str] = (),
        note: Note | None = None,
        values: Mapping[str, Any] = MappingProxyType({}),
    ) -> int:
        """Changes the state as of the version that was read, with all that follows from it; the entry in the audit.

        `by` None: the program itself; `values` are other columns. Raises Conflict `certificate.changed` when somebody
        was quicker, and RuntimeError for a change that REVIEW.md does not have: guards come before.
        """
        before = State(attempt.state)
        if (before, after) not in MOVES:
            raise RuntimeError(f"No attempt goes from {before} to {after}.")
        columns = _following(before, after, uow.now) | dict(values)
        if not await store.change_state(
            uow.conn, attempt.id, uow.now, version=attempt.version, state=after.value, **columns
        ):
            raise Conflict("certificate.changed")
        entry = await self._audit.append(
            uow,
            action,
            actor=by.pseudonym if by else None,
            subject=attempt.number,
            from_state=before,
            to_state=after,
            reasons=reasons,
            version=attempt.version + 1,
            note=note.value if note else None,
        )
        if note is not None:
            await self._notes.keep(uow, entry, note)
        await exhibits.changed(uow, attempt.id, after)
        return entry

    async def decide(
        self,
        uow: UnitOfWork,
        attempt: AnyRow,
        verdict: "Verdict",
        *,
        by: Signed | None,
        reasons: Sequence[Reason] = (),
        message: Message | None = None,
        note: Note | None = None,
        valid_until: date | None = None,
        values: Mapping[str, Any] = MappingProxyType({}),
    ) -> int:
        """Moves, and writes the decision down; its id. Errors as in `move`."""
        who = by.account_id if by else None
        if verdict.outcome not in UNTOLD:
            values = {**values, "decided_by": who, "decided_at": uow.now}
        codes = [reason.value for reason in reasons]
        entry = await self.move(
            uow, attempt, verdict.after, verdict.action, by=by, reasons=codes, note=note, values=values
        )
        return await decision_store.add(
            uow.conn,
            submission_id=attempt.id,
            at=uow.now,
            admin_id=who,
            outcome=verdict.outcome.value,
            reasons=",".join(codes) or None,
            message=self.seal(message) if message else None,
            valid_until=valid_until,
            audit_id=entry,
        )

    async def decisions(self, uow: UnitOfWork, submission_ids: Sequence[int]) -> dict[int, list[Decision]]:
        """What was decided on these attempts, by attempt, oldest first, with the notes for colleagues."""
        rows = await decision_store.of(uow.conn, submission_ids)
        notes = await self._notes.of(uow, [row.audit_id for row in rows])
        found: dict[int, list[Decision]] = {each: [] for each in submission_ids}
        for row in rows:
            found[row.submission_id].append(self._decision(row, notes.get(row.audit_id)))
        return found

    async def messages(self, uow: UnitOfWork, decisions: Sequence[int]) -> dict[int, str]:
        """What reviewers wrote to doctors, by decision; most wrote nothing."""
        rows = await decision_store.get(uow.conn, decisions) if decisions else ()
        opened = {row.id: self.opened(row.message) for row in rows}
        return {decision: message for decision, message in opened.items() if message is not None}

    async def tries_left(self, uow: UnitOfWork, account_id: int) -> int:
        """How many refusals an account has left of its 5 in 30 days; an admin who unlocks gives all back."""
        spent = await decision_store.refusals(uow.conn, account_id, since=uow.now - TRIES_WINDOW)
        return max(0, TRIES - spent)

    def seal(self, message: Message) -> bytes:
        """What was written, as it lies in the database."""
        return self._sealer.seal(message.value.encode(), WORDS_CONTEXT)

    def opened(self, sealed: bytes | None) -> str | None:
        """What was sealed; None for nothing. Raises SealBroken."""
        return None if sealed is None else self._sealer.open(sealed, WORDS_CONTEXT).decode()

    def _decision(self, row: AnyRow, note: str | None) -> Decision:
        reasons = tuple(Reason(code) for code in (row.reasons or "").split(",") if code)
        message = self.opened(row.message)
        return Decision(row.id, row.at, row.admin_id, Outcome(row.outcome), reasons, message, note, row.valid_until)


def _following(before: State, after: State, now: datetime) -> dict[str, Any]:
    """The columns that follow from a change of state."""
    values: dict[str, Any] = {"claimed_by": None, "claimed_until": None, "doctor_reminded": 0}
    if after not in QUEUED:
        values |= {"queued_at": None, "admins_reminded": 0}
    elif before not in WAITING:
        values |= {"queued_at": now, "admins_reminded": 0}
    if after in WAITING | VALID:
        values["keep_until"] = None
    elif before in VALID:
        values["keep_until"] = now + KEEP_APPROVED
    elif before in WAITING:
        values["keep_until"] = now + KEEP_REFUSED
    return values  # else it was refused, and its photos' time runs on
