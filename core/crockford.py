"""Numbers that people read aloud and type: six characters of Crockford's base32 (DIALOGS.md Commands)."""

import re
import secrets
from typing import Final

from core.values import plain

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 6
_FORGIVEN: Final = str.maketrans("OIL", "011")


def new_number(length: int = LENGTH) -> str:
    """A random one; of six characters there are a thousand million."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def parse_number(text: str, length: int = LENGTH) -> str | None:
    """What was meant, in any case and width, with O for 0, I and L for 1; None when it is no such number."""
    bare = re.sub(r"[\s-]", "", plain(text)).upper().translate(_FORGIVEN)
    return bare if re.fullmatch(f"[{ALPHABET}]{{{length}}}", bare) else None
