"""JSON sealed at rest: update payloads, drafts, and answers still to be shown (SECURITY.md At rest)."""

from typing import Any

import orjson

from core.sealing import Sealer


def seal_json(sealer: Sealer, value: Any, context: str) -> bytes:
    """Seals a JSON value; it opens only under the same context, which says where it lies."""
    return sealer.seal(orjson.dumps(value), context.encode())


def open_json(sealer: Sealer, sealed: bytes, context: str) -> Any:
    """The JSON value again. Raises SealBroken."""
    return orjson.loads(sealer.open(sealed, context.encode()))


def update_context(bot_id: int, update_id: int) -> str:
    """Where an update's payload lies."""
    return f"inbox:{bot_id}:{update_id}"


def draft_context(person_id: int) -> str:
    """Where a person's draft lies."""
    return f"chats:{person_id}:draft"


def pending_context(person_id: int) -> str:
    """Where a person's unshown answer lies."""
    return f"chats:{person_id}:pending"
