"""Files: stored once per bot and content, shown as the Bot API shows photos and documents."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import mimetypes
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sandbox.errors import bad_request, too_large
from sandbox.model import Bot, Json, StoredFile
from sandbox.params import Upload
from sandbox.pictures import Size, photo_sizes

if TYPE_CHECKING:
    from sandbox.methods.call import Call

MAX_UPLOAD = 50 * 2**20
MAX_PHOTO = 10 * 2**20
MAX_DOWNLOAD = 20 * 2**20


async def received(call: Call, kind: str, value: Any) -> Json:
    """What a parameter names, as message content: an upload of that name, ``attach://name``, or a known file's id.

    Raises:
        ApiError: 400 for no file, an unknown or foreign id, an address (the sandbox fetches nothing), or a bad picture.
    """
    name = value.removeprefix("attach://") if isinstance(value, str) and value.startswith("attach://") else kind
    upload = call.params.uploads.get(name)
    if upload is not None:
        return await stored(call.bot, kind, upload)
    if not value:
        raise bad_request(f"there is no {kind} in the request")
    if str(value).startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    known = call.bot.contents.get(str(value))
    if known is None or kind not in known:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return known


async def stored(bot: Bot, kind: str, upload: Upload) -> Json:
    """A photo or document as message content: ``{"photo": [PhotoSize, …]}`` or ``{"document": Document}``.

    Raises:
        ApiError: 400 for an empty file or a bad picture, 413 for more than 50 MB.
    """
    size = len(upload.content)
    if size == 0:
        raise bad_request("file must be non-empty")
    if size > MAX_UPLOAD:
        raise too_large()
    if kind != "photo":
        return _known(bot, {kind: document(bot, upload, kind)})
    if size > MAX_PHOTO:
        raise bad_request(f"file of size {size} bytes is too big for a photo; the maximum size is {MAX_PHOTO} bytes")
    sizes = await asyncio.to_thread(photo_sizes, upload.content)
    source = _digest(upload.content)
    return _known(bot, {"photo": [_photo_size(bot, source, size) for size in sizes]})


def document(bot: Bot, upload: Upload, kind: str = "document") -> Json:
    """``Document``: the file as it is."""
    unique_id = f"{kind[0]}{_digest(upload.content)}"
    mime = upload.mime or mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    path = f"{kind}s/{unique_id}{PurePosixPath(upload.name).suffix}"
    return {
        "file_id": _keep(bot, StoredFile(upload.content, upload.name, mime, unique_id, path)),
        "file_unique_id": unique_id,
        "file_name": upload.name,
        "mime_type": mime,
        "file_size": len(upload.content),
    }


def _photo_size(bot: Bot, source: str, size: Size) -> Json:
    unique_id = f"{size.letter}{source}"
    file = StoredFile(size.content, "", "image/jpeg", unique_id, f"photos/{unique_id}.jpg")
    return {
        "file_id": _keep(bot, file),
        "file_unique_id": unique_id,
        "width": size.width,
        "height": size.height,
        "file_size": len(size.content),
    }


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:12]).decode()


def _keep(bot: Bot, file: StoredFile) -> str:
    """An id good for this bot only: another bot's id is refused, as Telegram does."""
    own = hashlib.sha256(f"{bot.token} {file.unique_id} {file.path} {file.name}".encode()).digest()[:24]
    file_id = "A" + base64.urlsafe_b64encode(own).decode()
    bot.files[file_id] = file
    return file_id


def _known(bot: Bot, content: Json) -> Json:
    """Remembers what a file's id stands for, so that it can be sent again by it."""
    for shown in content.get("photo") or content.values():
        bot.contents[shown["file_id"]] = content
    return content
