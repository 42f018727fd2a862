"""Between a chat's row and the person the desk knows: opens and seals what lies at rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.adapter import Arrival
from bot.dialog.draft import Draft
from bot.person import Person, Reply
from bot.screen import Call
from bot.sealed import draft_context, open_json, pending_context, seal_json
from bot.texts import language_of
from core.sealing import Sealer
from core.sessions import Signed
from storage.chats import ChatRow


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
            return Person(arrival.chat_id, language_of(arrival.language_code), signed=signed)
        alive = row.draft is not None and row.expires_at is not None and now < row.expires_at
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
        )

    def row(self, person: Person, reply: Reply, calls: Sequence[Call], now: datetime) -> ChatRow:
        """The chat's row after this reply, one revision on, with the calls that are still to be made."""
        draft = reply.draft
        context = draft_context(person.id)
        return ChatRow(
            person_id=person.id,
            language=reply.language or person.language,
            revision=person.revision + 1,
            flow=draft.flow if draft else None,
            draft_of=person.account_id if draft and not reply.signed_out else None,
            draft=seal_json(self.sealer, draft.to_json(), context) if draft else None,
            expires_at=draft.touched_at + self.draft_life if draft else None,
            message_id=person.message_id,
            pending=seal_json(self.sealer, calls, pending_context(person.id)) if calls else None,
            blocked_at=None,
            updated_at=now,
        )

    def pending(self, row: ChatRow) -> list[Call]:
        """The calls that a committed answer still needs."""
        calls: list[Call] = open_json(self.sealer, row.pending, pending_context(row.person_id)) if row.pending else []
        return calls

    def blocked(self, person: Person, at: datetime | None, now: datetime) -> ChatRow:
        """The chat's row after its person blocked the bot or let it in again; the draft stays."""
        kept = self.row(person, Reply(draft=person.draft), (), now)
        return replace(kept, blocked_at=at)

    def _draft(self, row: ChatRow) -> Draft | None:
        if row.draft is None:
            return None
        return Draft.from_json(open_json(self.sealer, row.draft, draft_context(row.person_id)))
