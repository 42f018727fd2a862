"""Files: stored once per bot and content, shown as the Bot API shows photos and documents."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import struct
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sandbox.errors import bad_request, too_large
from sandbox.model import Bot, Json, StoredFile
from sandbox.params import Upload

if TYPE_CHECKING:
    from sandbox.methods.call import Call

MAX_UPLOAD = 50 * 2**20
MAX_PHOTO = 10 * 2**20
MAX_DOWNLOAD = 20 * 2**20
_UNKNOWN_SIZE = (1280, 960)
_THUMBNAIL = 320


def received(call: Call, kind: str, value: Any) -> StoredFile:
    """The file a parameter names: an upload of that name, ``attach://name``, or the id of a file this bot has seen.

    Raises:
        ApiError: 400 for no file, an unknown or foreign id, an address (the sandbox fetches nothing), or a bad picture.
    """
    name = value.removeprefix("attach://") if isinstance(value, str) and value.startswith("attach://") else kind
    upload = call.params.uploads.get(name)
    if upload is None:
        if not value:
            raise bad_request(f"there is no {kind} in the request")
        if str(value).startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        if str(value) not in call.bot.files:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return call.bot.files[str(value)]
    _check(upload, kind)
    return store(upload, kind)


def _check(upload: Upload, kind: str) -> None:
    size = len(upload.content)
    if size == 0:
        raise bad_request("file must be non-empty")
    if size > MAX_UPLOAD:
        raise too_large()
    if kind != "photo":
        return
    if size > MAX_PHOTO:
        raise bad_request(f"file of size {size} bytes is too big for a photo; the maximum size is {MAX_PHOTO} bytes")
    if image_size(upload.content) is None:
        raise bad_request("IMAGE_PROCESS_FAILED")


def store(upload: Upload, kind: str) -> StoredFile:
    """A file to be shown by ``photo`` or ``document``; its unique id is that of its bytes."""
    digest = hashlib.sha256(upload.content).digest()
    unique_id = base64.urlsafe_b64encode(digest[:12]).decode()
    suffix = ".jpg" if kind == "photo" else PurePosixPath(upload.name).suffix
    path = f"{kind}s/{unique_id}{suffix}"
    mime = upload.mime or mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    return StoredFile(upload.content, upload.name, mime, unique_id, path)


def photo(bot: Bot, file: StoredFile) -> list[Json]:
    """``PhotoSize`` list, the largest last. Nothing is recompressed: both sizes are the same bytes."""
    width, height = image_size(file.content) or _UNKNOWN_SIZE
    scale = min(1.0, _THUMBNAIL / max(width, height))
    small = (max(1, int(width * scale)), max(1, int(height * scale)))
    return [
        {
            "file_id": _file_id(bot, file, letter),
            "file_unique_id": f"{letter}{file.unique_id}",
            "width": size[0],
            "height": size[1],
            "file_size": len(file.content),
        }
        for letter, size in (("s", small), ("x", (width, height)))
    ]


def document(bot: Bot, file: StoredFile) -> Json:
    """``Document``: the file as it is."""
    return {
        "file_id": _file_id(bot, file, "d"),
        "file_unique_id": f"d{file.unique_id}",
        "file_name": file.name,
        "mime_type": file.mime,
        "file_size": len(file.content),
    }


def _file_id(bot: Bot, file: StoredFile, letter: str) -> str:
    """An id good for this bot only: another bot's id is refused, as Telegram does."""
    own = hashlib.sha256(f"{bot.token} {file.unique_id} {file.path} {file.name}".encode()).digest()[:24]
    file_id = letter + base64.urlsafe_b64encode(own).decode()
    bot.files[file_id] = file
    return file_id


def image_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG, read from its header; None for anything else."""
    if content[:8] == b"\x89PNG\r\n\x1a\n" and content[12:16] == b"IHDR":
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        # SOF0 to SOF15 carry the size; C4, C8 and CC in that range are other tables.
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def image_type(content: bytes) -> str | None:
    """MIME type of a picture, None for anything else."""
    if image_size(content) is None:
        return None
    return "image/png" if content[:1] == b"\x89" else "image/jpeg"
