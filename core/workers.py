"""Heavy work off the event loop: a bounded number of threads, and a queue that ends somewhere."""

import os
import sys
import threading
import time
from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import TypeVar

from core.errors import Busy
from core.metrics import WORK, WORK_REFUSED

_Result = TypeVar("_Result")


class Workers:
    """Few threads with one queue, first come first served.

    As many threads as cores use all of the machine; the lowest priority leaves the event loop the right of way.
    """

    def __init__(
        self, name: str, threads: int, *, queue_per_thread: int, seconds: float, busy: str, step_back: bool = True
    ) -> None:
        """
        Args:
            seconds: a first guess of what one piece of work takes.
            busy: the code of the error of a full queue.
            step_back: whether the threads have the lowest priority: not where they only wait for others, as whoever
                needs the interpreter's lock waits for them.
        """
        self._threads = threads
        self._limit = threads * queue_per_thread
        self._busy = busy
        self._waiting = 0
        self._watched, self._refused = WORK.labels(name), WORK_REFUSED.labels(name)
        self._seconds = seconds  # as lately seen
        self._pool = ThreadPoolExecutor(threads, name, initializer=_step_back if step_back else None)

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """What `work` gives. Raises Busy at once when too many wait."""
        if self._waiting >= self._limit:
            self._refused.inc()
            raise Busy(max(1, ceil(self._waiting * self._seconds / self._threads)), self._busy)
        self._waiting += 1
        self._watched.inc()
        try:
            result, seconds = await get_running_loop().run_in_executor(self._pool, _timed, work)
        finally:
            self._waiting -= 1
            self._watched.dec()
        self._seconds += (seconds - self._seconds) / 8
        return result

    def close(self) -> None:
        """Ends the threads; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _step_back() -> None:
    if sys.platform == "linux":  # elsewhere priority is the whole process's
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
