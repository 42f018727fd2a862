"""The states of an attempt and every way from one to another (REVIEW.md)."""

from enum import StrEnum
from typing import Final


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


VALID: Final = frozenset({State.APPROVED, State.REVALIDATE})
WAITING: Final = frozenset({State.PENDING, State.IN_REVIEW, State.SECOND_REVIEW})
REFUSED: Final = frozenset({State.NEEDS_RESUBMIT, State.REJECTED, State.LOCKED, State.REVOKED})
REPLACED: Final = frozenset({State.WITHDRAWN, State.SUPERSEDED})
CLOSED: Final = REPLACED | {State.EXPIRED}
QUEUED: Final = WAITING | {State.REVALIDATE}
"""What admins have to look at."""

_P, _I, _S = State.PENDING, State.IN_REVIEW, State.SECOND_REVIEW
MOVES: Final = frozenset(
    {
        (_P, _I),  # REVIEW.md 2
        (_I, _P),  # 3
        (_I, State.APPROVED),  # 4
        (_I, State.NEEDS_RESUBMIT),  # 5
        (_I, State.REJECTED),  # 6
        (_I, _S),  # 7: with four eyes
        (_S, State.APPROVED),
        (_S, State.REJECTED),
        (_S, _P),
        (_P, State.WITHDRAWN),  # 8, and 1: replaced by another
        (_I, State.WITHDRAWN),  # an account that is erased closes what is open (SECURITY.md Privacy)
        (_S, State.WITHDRAWN),
        (_I, State.LOCKED),  # 9
        (_S, State.LOCKED),
        (State.LOCKED, State.NEEDS_RESUBMIT),  # 10
        (State.REJECTED, State.NEEDS_RESUBMIT),
        (State.REVOKED, State.NEEDS_RESUBMIT),
        (State.REJECTED, _P),  # 11
        (State.NEEDS_RESUBMIT, State.EXPIRED),  # 12
        (State.APPROVED, State.REVALIDATE),  # 13
        (State.REVALIDATE, State.APPROVED),
        (State.REVALIDATE, State.EXPIRED),
        (State.APPROVED, State.REVOKED),  # 14
        (State.REVOKED, State.APPROVED),
        (State.APPROVED, State.SUPERSEDED),  # 4: by a newer approval
        (State.REVALIDATE, State.SUPERSEDED),
    }
)
"""Every change of state there is; an attempt begins as pending (1)."""
