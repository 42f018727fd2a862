"""What becomes of a picture that somebody sent: judged, decoded, written anew (SECURITY.md Photos).

Imported by the processes that do it (core/picture_child.py): nothing here needs more than Pillow.
"""

import hashlib
import io
import struct
import time
import warnings
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Final, cast

from PIL import Image, ImageOps
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from core.errors import InvalidValue
from core.likeness import likeness
from core.photo_looks import Hint, hints

# Any picture could fill the log with what the library finds odd about it; what matters is judged here.
warnings.filterwarnings("ignore", module=r"PIL\.")

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
_MAX_SIDE: Final = 20_000  # a picture a pixel wide has few pixels, but a pointer for each of its rows
_READING_SECONDS: Final = 10.0  # of processor time: an honest photo of 40 megapixels takes one
_BLOCK_BYTES: Final = 4096  # that time is looked at after so many

# What decoders raise over a broken picture. AssertionError: a palette that is not there.
_DECODER_FAULTS: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    struct.error,
    zlib.error,
)


class MediaType(StrEnum):
    """What a photo may be."""

    JPEG = "image/jpeg"
    PNG = "image/png"


_MAGIC: Final = {MediaType.JPEG: b"\xff\xd8\xff", MediaType.PNG: b"\x89PNG\r\n\x1a\n"}


# What people send in good faith, and can send otherwise (DIALOGS rule 12). HEIC is what iPhones take; sent as a
# photo, Telegram makes a JPEG of it.
_OTHERS: Final = (
    (b"%PDF-", 0, "pdf"),
    *((b"ftyp" + brand, 4, "heic") for brand in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")),
)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that came through the door: only what is seen on it. `sha256` (hex) is of the bytes as received."""

    content: bytes = field(repr=False)
    media_type: MediaType
    width: int
    height: int
    sha256: str
    likeness: str | None = None  # core/likeness.py; None for those kept before there were any
    hints: tuple[Hint, ...] = ()


def take(received: BinaryIO, side: int | None = None, least: int = 0) -> Photo:
    """The photo in a file, as Photos.take has it. Raises InvalidValue."""
    media_type = judge(received)
    sha256 = _sha256(received)
    pixels = _pixels(received, media_type, side, least)
    if side is not None:
        media_type = MediaType.JPEG
        pixels.thumbnail((side, side))
    written = io.BytesIO()
    if media_type is MediaType.JPEG:
        pixels.save(written, "JPEG", quality=90)
    else:
        pixels.save(written, "PNG", compress_level=1)
    if written.tell() > MAX_BYTES:  # a palette of noise is three times its size in colours
        raise _refused("too_big")
    return Photo(written.getvalue(), media_type, pixels.width, pixels.height, sha256, likeness(pixels), hints(pixels))


def small(content: bytes, side: int) -> bytes:
    """A photo from our own store as a JPEG to be looked at, no side longer."""
    with Image.open(io.BytesIO(content)) as image:
        image.draft("RGB", (side, side))  # a large JPEG is decoded smaller from the start
        image.thumbnail((side, side))
        written = io.BytesIO()
        image.save(written, "JPEG", quality=85)
    return written.getvalue()


def _sha256(received: BinaryIO) -> str:
    digest = hashlib.sha256()
    received.seek(0)
    while block := received.read(1024 * 1024):
        digest.update(block)
    return digest.hexdigest()


def judge(received: BinaryIO) -> MediaType:
    """What the file is by its content, before anything of it is decoded. Raises InvalidValue."""
    size = received.seek(0, io.SEEK_END)
    if size == 0:
        raise _refused("empty")
    if size > MAX_BYTES:
        raise _refused("too_big")
    received.seek(0)
    head = received.read(16)
    found = next((media_type for media_type, magic in _MAGIC.items() if head.startswith(magic)), None)
    if found is None:
        raise _refused(next((fault for magic, at, fault in _OTHERS if head.startswith(magic, at)), "not_a_picture"))
    if zipfile.is_zipfile(received):  # a picture to one program and an archive to the next: no camera makes these
        raise _refused("polyglot")
    return found


def _pixels(received: BinaryIO, media_type: MediaType, side: int | None, least: int) -> Image.Image:
    """The bare pixels, grey or in colour, the way up that they are meant to be seen, on white where they are clear.

    No fewer than twice `side` where there are so many: a large JPEG is decoded smaller from the start, for a third of
    the time.
    """
    received.seek(0)
    try:
        with Image.open(cast("BinaryIO", _Hurried(received)), formats=("JPEG", "PNG")) as image:
            # A JPEG may carry more pictures behind the first (phones: depth, brightness); only a PNG moves.
            if media_type is MediaType.PNG and getattr(image, "is_animated", False):
                raise _refused("animated")
            if image.width * image.height > MAX_PIXELS or max(image.size) > _MAX_SIDE:
                raise _refused("too_many_pixels")
            if min(image.size) < least:
                raise InvalidValue("photo.too_small", field="photo", least=least)
            if side is not None:
                image.draft(None, (2 * side, 2 * side))
            image.decodermaxblock = _BLOCK_BYTES
            image.load()
            with suppress(Exception):  # It turns the pixels first; then it writes the EXIF anew, which may be anything
                ImageOps.exif_transpose(image, in_place=True)
            return _bare(image)
    except (DecompressionBombError, DecompressionBombWarning):  # so many that the library itself takes fright
        raise _refused("too_many_pixels") from None
    except _DECODER_FAULTS as error:
        raise _refused("damaged") from error


def _bare(image: Image.Image) -> Image.Image:
    """A new picture: what else a file held hangs on the old one."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        bare = Image.new("RGB", image.size, "white")
        bare.paste(image, mask=image.getchannel("A"))
        return bare
    if image.mode == "I;16":  # converting would cut off all that is brighter than 255
        image = image.point(lambda grey: grey * (1 / 256))
    mode = "L" if image.mode in {"1", "L", "I;16"} else "RGB"
    bare = Image.new(mode, image.size)
    bare.paste(image if image.mode == mode else image.convert(mode))
    return bare


class _Hurried:
    """A file that stops giving when too much has been made of it: a small JPEG can ask for hours by many scans."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._until = time.thread_time() + _READING_SECONDS
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        if time.thread_time() > self._until:
            raise OSError("Decoding takes too long.")
        return self._file.read(size)


def _refused(fault: str) -> InvalidValue:
    return InvalidValue(f"photo.{fault}", field="photo")
