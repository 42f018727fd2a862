"""Between a chat's row and the person the desk knows: opens and seals what lies at rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot.adapter import Arrival
from bot.dialog.draft import Draft
from bot.person import GUEST, Person, Reply
from bot.published import list_name
from bot.screen import Call
from bot.sealed import draft_context, open_json, pending_context, seal_json
from bot.texts import language_of
from core.sealing import SealBroken, Sealer
from core.sessions import Signed
from storage.chats import ChatRow

log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChatCodec:
    """Reads and makes chat rows.

    Args:
        sealer: seals drafts and unshown answers.
        draft_life: how long an untouched draft lives (DIALOGS rule 18).
    """

    sealer: Sealer
    draft_life: timedelta

    def person(self, row: ChatRow | None, arrival: Arrival, signed: Signed | None, now: datetime) -> Person:
        """The person at this moment; who was never seen starts in their client's language."""
        if row is None:
            language = language_of(arrival.language_code)
            # The lists that are published for everybody are a guest's.
            return Person(arrival.chat_id, language, signed=signed, listed=list_name(GUEST, language))
        alive = row.expires_at is not None and now < row.expires_at
        draft = self._draft(row) if alive else None
        return Person(
            id=row.person_id,
            language=language_of(row.language or arrival.language_code),
            revision=row.revision,
            message_id=row.message_id,
            draft=draft,
            draft_of=row.draft_of,
            dead_flow=row.flow if draft is None else None,
            signed=signed,
            answered_at=row.updated_at,
            keyboard=row.keyboard,
            listed=row.listed,
            secret_until=row.secret_until,
        )

    def row(
        self, person: Person, reply: Reply, calls: Sequence[Call], now: datetime, secret_until: datetime | None
    ) -> ChatRow:
        """The chat's row after this reply, one revision on, with the calls that are still to be made."""
        draft = reply.draft
        language = reply.language or person.language
        context = draft_context(person.id)
        return ChatRow(
            person_id=person.id,
            language=language,
            revision=person.revision + 1,
            flow=draft.flow if draft else None,
            draft_of=person.account_id if draft and not reply.signed_out else None,
            draft=seal_json(self.sealer, draft.to_json(), context) if draft else None,
            expires_at=draft.touched_at + self.draft_life if draft else None,
            message_id=person.message_id,
            keyboard=bool(reply.screens[-1].keyboard) if reply.screens else person.keyboard,
            listed=person.listed,
            secret_until=secret_until,
            pending=seal_json(self.sealer, calls, pending_context(person.id)) if calls else None,
            blocked_at=None,
            updated_at=now,
        )

    def pending(self, row: ChatRow) -> list[Call]:
        """The calls that a committed answer still needs; none when they cannot be read any more."""
        calls: list[Call] = self._opened(row.pending, pending_context(row.person_id)) or []
        return calls

    def _draft(self, row: ChatRow) -> Draft | None:
        kept = self._opened(row.draft, draft_context(row.person_id))
        try:
            return Draft.from_json(kept) if kept else None
        except (TypeError, KeyError, ValueError):
            log.exception("a draft of another make cannot be read; it is dropped")
            return None

    def _opened(self, sealed: bytes | None, context: str) -> Any:
        if sealed is None:
            return None
        try:
            return open_json(self.sealer, sealed, context)
        except SealBroken:
            log.exception("what was sealed for a chat cannot be opened; it is dropped")
            return None
