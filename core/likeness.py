"""How alike two pictures look, whatever their size and compression (REVIEW.md Flags)."""

from typing import Final

from PIL import Image
from PIL.Image import Resampling

ALIKE: Final = 18
"""Bits, of 256, in which two pictures of the same thing may differ. 64 bits would not do: measured (REVIEW.md)."""
_SIDE: Final = 16


def likeness(picture: Image.Image) -> str:
    """A difference hash of 256 bits as 64 hex digits: where a picture brightens from left to right."""
    grey = picture.resize((_SIDE + 1, _SIDE), Resampling.LANCZOS, reducing_gap=3.0).convert("L").tobytes()
    bits = 0
    for row in range(_SIDE):
        for left in range(row * (_SIDE + 1), row * (_SIDE + 1) + _SIDE):
            bits = bits << 1 | (grey[left + 1] > grey[left])
    return f"{bits:064x}"


def distance(one: str, other: str) -> int:
    """In how many bits two likenesses differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
