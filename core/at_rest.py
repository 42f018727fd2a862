"""What lies sealed in the database: under which keys, for which purpose, and as what it opens (SECURITY.md At rest).

A new sealed column has its line here, or in bot/sealed.py what is only the bot's: else it could not follow a change
of keys. A test asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.attempts import WORDS_CONTEXT
from core.notes import note_context
from core.profiles import history_context
from core.second_factors import second_factor_context
from storage import sealed
from storage.sealed import Place
from storage.tables.base import AnyRow


@dataclass(frozen=True, slots=True)
class AtRest:
    """A column of sealed values.

    Args:
        keys: the ring's name.
        purpose: what of the ring's uses it is (core/sealing.py).
        what: the values, as an operator calls them.
        context: where the value of a row (storage.sealed.not_under) lies.
    """

    place: Place
    keys: str
    purpose: str
    what: str
    context: Callable[[AnyRow], bytes]


MEDICAL_HISTORIES: Final = AtRest(
    sealed.MEDICAL_HISTORY,
    "health",
    "medical history",
    "medical histories",
    lambda row: history_context(row.key),
)
NOTES: Final = AtRest(sealed.NOTE, "health", "notes", "notes for colleagues", lambda row: note_context(row.key))
APPEALS: Final = AtRest(sealed.APPEAL, "health", "reviews", "appeals", lambda _row: WORDS_CONTEXT)
DECISIONS: Final = AtRest(sealed.DECISION, "health", "reviews", "messages to doctors", lambda _row: WORDS_CONTEXT)
SECOND_FACTORS: Final = AtRest(
    sealed.SECOND_FACTOR, "pepper", "second factor", "second factors", lambda row: second_factor_context(row.key)
)
INBOX_PURPOSE: Final = "inbox"
"""Of all that the bot seals until it is done (bot/sealed.py)."""
OF_CORE: Final = (MEDICAL_HISTORIES, NOTES, APPEALS, DECISIONS, SECOND_FACTORS)
