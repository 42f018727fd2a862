"""SQLite beside the event loop: what may wait does so in a thread, what is over at once does not go there."""

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import aiosqlite

# A passage to the thread and back costs the processor five times what most statements do (docs/performance.md). What
# lately took more of the processor than so many seconds goes to the thread all the same: nobody else shall wait for it.
_AT_ONCE: Final = 0.001
_MOST_KNOWN: Final = 1000
_WAITING: Final = ("BEGIN IMMEDIATE", "PRAGMA", "VACUUM")  # for the write lock, or for the whole file
_STATEMENTS: Final = {"execute", "executemany", "fetchall"}


class InlineConnection(aiosqlite.Connection):
    """As aiosqlite has it, but that short statements do not go to its thread. COMMIT does: it waits for the disk."""

    _seconds: Final[dict[str, float]] = {}  # of processor time that each statement takes, as lately seen

    def __init__(self, path: str, **options: Any) -> None:
        """`options` as `sqlite3.connect` has them."""
        # Several threads may use it, but never at a time: nothing is done here while anything is under way there.
        super().__init__(partial(sqlite3.connect, path, **options | {"check_same_thread": False}), iter_chunk_size=64)
        self._thread.daemon = True  # a connection that was lost must not keep the program from ending
        self._statement = ""
        self._sent = self._done = 0

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if fn.__name__ in {"execute", "executemany"}:
            self._statement = args[0]
        if self._running and self._connection and self._sent == self._done and self._is_quick(fn):
            return self._timed(fn, *args, **kwargs)
        self._sent += 1
        return await super()._execute(self._there, fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _is_quick(self, fn: Callable[..., Any]) -> bool:
        if fn.__name__ in _STATEMENTS:
            return not self._statement.startswith(_WAITING) and self._seconds.get(self._statement, 0.0) <= _AT_ONCE
        return fn.__name__ in {"cursor", "rollback"} or isinstance(getattr(fn, "__self__", None), sqlite3.Cursor)

    def _there(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return self._timed(fn, *args, **kwargs)
        finally:
            self._done += 1  # only the thread writes it, as only the loop does `_sent`

    def _timed(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return fn(*args, **kwargs)
        finally:
            taken = time.thread_time() - began
            if fn.__name__ in _STATEMENTS:
                before = self._seconds.get(self._statement, taken)
                if len(self._seconds) >= _MOST_KNOWN:
                    self._seconds.clear()
                self._seconds[self._statement] = before + (taken - before) / 8
