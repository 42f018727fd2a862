"""What admins see: the queue, an attempt with all that helps to decide on it, its history (REVIEW.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from core.account import Account, parse_number
from core.accounts import Accounts
from core.attempts import Attempts, Decision, Outcome, admin_number
from core.audit import Action, Audit
from core.certificates import stored_photo
from core.errors import AccountError
from core.flags import Flagging, Flags
from core.permissions import Permission, require
from core.photos import StoredPhoto
from core.profiles import Profile, Profiles
from core.review_states import State
from core.reviews import Reviews
from core.sessions import Signed
from core.unit import UnitOfWork
from core.values import Role
from storage import accounts as account_store
from storage import reviews as store
from storage import submissions as submission_store
from storage.tables.base import AnyRow

PAGE: Final = 8  # DIALOGS rule 23


class Act(StrEnum):
    """What an admin can do with an attempt now. Core asks again when they do it."""

    APPROVE = "approve"
    REFUSE = "refuse"
    RELEASE = "release"
    AGREE = "agree"
    SEND_BACK = "send_back"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    REVOKE = "revoke"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the queue. `claimed_by` is the admin who has it open, until `claimed_until`."""

    number: str
    state: State
    appeal: bool
    doctor: str
    since: datetime
    claimed_by: str | None
    claimed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue, oldest first; `after` leads to the next one, None when there is none."""

    lines: list[Waiting]
    after: tuple[datetime, int] | None


@dataclass(frozen=True, slots=True)
class Record:
    """One attempt in a history, with every decision on it, oldest first. `claimed_by` has it open."""

    number: str
    version: int
    state: State
    appeal: bool
    sent_at: datetime
    valid_until: date | None
    decisions: list[Decision]
    claimed_by: str | None
    acts: frozenset[Act]

    @property
    def last(self) -> Decision | None:
        """The newest decision."""
        return self.decisions[-1] if self.decisions else None


@dataclass(frozen=True, slots=True)
class Dossier:
    """An attempt that is open before an admin.

    Args:
        id: of its row, for those who note that it is shown.
        photos: in the order they were sent; empty when their time is over.
        earlier: the account's other attempts, newest first.
        appeal_message: what the doctor wrote against the earlier decision.
        proposal: what another admin has proposed, with four eyes.
    """

    id: int
    number: str
    version: int
    state: State
    doctor: Account
    profile: Profile
    photos: list[StoredPhoto]
    flags: Flags
    decisions: list[Decision]
    earlier: list[Record]
    appeal_message: str | None
    proposal: Decision | None
    sent_at: datetime
    claimed_until: datetime | None
    valid_until: date | None
    acts: frozenset[Act]


class Dossiers:
    """Reads for admins. Every look at an image is an entry in the audit (REVIEW.md Audit)."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        profiles: Profiles,
        attempts: Attempts,
        reviews: Reviews,
        flagging: Flagging,
        audit: Audit,
    ) -> None:
        self._accounts = accounts
        self._profiles = profiles
        self._attempts = attempts
        self._reviews = reviews
        self._flagging = flagging
        self._audit = audit

    async def queue(self, uow: UnitOfWork, signed: Signed, after: tuple[datetime, int] | None = None) -> Queue:
        """What waits, the longest first. Raises Forbidden."""
        require(signed, Permission.REVIEW)
        rows = await store.queue(uow.conn, after=after, most=PAGE + 1)
        shown = rows[:PAGE]
        more = (shown[-1].queued_at, shown[-1].id) if len(rows) > PAGE else None
        return Queue([_waiting(uow, row) for row in shown], more)

    async def open(self, uow: UnitOfWork, signed: Signed, number: str) -> Dossier:
        """Claims an attempt, where it is to be claimed, and looks at it: Reviews.claim says what that raises."""
        row = await self._reviews.claim(uow, signed, number)
        files = await submission_store.files_of(uow.conn, row.id)
        await self._audit.append(
            uow,
            Action.SEE_CERTIFICATE,
            actor=signed.pseudonym,
            subject=row.number,
            file_hashes=[file.sha256 for file in files],
            version=row.version,
        )
        doctor = await account_store.get(uow.conn, row.account_id)
        assert doctor is not None  # a foreign key
        records = await self._records(uow, signed, row.account_id)
        own = next(record for record in records if record.number == row.number)
        proposals = [each for each in own.decisions if each.outcome is Outcome.PROPOSED]
        proposal = proposals[-1] if row.state == State.SECOND_REVIEW else None
        return Dossier(
            id=row.id,
            number=row.number,
            version=row.version,
            state=State(row.state),
            doctor=self._accounts.of_row(uow, doctor),
            profile=await self._profiles.of_doctor(uow, doctor.id),
            photos=[stored_photo(file) for file in files if file.path is not None],
            flags=await self._flagging.of(uow, row, doctor, files),
            decisions=own.decisions,
            earlier=[record for record in records if record.number != row.number],
            appeal_message=self._attempts.opened(row.appeal_message),
            proposal=proposal,
            sent_at=row.created_at,
            claimed_until=row.claimed_until,
            valid_until=row.valid_until,
            acts=_acts(signed, row, proposal),
        )

    async def history(self, uow: UnitOfWork, signed: Signed, number: str) -> list[Record]:
        """The attempts of the account that an attempt (`C-…`) is of, or of that account (`D7`), newest first.

        Without images, so nothing is looked at. Raises Forbidden, NotFound, AccountError (`account.not_a_doctor`).
        """
        require(signed, Permission.REVIEW)
        if is_account(number):
            account = await self._accounts.find(uow, number)
            if account.role is not Role.DOCTOR:
                raise AccountError("account.not_a_doctor", field="account")
            return await self._records(uow, signed, account.id)
        row = await self._attempts.find(uow, number)
        records = await self._records(uow, signed, row.account_id)
        return sorted(records, key=lambda record: record.number != row.number)

    async def record(self, uow: UnitOfWork, signed: Signed, number: str) -> Record:
        """One attempt with every decision on it, by its own number. Raises Forbidden, InvalidInput, NotFound."""
        require(signed, Permission.REVIEW)
        row = await self._attempts.find(uow, number)
        decisions = await self._attempts.decisions(uow, [row.id])
        return _record(signed, row, decisions[row.id])

    async def card(self, uow: UnitOfWork, submission_id: int) -> tuple[Record, str]:
        """An attempt as the message that shows it is to say now, and its doctor's name, empty when they are erased.

        For that message alone: who reads it was asked for their right when it was sent.
        """
        row = await submission_store.by_id(uow.conn, submission_id)
        decisions = await self._attempts.decisions(uow, [row.id])
        doctor = await account_store.get(uow.conn, row.account_id)
        return _record(None, row, decisions[row.id]), doctor.name if doctor is not None else ""

    async def _records(self, uow: UnitOfWork, signed: Signed, account_id: int) -> list[Record]:
        rows = await submission_store.of_account(uow.conn, account_id)
        decisions = await self._attempts.decisions(uow, [row.id for row in rows])
        return [_record(signed, row, decisions[row.id]) for row in rows]


