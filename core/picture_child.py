"""A process that works on pictures: `python -m core.picture_child`, started by core/picture_work.py.

It reads what to do from stdin and writes what came of it to stdout, until stdin ends: with whoever started it, also
when that is killed. It has no keys and no settings, and what it writes is only ever read as JSON and bytes: who took
over a decoder would find no secret in it and could hand nothing on but a picture. It is the bot's user all the same.
"""

import io
import json
import os
import signal
import struct
import sys
from collections.abc import Mapping
from typing import IO, Any, Final

from core.errors import InvalidValue
from core.pictures import MAX_BYTES, small, take

_HEADER: Final = struct.Struct(">II")
_HEAD_BYTES: Final = 4096
_MEMORY_BYTES: Final = 2 * 1024**3  # three times what the largest photo takes

Said = Mapping[str, Any]


def write(to: IO[bytes], said: Said, content: bytes = b"") -> None:
    """Writes one message. Raises OSError."""
    head = json.dumps(said).encode()
    to.write(_HEADER.pack(len(head), len(content)) + head)
    to.write(content)
    to.flush()


def read(source: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Reads one message. Raises EOFError when there is none, or not the whole of it; ValueError when it is none."""
    head, content = _HEADER.unpack(_exactly(source, _HEADER.size))
    if head > _HEAD_BYTES or content > MAX_BYTES:
        raise ValueError("This is longer than any message.")
    said: dict[str, Any] = json.loads(_exactly(source, head))
    return said, _exactly(source, content)


def _exactly(source: IO[bytes], size: int) -> bytes:
    found = source.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _done(asked: Said, content: bytes) -> tuple[Said, bytes]:
    """What came of one piece of work."""
    if asked["act"] == "small":
        return {}, small(content, asked["side"])
    try:
        photo = take(io.BytesIO(content), asked["side"], asked["least"])
    except InvalidValue as error:
        return {"refused": error.code, "params": error.params}, b""
    said = {
        "media_type": photo.media_type,
        "width": photo.width,
        "height": photo.height,
        "sha256": photo.sha256,
        "likeness": photo.likeness,
        "hints": photo.hints,
    }
    return said, photo.content


def _step_back() -> None:
    """Behind everything else that the machine does, and with an end to what a picture can take."""
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the bot, which goes on until what it began is done
        signal.signal(number, signal.SIG_IGN)
    os.nice(19)
    if sys.platform == "linux":  # macOS refuses it
        import resource  # noqa: PLC0415 - as above

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def main() -> None:
    """Works until nobody asks any more."""
    _step_back()
    try:
        while True:
            asked, content = read(sys.stdin.buffer)
            write(sys.stdout.buffer, *_done(asked, content))
    except (EOFError, BrokenPipeError):
        os._exit(0)  # nobody is there: nothing is left to flush


if __name__ == "__main__":
    main()
