"""Downloads: getFile, then the file's address."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.media import MAX_DOWNLOAD
from sandbox.methods.call import Call, method
from sandbox.model import Json


@method
def get_file(call: Call) -> Json:
    """Where to fetch a file of at most 20 MiB."""
    file_id = call.params.text("file_id")
    file = call.bot.files.get(file_id)
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if len(file.content) > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return {
        "file_id": file_id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.content),
        "file_path": file.path,
    }
