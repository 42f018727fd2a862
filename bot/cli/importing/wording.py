"""Why a row was refused, in English for an operator.

A reason never shows what a cell holds: hashes, histories and phones stay out of reports, and so does what a spreadsheet
would run as a formula.
"""

import re
from collections.abc import Mapping
from typing import Final

from core.errors import CoreError

# By the whole code, else by its fault, the part behind the full stop.
_REASONS: Final[Mapping[str, str]] = {
    "empty": "is needed",
    "too_short": "is too short, at least {min}",
    "too_long": "is too long, at most {max}",
    "too_low": "is too low, at least {min}",
    "too_high": "is too high, at most {max}",
    "wrong_characters": "has characters that it cannot have",
    "wrong_format": "is not written as it should be",
    "no_such_day": "is no day of the calendar",
    "ambiguous": "can be read as two different days, write it 1990-01-31",
    "in_future": "is still to come",
    "too_old": "is more than {max} years ago",
    "taken": "belongs to another account",
    "unknown": "is not among those that are here",
    "role.not_imported": "{role} accounts are not imported",
    "field.not_of_role": "is no field of a {role}",
    "account.no_login": "a phone or an email is needed, else nobody could log in",
    "password_hash.wrong_format": "is no bcrypt hash ($2a$, $2b$ or $2y$, cost 4 to 16, 60 characters)",
    "source_id.another": "came in before as another account: a file of another service needs a --source of its own",
    "medical_history.needs_consent": "is taken only with --health-consent-recorded",
    "id.twice": "is there twice in this file, first on line {line}",
    "column.unknown": "is no known column",
    "column.twice": "and {other} say the same, only one may be filled in",
    "row.cells": "has {given} cells, the header {expected}",
    "row.not_json": "is no JSON",
    "row.no_object": "is no JSON object",
    "row.no_text": "must be a text or a whole number",
}


def reason(error: CoreError) -> str:
    """The column, if there is one, and what is wrong with it."""
    words = _REASONS.get(error.code) or _REASONS[error.code.rpartition(".")[2]]
    params = {name: named(value) if isinstance(value, str) else value for name, value in error.params.items()}
    subject = f"{named(error.field)}: " if error.field else ""
    return subject + words.format_map(params)


def named(name: str) -> str:
    """A column's name as a file spells it, if it looks like one: files hold anything."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,39}", name) else "(unreadable name)"
