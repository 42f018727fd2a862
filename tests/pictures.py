"""Pictures for tests: good ones as phones and scanners make them, and files that only say they are pictures."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, Final

from PIL import Image, ImageDraw, PngImagePlugin

SIZE: Final = (120, 80)
SECRETS: Final = (b"GPS", b"Exif", b"Li Lei's phone", b"colours of a printer", b"behind the end", b"PK\x03\x04")
"""What the pictures below carry beside their pixels, none of which may survive."""

_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_COMMENT: Final = b"Li Lei's phone"
_PROFILE: Final = b"colours of a printer" * 20
_BEHIND: Final = b"behind the end"


def certificate(size: tuple[int, int] = SIZE, text: str = "certificate") -> Image.Image:
    """A picture whose upper left quarter is red: it shows which way up it is. Another text is another picture."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0] // 2 - 1, size[1] // 2 - 1), fill="red")
    draw.text((size[0] // 2, size[1] // 2), text, fill="black")
    return image


def page(size: tuple[int, int] = (1280, 960), text: str = "certificate") -> Image.Image:
    """A page full of words, in full light and in focus."""
    image = Image.new("RGB", size, (235, 232, 225))
    draw = ImageDraw.Draw(image)
    for line in range(40, size[1] - 40, 24):
        draw.text((40, line), f"{text} {line} " * 12, fill=(30, 30, 30))
    return image


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    """The picture as JPEG."""
    return _written(image or certificate(), "JPEG", options)


def png(image: Image.Image | None = None, **options: Any) -> bytes:
    """The picture as PNG."""
    return _written(image or certificate(), "PNG", options)


def opened(content: bytes) -> Image.Image:
    """The picture in these bytes, decoded."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def located_exif(orientation: int = 1) -> Image.Exif:
    """EXIF as a phone writes it: which way it was held, where, and whose it is."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = _COMMENT.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 15.0), 29: "GPS"})
    return exif


def held(orientation: int) -> bytes:
    """A photo by a phone that was held so: stored turned, with the EXIF that says how to turn it back."""
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = certificate()
    return jpeg(image.transpose(stored) if stored is not None else image, exif=located_exif(orientation))


def animated_png() -> bytes:
    return png(save_all=True, append_images=[certificate(text="second")])


def two_pictures_in_one() -> bytes:
    """What phones write: a JPEG with a second one (brightness, depth) behind it."""
    return _written(certificate(), "MPO", {"save_all": True, "append_images": [certificate((60, 40))]})


def with_archive_behind(picture: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("evil.sh", "rm -rf /")
    return picture + archive.getvalue()


def png_with_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    """A good PNG with these chunks before its pixels."""
    whole = png()
    return whole[:33] + b"".join(_chunk(*each) for each in chunks) + whole[33:]


def png_of_size(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a picture of this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _PNG_HEAD + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(1000))) + _chunk(b"IEND", b"")


def png_without_its_palette() -> bytes:
    """A pixel that names a colour of a palette that is not there."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0))
    return _PNG_HEAD + header + _chunk(b"IDAT", zlib.compress(b"\0\0")) + _chunk(b"IEND", b"")


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose header promises a picture of this size."""
    whole = bytearray(jpeg())
    frame = whole.index(b"\xff\xc0")
    whole[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(whole)


def jpeg_of_many_scans(scans: int) -> bytes:
    """A small progressive JPEG that says again and again how to mend the whole of a large picture."""
    whole = jpeg(Image.new("L", (6000, 6000), 128), progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * scans + b"\xff\xd9"


def _on_clear(image: Image.Image) -> Image.Image:
    """The same picture, clear where it was white, with black behind what is clear."""
    clear = Image.new("RGBA", image.size, (0, 0, 0, 0))
    clear.paste(image, mask=image.convert("L").point(lambda grey: 0 if grey > 250 else 255))
    return clear


GOOD: Final[dict[str, Callable[[], bytes]]] = {
    "a plain JPEG": jpeg,
    "a plain PNG": png,
    "a JPEG with EXIF, GPS, a comment and a profile": lambda: jpeg(
        exif=located_exif(), comment=_COMMENT, icc_profile=_PROFILE
    ),
    "a PNG with EXIF, text and a profile": lambda: png(
        exif=located_exif(), pnginfo=_text_chunks(), icc_profile=_PROFILE
    ),
    "a JPEG with something behind its end": lambda: jpeg() + _BEHIND,
    "a PNG with something behind its end": lambda: png() + _BEHIND,
    "a progressive JPEG": lambda: jpeg(progressive=True),
    "a JPEG in four colours for print": lambda: jpeg(certificate().convert("CMYK")),
    "a grey JPEG": lambda: jpeg(certificate().convert("L")),
    "a PNG of a palette": lambda: png(certificate().quantize(16)),
    "a black and white PNG": lambda: png(certificate().convert("1")),
    "two pictures in one JPEG": two_pictures_in_one,
    "a PNG that is clear in places": lambda: png(_on_clear(certificate())),
    "a PNG of a palette that is clear in places": lambda: png(_on_clear(certificate()).quantize(16)),
    "EXIF that is no EXIF": lambda: jpeg(exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff nonsense"),
}

BAD: Final[dict[str, tuple[str, Callable[[], bytes]]]] = {
    "nothing": ("photo.empty", bytes),
    "text": ("photo.not_a_picture", "这是证书".encode),
    "a GIF called JPEG": ("photo.not_a_picture", lambda: _written(certificate(), "GIF", {})),
    "a WebP": ("photo.not_a_picture", lambda: _written(certificate(), "WEBP", {})),
    "an SVG": (
        "photo.not_a_picture",
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    ),
    "HTML": ("photo.not_a_picture", lambda: b"<!doctype html><script>alert(1)</script>"),
    "a PDF": ("photo.pdf", lambda: _written(certificate(), "PDF", {})),
    "a PDF with a JPEG in it": ("photo.pdf", lambda: b"%PDF-1.7\n" + jpeg()),
    "a HEIC": ("photo.heic", lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400)),
    "an archive": ("photo.not_a_picture", lambda: with_archive_behind(b"")),
    "a JPEG that is an archive too": ("photo.polyglot", lambda: with_archive_behind(jpeg())),
    "a PNG that is an archive too": ("photo.polyglot", lambda: with_archive_behind(png())),
    "a moving PNG": ("photo.animated", animated_png),
    "the head of a JPEG": ("photo.damaged", lambda: jpeg()[:3]),
    "half a JPEG": ("photo.damaged", lambda: jpeg()[: len(jpeg()) // 2]),
    "half a PNG": ("photo.damaged", lambda: png()[: len(png()) // 2]),
    "a PNG without its palette": ("photo.damaged", png_without_its_palette),
    "a PNG with a wrong checksum": ("photo.damaged", lambda: png().replace(b"IDAT", b"IDAT\x00", 1)),
    "a PNG with a text of gigabytes": (
        "photo.damaged",
        lambda: png_with_chunks((b"zTXt", b"bomb\0\0" + zlib.compress(bytes(50_000_000)))),
    ),
    "a PNG that promises 50 megapixels": ("photo.too_many_pixels", lambda: png_of_size(10_000, 5_000)),
    "a PNG that promises 3,600 megapixels": ("photo.too_many_pixels", lambda: png_of_size(60_000, 60_000)),
    "a PNG one pixel wide and endless": ("photo.too_many_pixels", lambda: png_of_size(1, 30_000_000)),
    "a JPEG that promises 100 megapixels": ("photo.too_many_pixels", lambda: jpeg_of_size(10_000, 10_000)),
}
"""By what it is: the code it is refused with."""


def _written(image: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _text_chunks() -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", _COMMENT.decode())
    texts.add_itxt("Author", _COMMENT.decode(), zip=True)
    return texts
