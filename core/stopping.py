"""How long a process may take to stop: its parts share one deadline, and what is not done by then ends with it."""

import os
import threading
from typing import Final

import structlog

DRAIN_SECONDS: Final = 8.0
"""For what was begun, all parts together."""
STOP_SECONDS: Final = 10.0
"""From the signal to the end of the process."""

_log: Final = structlog.get_logger(__name__)


def end_in_time(code: int) -> None:
    """Ends this process with `code` when STOP_SECONDS are over, whatever it still waits for.

    A database that hangs, a disk that does, a thread: some waits have no end of their own. A kill loses nothing, so
    neither does this.
    """
    timer = threading.Timer(STOP_SECONDS, _end, (code,))
    timer.daemon = True
    timer.start()


def _end(code: int) -> None:
    last = threading.Timer(1.0, os._exit, (code,))  # the log may be what hangs
    last.daemon = True
    last.start()
    _log.warning("Not everything stopped in time: the process ends, and what is left is taken up at the next start")
    os._exit(code)
