"""Why a certificate was refused, in words: for admins a label, for its doctor what is wrong and how to mend it."""

from collections.abc import Iterable

from bot.dialog.view import Text
from core.reasons import Reason


def label(reason: Reason) -> Text:
    """What a reason is called among admins, short enough for a button."""
    return Text(f"reason.{reason}")


def mending(reason: Reason) -> Text:
    """What is wrong and how it is mended, as its doctor reads it (REVIEW.md Reasons)."""
    return Text(f"mend.{reason}")


def mending_lines(reasons: Iterable[Reason]) -> Text | str:
    """All of them, a line each; nothing for none."""
    lines: Text | str = ""
    for reason in reversed(tuple(reasons)):
        each = Text.of("mend.line", text=mending(reason))
        lines = Text.of("lines", first=each, rest=lines) if lines else each
    return lines
