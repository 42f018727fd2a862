"""JSON sealed at rest: update payloads, drafts, and answers still to be shown (SECURITY.md At rest)."""

from typing import Any, Final

import orjson

from core.at_rest import INBOX_PURPOSE, AtRest
from core.sealing import Sealer
from storage import sealed


def seal_json(sealer: Sealer, value: Any, context: str) -> bytes:
    """Seals a JSON value; it opens only under the same context, which says where it lies."""
    return sealer.seal(orjson.dumps(value), context.encode())


def open_json(sealer: Sealer, value: bytes, context: str) -> Any:
    """The JSON value again. Raises SealBroken."""
    return orjson.loads(sealer.open(value, context.encode()))


def update_context(bot_id: int, update_id: int) -> str:
    """Where an update's payload lies."""
    return f"inbox:{bot_id}:{update_id}"


def draft_context(person_id: int) -> str:
    """Where a person's draft lies."""
    return f"chats:{person_id}:draft"


def pending_context(person_id: int) -> str:
    """Where a person's unshown answer lies."""
    return f"chats:{person_id}:pending"


INBOX: Final = (
    AtRest(
        sealed.UPDATE,
        "inbox",
        INBOX_PURPOSE,
        "messages still to be handled",
        lambda row: update_context(row.bot_id, row.update_id).encode(),
    ),
    AtRest(sealed.DRAFT, "inbox", INBOX_PURPOSE, "open dialogs", lambda row: draft_context(row.key).encode()),
    AtRest(
        sealed.PENDING,
        "inbox",
        INBOX_PURPOSE,
        "answers still to be shown",
        lambda row: pending_context(row.key).encode(),
    ),
)
"""Where that lies, for a change of keys (core/rotation.py)."""
