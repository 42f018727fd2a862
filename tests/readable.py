"""Whether something can be read in the files of a folder, however it was written down."""

import base64
from collections.abc import Iterable
from pathlib import Path


def readings(text: str) -> list[bytes]:
    """The bytes that a text may lie in a file as: UTF-8, UTF-16, hex, JSON's escapes, or base64 with others around."""
    plain = text.encode()
    wide = [text.encode("utf-16-le"), text.encode("utf-16-be")]
    found = {plain, *wide, plain.hex().encode(), plain.hex().upper().encode(), text.encode("unicode_escape")}
    for before in range(3):  # the middle of it reads the same wherever it stands in what was encoded
        coded = base64.b64encode(b"\0" * before + plain)
        found.add(coded[4 if before else 0 : len(coded) - 4])
    return sorted(found)


def readable(folder: Path, texts: Iterable[str], *, but: Iterable[Path] = ()) -> list[str]:
    """Which of these texts can be read in any file of the folder and below it, and where; none shorter than 6 bytes."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path not in set(but)]
    contents = [(path.relative_to(folder), path.read_bytes()) for path in files]
    found = []
    for text in texts:
        assert len(text.encode()) >= 6, f"{text!r} would be found by chance"
        ways = readings(text)
        found += [f"{text} in {path}" for path, content in contents if any(way in content for way in ways)]
    return found
