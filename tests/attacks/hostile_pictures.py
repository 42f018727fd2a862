"""Files that say they are pictures, beside those of tests/pictures.py: each made here, none taken from anywhere."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from PIL import Image

from tests import pictures

MARK: Final = b"<script>alert(1)</script><?php system($_GET[0]);?>%PDF-1.7 PK\x03\x04 #!/bin/sh"
"""What must be in nothing that is kept or shown."""


def _saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    pictures.certificate().save(file, kind, **options)
    return file.getvalue()


def _chunk(name: bytes, content: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(name + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def _png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _header(width: int, height: int, depth: int = 8, colour: int = 2, rest: bytes = b"\0\0\0") -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBB", width, height, depth, colour) + rest)


def _jpeg_with(marker: int, content: bytes) -> bytes:
    whole = pictures.jpeg()
    return whole[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content + whole[2:]


_END: Final = _chunk(b"IEND", b"")
_PIXELS: Final = _chunk(b"IDAT", zlib.compress(b"\0" * 13 * 4))

CARRIERS: Final[dict[str, Callable[[], bytes]]] = {
    "a script in a JPEG's comment": lambda: _jpeg_with(0xFE, MARK),
    "a script in a JPEG's EXIF": lambda: _jpeg_with(0xE1, b"Exif\0\0" + MARK),
    "a script in a JPEG's XMP": lambda: _jpeg_with(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + MARK),
    "a script in a JPEG's profile": lambda: pictures.jpeg(icc_profile=MARK * 9),
    "a script behind a JPEG": lambda: pictures.jpeg() + MARK[:60],
    "a script in a PNG's text": lambda: pictures.png_with_chunks((b"tEXt", b"Comment\0" + MARK)),
    "a script in a PNG's own chunk": lambda: pictures.png_with_chunks((b"evIl", MARK)),
    "a script behind a PNG": lambda: pictures.png() + MARK[:60],
    "a JPEG with a thumbnail that is another file": lambda: _jpeg_with(0xE0, b"JFXX\0\x10" + MARK),
    "a PNG with ten thousand empty chunks": lambda: pictures.png_with_chunks(*[(b"vpAg", b"")] * 10_000),
    "where it was taken": lambda: pictures.jpeg(exif=pictures.located_exif()),
}
"""Pictures that carry something: what is kept of them is their pixels, or nothing."""

NO_PICTURES: Final[dict[str, Callable[[], bytes]]] = {
    **{f"a {kind} image": partial(_saved, kind) for kind in ("BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "SGI")},
    "a GIF that is a script": lambda: b"GIF89a/*" + bytes(40) + b"*/=1;alert(1)",
    "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    "a script with a JPEG's first bytes": lambda: b"\xff\xd8\xff" + MARK,
    "a script with a PNG's first bytes": lambda: b"\x89PNG\r\n\x1a\n" + MARK,
    "a PNG without pixels": lambda: _png(_header(4, 4), _END),
    "a PNG without an end": lambda: _png(_header(4, 4), _PIXELS)[:-9],
    "a PNG of no size": lambda: _png(_header(0, 0), _PIXELS, _END),
    "a PNG of a size below nothing": lambda: _png(_header(0xFFFFFFFF, 0xFFFFFFFF), _PIXELS, _END),
    "a PNG of a depth there is not": lambda: _png(_header(4, 4, depth=7), _PIXELS, _END),
    "a PNG of a colour there is not": lambda: _png(_header(4, 4, colour=5), _PIXELS, _END),
    "a PNG packed in a way there is not": lambda: _png(_header(4, 4, rest=b"\x09\x09\x09"), _PIXELS, _END),
    "a PNG whose header comes last": lambda: _png(_PIXELS, _header(4, 4), _END),
    "a PNG whose chunk is longer than the file": lambda: _png(_header(4, 4)) + struct.pack(">I", 0x7FFFFFFF) + b"IDAT",
    "a PNG whose chunk is of a length below nothing": lambda: _png(_header(4, 4)) + b"\xff\xff\xff\xffIDAT",
    "a PNG whose header lies about its checksum": lambda: _png(
        _chunk(b"IHDR", struct.pack(">IIBB", 4, 4, 8, 2) + b"\0\0\0", 1), _PIXELS, _END
    ),
    "a PNG whose profile unpacks to gigabytes": lambda: pictures.png_with_chunks(
        (b"iCCP", b"bomb\0\0" + zlib.compress(bytes(80_000_000)))
    ),
    "a JPEG of no size": lambda: pictures.jpeg_of_size(0, 0),
    "a JPEG of the largest size": lambda: pictures.jpeg_of_size(65535, 65535),
    "a JPEG that ends in its header": lambda: pictures.jpeg()[:160],
    "a JPEG of segments alone": lambda: b"\xff\xd8" + (b"\xff\xe2\xff\xff" + bytes(65533)) * 20,
    "a moving WebP": lambda: _saved("WEBP", save_all=True, append_images=[Image.new("RGB", pictures.SIZE)]),
}
"""Files that are refused."""

NAMES: Final = (
    "../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "a.jpg\x00.php", "a" * 300 + ".jpg", "",
    "photo\u202egpj.exe", "CON.jpg", "a.jpg\r\nSet-Cookie: a=b", '"; filename="b.php', "%2e%2e%2fa.jpg",
    "${jndi:x}.jpg",
)  # fmt: skip
