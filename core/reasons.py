"""Why a certificate is refused: reasons by code, a text for the doctor, a note for colleagues (REVIEW.md Reasons)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Self

from core.errors import InvalidValue
from core.notes import Note
from core.profile_values import FreeText
from core.values import plain

NOTE_MIN: Final = 5
_NOTE: Final = re.compile(r"(?:\A|\s)[/／]{2}")  # not the slashes of an address


class Reason(StrEnum):
    """A reason, in the order in which admins are offered them. The faces hold two texts for each."""

    BLURRED = "BLR"
    GLARE = "GLR"
    CUT = "CUT"
    PAGES = "PGE"
    SCREENSHOT = "SCR"
    BLACK_AND_WHITE = "BW"
    COVERED = "COV"
    TYPE = "TYP"
    NAME = "NAM"
    ORGANISATION = "ORG"
    EXPIRED = "EXP"
    NUMBER = "NUM"
    MORE = "MOR"
    NOT_FOUND = "NOT"
    DUPLICATE = "DUP"
    FAKE = "FAK"
    OTHER = "OTH"
    OTHER_FINAL = "OTF"

    @property
    def final(self) -> bool:
        """Whether there is nothing to mend by sending again."""
        return self in _FINAL


_FINAL: Final = frozenset({Reason.NOT_FOUND, Reason.DUPLICATE, Reason.FAKE, Reason.OTHER_FINAL})
_WITH_TEXT: Final = frozenset({Reason.MORE, Reason.OTHER, Reason.OTHER_FINAL})
_WITHOUT_TEXT: Final = frozenset({Reason.FAKE})


class Message(FreeText):
    """What a reviewer writes to the doctor, or a doctor who appeals to the reviewer: 1-300 characters."""

    FIELD: ClassVar[str] = "message"
    MAX: ClassVar[int] = 300
    LINES: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal that can be made: at least one reason, the texts that its reasons need.

    `message` goes to the doctor, `note` to colleagues alone.
    """

    reasons: tuple[Reason, ...]
    message: Message | None = None
    note: Note | None = None

    def __post_init__(self) -> None:
        """Raises InvalidValue: `reasons.empty`, `message.needed`, `message.not_allowed`, `note.needed`."""
        if not self.reasons:
            raise InvalidValue("reasons.empty", field="reasons")
        if self.message is None and needs_message(self.reasons):
            raise InvalidValue("message.needed", field="message")
        if self.message is not None and not _WITHOUT_TEXT.isdisjoint(self.reasons):
            raise InvalidValue("message.not_allowed", field="message")
        if self.final:
            check_note(self.note)

    @property
    def final(self) -> bool:
        """Any final reason makes the refusal final."""
        return is_final(self.reasons)

    @classmethod
    def parse(cls, codes: str, rest: str = "") -> Self:
        """As an admin types it: `BLR,CUT`, then `text for the doctor // note`. Raises InvalidValue."""
        message, note = split_note(rest)
        return cls(parse_codes(codes), message, note)


def needs_message(reasons: Iterable[Reason]) -> bool:
    """Whether a refusal for these reasons says nothing without words of the reviewer's own."""
    return not _WITH_TEXT.isdisjoint(reasons)


def allows_message(reasons: Iterable[Reason]) -> bool:
    """Whether the doctor may be told more than the reasons; never what gave a forgery away."""
    return _WITHOUT_TEXT.isdisjoint(reasons)


def is_final(reasons: Iterable[Reason]) -> bool:
    """Whether a refusal for these reasons is final (REVIEW.md 6)."""
    return not _FINAL.isdisjoint(reasons)


def check_note(note: Note | None) -> Note:
    """The note of what cannot be mended; InvalidValue `note.needed` below 5 characters (REVIEW.md 6 and 14)."""
    if note is None or len(note.value) < NOTE_MIN:
        raise InvalidValue("note.needed", field="note", min=NOTE_MIN)
    return note


def parse_codes(text: str) -> tuple[Reason, ...]:
    """Reasons by their codes, any case or width, with commas between; each once, in their own order.

    Raises InvalidValue `reasons.empty`, `reasons.unknown` (`given`).
    """
    codes = [code for code in re.split(r"[,、;\s]+", plain(text).upper()) if code]
    for code in codes:
        if code not in set(Reason):
            raise InvalidValue("reasons.unknown", field="reasons", given=code[:20])
    if not codes:
        raise InvalidValue("reasons.empty", field="reasons")
    return tuple(reason for reason in Reason if reason in codes)


def split_note(text: str) -> tuple[Message | None, Note | None]:
    """`text // note`, each of which may be missing. Raises InvalidValue."""
    message, *note = _NOTE.split(text, maxsplit=1)
    return Message.parse(message) if message.strip() else None, Note.parse(*note) if "".join(note).strip() else None
