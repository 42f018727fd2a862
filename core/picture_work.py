"""Who works on pictures: processes that keep nothing, started when the first is needed (core/picture_child.py).

A thread would do, but for the interpreter's lock: whoever waits for it waits for the decoder, and at low priority that
is long (docs/performance.md, Neighbours). Not concurrent.futures: its processes import the whole program, stay behind
when it is killed, all end when one does, and have what they send unpickled.
"""

import fcntl
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any, Final

import structlog

from core.errors import InvalidValue
from core.photo_looks import Hint
from core.picture_child import Said, read, write
from core.pictures import MediaType, Photo
from storage.errors import StorageError

_PATIENCE: Final = 180.0  # seconds; at the lowest priority a busy machine may make it wait
_PIPE_BYTES: Final = 1024 * 1024  # where it can be set: a photo goes through in few pieces
_ROOT: Final = Path(__file__).resolve().parents[1]
_KEPT: Final = ("LD_LIBRARY_PATH", "PYTHONHOME")  # of the environment, which may hold secrets

_log: Final = structlog.get_logger(__name__)


class _Child:
    """One such process."""

    def __init__(self) -> None:
        env = {name: os.environ[name] for name in _KEPT if name in os.environ}
        # A group of its own: Ctrl-C is for the bot. No session of its own: Linux would share the processor out among
        # sessions first, and the lowest priority in one is as good as the highest in another (sched(7), autogroup).
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "core.picture_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**env, "PYTHONPATH": str(_ROOT)},
            process_group=0,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError, AttributeError):  # the system's limit, or not Linux: only slower
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)  # type: ignore[arg-type]

    def ask(self, asked: Said, content: bytes) -> tuple[dict[str, Any], bytes]:
        """What came of it. Raises OSError or EOFError when the process has ended, or was ended for taking too long."""
        assert self._process.stdin
        assert self._process.stdout
        impatience = Timer(_PATIENCE, self.kill)
        impatience.start()
        try:
            write(self._process.stdin, asked, content)
            return read(self._process.stdout)
        finally:
            impatience.cancel()

    def kill(self) -> None:
        """Ends it now."""
        self._process.kill()

    def bury(self) -> int:
        """Ends it and lets go of what belonged to it; its exit code."""
        self.kill()
        code = self._process.wait()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdout.close()
        with suppress(BrokenPipeError):  # what it never read
            self._process.stdin.close()
        return code


_idle: Final[list[_Child]] = []
"""Who has nothing to do, for whoever needs one next in this program."""
os.register_at_fork(after_in_child=_idle.clear)  # they are its parent's


class PictureWork:
    """Has pictures worked on, each call in a process that does nothing else meanwhile. To be called in threads."""

    def __init__(self) -> None:
        self._at_work: set[_Child] = set()
        self._closed = False

    def take(self, content: bytes, side: int | None, least: int) -> Photo:
        """As core.pictures.take. Raises InvalidValue and StorageError."""
        said, written = self._done({"act": "take", "side": side, "least": least}, content)
        if "refused" in said:
            raise InvalidValue(said["refused"], field="photo", **said["params"])
        media_type, found = MediaType(said.pop("media_type")), tuple(Hint(hint) for hint in said.pop("hints"))
        return Photo(written, media_type, **said, hints=found)

    def small(self, content: bytes, side: int) -> bytes:
        """As core.pictures.small. Raises StorageError."""
        return self._done({"act": "small", "side": side}, content)[1]

    def close(self) -> None:
        """Ends what is under way."""
        self._closed = True
        for child in self._at_work.copy():
            child.kill()

    def _done(self, asked: Said, content: bytes) -> tuple[dict[str, Any], bytes]:
        """A process may have been killed, for the memory of this picture or of others: a fresh one tries once more."""
        for take_child in (_idle_or_new, _Child):
            child = None
            try:
                child = take_child()
                self._at_work.add(child)
                done = child.ask(asked, content)
            except (OSError, EOFError, ValueError) as error:
                code = child.bury() if child else None
                if self._closed:
                    break
                _log.warning("A process that works on a picture has died", code=code, reason=repr(error))
            else:
                _idle.append(child)
                return done
            finally:
                if child:
                    self._at_work.discard(child)
        raise StorageError("The picture could not be worked on: the process that does it has died, twice.")


def _idle_or_new() -> _Child:
    try:
        return _idle.pop()
    except IndexError:
        return _Child()
