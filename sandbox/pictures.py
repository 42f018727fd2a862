"""Photos as Telegram passes them on: decoded, made smaller, written anew as JPEG with nothing but the pixels."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from sandbox.errors import bad_request

# Telegram's letters for the sizes it keeps, with the longer side of each; apps send no more than the last.
SIZES = (("s", 90), ("m", 320), ("x", 800), ("y", 1280))
LONGEST_SIDES = 10_000
LARGEST_RATIO = 20
_QUALITY = 87
_REFUSED = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)


@dataclass(frozen=True, slots=True)
class Size:
    """One of a photo's sizes."""

    letter: str
    width: int
    height: int
    content: bytes


def photo_sizes(content: bytes) -> list[Size]:
    """A picture's sizes, the largest last. Takes up to a second: not for the event loop.

    Raises:
        ApiError: 400 for what is no picture or has impossible dimensions.
    """
    try:
        with Image.open(io.BytesIO(content)) as opened:
            _check_dimensions(opened.size)
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except _REFUSED:
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    # What is transparent becomes white.
    image = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
    longer = max(image.size)
    wanted = [size for size in SIZES if size[1] < longer] + [size for size in SIZES if size[1] >= longer][:1]
    return [_written(image, letter, side) for letter, side in wanted]


def image_type(content: bytes) -> str | None:
    """MIME type of a PNG or JPEG by its first bytes, None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if content.startswith(b"\xff\xd8\xff") else None


def _check_dimensions(size: tuple[int, int]) -> None:
    if sum(size) > LONGEST_SIDES or max(size) > LARGEST_RATIO * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _written(image: Image.Image, letter: str, side: int) -> Size:
    smaller = image.copy()
    smaller.thumbnail((side, side))
    file = io.BytesIO()
    smaller.save(file, "JPEG", quality=_QUALITY)
    return Size(letter, *smaller.size, file.getvalue())
