"""Whether a photo looks too dark or blurred: a hint for who sent it, never a refusal (REVIEW.md Flags)."""

from enum import StrEnum
from typing import Final

from PIL import Image, ImageFilter, ImageStat

_SIDE: Final = 1024  # pixels of the longer side at which it is looked at: another size has other edges
_SPECK: Final = 3
_DARK: Final = 60  # of 255: what is bright in it is no brighter
_BLURRED: Final = 20.0  # how much neighbouring pixels differ in full light (variance of a Laplacian)
_LAPLACE: Final = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)


class Hint(StrEnum):
    """What there is to tell."""

    DARK = "dark"
    BLURRED = "blurred"


def hints(picture: Image.Image) -> tuple[Hint, ...]:
    """What may be wrong with this picture; of a speck or a mere line nothing can be said."""
    grey = picture.convert("L")
    grey.thumbnail((_SIDE, _SIDE))
    if min(grey.size) < _SPECK:
        return ()
    bright = _bright(grey)
    dark = (Hint.DARK,) if bright < _DARK else ()
    return (*dark, Hint.BLURRED) if _edges(grey) < _BLURRED * (bright / 255) ** 2 else dark


def _edges(grey: Image.Image) -> float:
    """How much neighbouring pixels differ.

    Measured on drawn pages of text as JPEG: sharp ones 400 and more, out of focus by two pixels of 1,280 between 10 and
    70, by three and more up to 10.
    """
    filtered = grey.filter(_LAPLACE).crop((1, 1, grey.width - 1, grey.height - 1))  # the outermost are not filtered
    return ImageStat.Stat(filtered).var[0]


def _bright(grey: Image.Image) -> int:
    """As bright as this are its brightest tenth."""
    left, counts = grey.width * grey.height // 10, grey.histogram()
    for level in range(255, 0, -1):
        left -= counts[level]
        if left <= 0:
            return level
    return 0
