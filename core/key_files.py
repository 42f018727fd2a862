"""Key files: read anew when they change, so that keys are rotated while everything runs (SECURITY.md Secrets)."""

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from core.keys import KeyRing

_log = structlog.get_logger(__name__)
LOOK_EVERY: Final = 2.0
"""Seconds: so long after a change of its file every process signs and seals by it."""
SEEN_AFTER: Final = 2 * LOOK_EVERY
"""Then what was being sealed meanwhile is written, too."""


class KeyFile:
    """The keys of a file as it is now. One that cannot be read any more changes nothing: it is logged."""

    def __init__(self, path: Path, read: Callable[[], KeyRing]) -> None:
        """`read` gives what the file holds, and raises whatever keeps it from doing so: here, too."""
        self.path = path
        self._read = read
        self._seen = _stamp(path)
        self._ring = read()
        self._look_at = time.monotonic() + LOOK_EVERY

    @property
    def now(self) -> KeyRing:
        """The keys at this moment."""
        if time.monotonic() >= self._look_at:
            self._look()
        return self._ring

    def find(self, kid: str) -> bytes | None:
        """The key of that id: another process may use it already, so an unknown one is looked for in the file."""
        key = self.now.find(kid)
        if key is None:
            self._look()
            key = self._ring.find(kid)
        return key

    @property
    def changed_at(self) -> datetime:
        """Since when the file is as it is."""
        return datetime.fromtimestamp(self.path.stat().st_ctime, UTC)

    def change(self, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Puts what `change` makes of the file's keys in their place; one caller on this machine at a time.

        Raises OSError, and what reading the file and `change` raise: then it is as it was.
        """
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            ring = change(self._read())
            write_keys(self.path, ring)
            os.fsync(folder)
        finally:
            os.close(folder)
        self._look()
        return ring

    def __repr__(self) -> str:
        return f"KeyFile({str(self.path)!r}, {self._ring!r})"

    def _look(self) -> None:
        self._look_at = time.monotonic() + LOOK_EVERY
        stamp = _stamp(self.path)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._ring = self._read()
        except Exception as error:  # whatever is wrong with the file, the keys that are known go on
            _log.error("keys.unreadable", file=str(self.path), error=str(error))
        else:
            _log.info("keys.read_anew", file=str(self.path), first=self._ring.current)


def write_keys(path: Path, ring: KeyRing) -> None:
    """Puts these keys in place of the file's, whole or not at all, for its user alone. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(ring.text + "\n")
            file.flush()
            os.fsync(file.fileno())
        owner = path.stat()
        with suppress(PermissionError):  # only root may give files away, and only root need: the bot is another user
            os.chown(part, owner.st_uid, owner.st_gid)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes whenever the file, or who may read it, does; None: it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_size
