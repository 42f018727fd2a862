"""Where a doctor stands by what they sent, and what they can do about it now (REVIEW.md, its table of states)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from core.attempts import UNTOLD, Decision
from core.errors import Conflict
from core.reasons import Reason
from core.review_states import CLOSED, REPLACED, VALID, WAITING, State
from core.unit import UnitOfWork
from storage.tables.base import AnyRow

_MOST_A_DAY: Final = 10
_DAY: Final = timedelta(days=1)
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


def latest_of(attempts: Sequence[AnyRow]) -> AnyRow | None:
    """The attempt that counts; `attempts` are newest first."""
    return next((row for row in attempts if State(row.state) not in REPLACED), None)


def check_may_send(uow: UnitOfWork, attempts: Sequence[AnyRow]) -> AnyRow | None:
    """The attempt that counts, if it lets another be sent; `attempts` are newest first. Raises Conflict."""
    latest = latest_of(attempts)
    if latest is not None and (obstacle := _OBSTACLES.get(State(latest.state))):
        raise Conflict(obstacle)
    if sum(row.created_at > uow.now - _DAY for row in attempts) >= _MOST_A_DAY:
        raise Conflict("certificate.too_many_today", max=_MOST_A_DAY)
    return latest


def ways_of(uow: UnitOfWork, latest: AnyRow | None, obstacle: str | None) -> frozenset[Way]:
    """What can be done about the attempt that counts; `obstacle` is why nothing can be sent."""
    ways = set()
    if latest is not None and latest.state == State.PENDING:
        ways |= {Way.REPLACE} if obstacle is None else set()
        ways |= set() if latest.appeal else {Way.WITHDRAW}
    elif obstacle is None:
        ways.add(Way.SEND)
    if latest is not None and latest.state == State.REJECTED and not latest.appeal:
        ways |= {Way.APPEAL} if uow.now <= decided_at(latest) + APPEAL_WITHIN else set()
    return frozenset(ways)


def attempt_of(row: AnyRow, decisions: Sequence[Decision]) -> Attempt:
    """An attempt and the decisions on it, oldest first, as its doctor sees them."""
    told = next((each for each in reversed(decisions) if each.outcome not in UNTOLD), None)
    state = State(row.state)
    waits = state in WAITING
    until = None
    if state is State.NEEDS_RESUBMIT:
        until = row.updated_at + RESUBMIT_WITHIN
    elif state is State.REVALIDATE:
        until = row.updated_at + REVALIDATE_WITHIN
    elif state is State.REJECTED and not row.appeal:
        until = decided_at(row) + APPEAL_WITHIN
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


def decided_at(row: AnyRow) -> datetime:
    """When an attempt was decided; before decisions were kept, when it came to its state."""
    at: datetime = row.decided_at or row.updated_at
    return at


def shown_of(attempts: Sequence[AnyRow]) -> AnyRow | None:
    """The newest attempt, unless it was withdrawn or its photos are gone (CONTRACT.md 1 certificate)."""
    newest = attempts[0] if attempts else None
    return None if newest is None or newest.state == State.WITHDRAWN or newest.path is None else newest


def standing_of(states: Iterable[State]) -> Standing | None:
    """What all attempts come to, newest first: closed ones say nothing, a valid approval outweighs the others."""
    telling = [state for state in states if state not in CLOSED]
    if any(state in VALID for state in telling):
        return Standing.APPROVED
    if not telling:
        return None
    return Standing.WAITING if telling[0] in WAITING else Standing.REFUSED
