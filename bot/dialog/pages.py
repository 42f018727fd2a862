"""Long text by page (DIALOGS rule 28)."""

import unicodedata
from typing import Final

PAGE: Final = 1500
"""Characters: not more than 3,000 of those that Telegram counts, which allows 4,096."""
_ENDS: Final = "\n。！？；;.!?，,、 "


def pages(text: str) -> list[str]:
    """The text in pieces, cut where a sentence or word ends, and never inside of what shows as one character."""
    cut: list[str] = []
    while len(text) > PAGE:
        end = max(text.rfind(sign, PAGE // 2, PAGE) for sign in _ENDS) + 1 or PAGE
        while end > PAGE // 2 and _belongs_together(text[end - 1], text[end]):
            end -= 1
        cut.append(text[:end])
        text = text[end:]
    return [*cut, text]


def shortened(text: str, most: int) -> str:
    """At most so many characters of a text, with an ellipsis where more follows."""
    if len(text) <= most:
        return text
    end = most
    while end > 1 and _belongs_together(text[end - 1], text[end]):
        end -= 1
    return f"{text[:end]}…"


def _belongs_together(before: str, after: str) -> bool:
    joined = "\u200d" in (before, after) or unicodedata.category(after) in {"Mn", "Mc", "Me"}
    return joined or _in(after, 0x1F3FB, 0x1F3FF) or (_in(before, *_FLAGS) and _in(after, *_FLAGS))


_FLAGS: Final = (0x1F1E6, 0x1F1FF)  # two of these letters are one flag


def _in(char: str, first: int, last: int) -> bool:
    return first <= ord(char) <= last
