"""Which update a row came of: for the log, which follows an update to all that it brings about (core/logs.py)."""

from contextvars import ContextVar
from typing import Final

PRESENT: Final[ContextVar[int | None]] = ContextVar("update", default=None)
"""The update that is being handled; None: it is no update's doing."""


def present() -> int | None:
    """Its id, as a column's default: whoever adds a row need not know."""
    return PRESENT.get()