def is_account(number: str) -> bool:
    """Whether that is an account's number, like `D7`, and not a submission's."""
    try:
        parse_number(number)
    except AccountError:
        return False
    return True


def _waiting(uow: UnitOfWork, row: AnyRow) -> Waiting:
    claimed = row.claimed_by is not None and row.claimed_until > uow.now
    return Waiting(
        number=row.number,
        state=State(row.state) if claimed or row.state != State.IN_REVIEW else State.PENDING,
        appeal=row.appeal,
        doctor=row.doctor_name,
        since=row.queued_at,
        claimed_by=admin_number(row.claimed_by) if claimed else None,
        claimed_until=row.claimed_until if claimed else None,
    )


def _record(signed: Signed | None, row: AnyRow, decisions: Sequence[Decision]) -> Record:
    return Record(
        number=row.number,
        version=row.version,
        state=State(row.state),
        appeal=row.appeal,
        sent_at=row.created_at,
        valid_until=row.valid_until,
        decisions=list(decisions),
        claimed_by=admin_number(row.claimed_by) if row.claimed_by is not None else None,
        acts=_acts(signed, row, None) if signed is not None and State(row.state) in _LATER else frozenset(),
    )


_LATER: Final = {
    State.APPROVED: {Act.REVOKE},
    State.REVOKED: {Act.REOPEN, Act.UNDO},
    State.REJECTED: {Act.REOPEN},
    State.LOCKED: {Act.REOPEN},
}


def _acts(signed: Signed, row: AnyRow, proposal: Decision | None) -> frozenset[Act]:
    """What there is to do for this admin about an attempt in its state."""
    if row.state == State.IN_REVIEW:
        return frozenset({Act.APPROVE, Act.REFUSE, Act.RELEASE})
    if row.state == State.REVALIDATE:
        return frozenset({Act.CONFIRM})
    if proposal is not None and proposal.admin_id != signed.account_id:
        return frozenset({Act.AGREE, Act.SEND_BACK})
    acts = _LATER.get(State(row.state), set())
    return frozenset(acts - {Act.UNDO} if row.decided_by == signed.account_id else acts)
