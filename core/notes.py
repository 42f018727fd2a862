"""What admins write for colleagues beside an act: sealed and erasable; the audit has its HMAC (REVIEW.md Audit)."""

from collections.abc import Collection
from typing import ClassVar

from core.profile_values import FreeText
from core.sealing import Sealer
from core.unit import UnitOfWork
from storage import notes as store


class Note(FreeText):
    """The text of a note, of 1-300 characters: eight of them fit a message (DIALOGS rule 22)."""

    FIELD: ClassVar[str] = "note"
    MAX: ClassVar[int] = 300
    LINES: ClassVar[bool] = True


class Notes:
    """Keeps notes by the number of their audit entry."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def keep(self, uow: UnitOfWork, entry: int, note: Note) -> None:
        """Writes the note of an audit entry."""
        await store.add(uow.conn, entry, self._sealer.seal(note.value.encode(), note_context(entry)))

    async def of(self, uow: UnitOfWork, entries: Collection[int]) -> dict[int, str]:
        """The notes of these entries, by entry; most have none. Raises SealBroken."""
        rows = await store.get(uow.conn, entries)
        return {row.audit_id: self._sealer.open(row.note, note_context(row.audit_id)).decode() for row in rows}


def note_context(entry: int) -> bytes:
    """Where the note of an audit entry lies."""
    return f"notes {entry}".encode()
