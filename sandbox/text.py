"""Text as Telegram counts and cleans it. Offsets and lengths are in UTF-16 code units throughout."""

from __future__ import annotations

import re
from typing import Any

from sandbox.errors import bad_request

MAX_TEXT = 4096
MAX_CAPTION = 1024

_REMOVED = re.compile("[\r\u2028-\u202e]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")

# What Telegram finds in a text by itself. Simpler than the original, but a person's `/start` or link is marked alike.
_FOUND = (
    ("bot_command", re.compile(r"(?<![\w/<>@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>])")),
    ("url", re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")),
    ("url", re.compile(r"(?<![\w@./-])(?:[A-Za-z0-9-]+\.)+(?:com|org|net|cn|me|io)(?![\w-])(?:/[^\s<>\"]*)?")),
    ("email", re.compile(r"(?<![\w.+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")),
    ("phone_number", re.compile(r"(?<![\w+])\+[1-9][0-9]{6,14}(?!\w)")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{3,31}(?![\w@.])")),
    ("hashtag", re.compile(r"(?<![\w#&])#[^\W\d]\w*")),
)

_FORMATTING = (
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "custom_emoji",
)


def utf16_length(text: str) -> int:
    """UTF-16 code units in a text."""
    return len(text) + sum(char > "\uffff" for char in text)


def clean(text: str) -> str:
    """What Telegram does to a bot's text before anything else: control characters become spaces, bidi marks go."""
    return _CONTROL.sub(" ", _REMOVED.sub("", text))


def find_entities(text: str) -> list[dict[str, Any]]:
    """Commands, links, addresses, mentions and hashtags in a text; the earlier and longer find wins."""
    found: list[dict[str, Any]] = []
    taken_until = 0
    spans = sorted(
        ((match.start(), -match.end(), kind) for kind, pattern in _FOUND for match in pattern.finditer(text)),
    )
    for start, minus_end, kind in spans:
        if start < taken_until:
            continue
        taken_until = -minus_end
        found.append(
            {"type": kind, "offset": utf16_length(text[:start]), "length": utf16_length(text[start:taken_until])},
        )
    return found


def given_entities(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The formatting among entities that a caller gives; commands, links and the like the server finds by itself.

    Raises:
        ApiError: 400 for one without a place in the text.
    """
    for entity in entities:
        if not all(isinstance(entity.get(key), int) for key in ("offset", "length")):
            raise bad_request('can\'t parse MessageEntity: Field "offset" and "length" must be of type Number')
    return [entity for entity in entities if entity.get("type") in _FORMATTING]


def trim(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Cuts white space at both ends and clips the entities to what is left, as Telegram does."""
    trimmed = text.strip()
    moved = utf16_length(text) - utf16_length(text.lstrip())
    length = utf16_length(trimmed)
    clipped = []
    for entity in entities:
        start = max(int(entity["offset"]) - moved, 0)
        end = min(int(entity["offset"]) + int(entity["length"]) - moved, length)
        if end > start:
            clipped.append({**entity, "offset": start, "length": end - start})
    return trimmed, sorted(clipped, key=lambda entity: (entity["offset"], -entity["length"]))


def with_found(text: str, entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The given entities and those found in the text, where they do not overlap."""
    spans = [(entity["offset"], entity["offset"] + entity["length"]) for entity in entities]
    extra = [
        found
        for found in find_entities(text)
        if all(found["offset"] + found["length"] <= start or found["offset"] >= end for start, end in spans)
    ]
    return sorted([*entities, *extra], key=lambda entity: (entity["offset"], -entity["length"]))
