"""Several bot processes under one parent: it starts them, starts again who dies, and passes signals on.

The parent does nothing else: no loop, no thread, no connection. So it may fork at any time, and has nothing to lose.
"""

import multiprocessing
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import ForkProcess
from socket import socket, socketpair
from types import FrameType
from typing import Final, NoReturn

import structlog

from core.exits import Exit, Failure, exit_of
from core.stopping import STOP_SECONDS

Work = Callable[[int, str, int], object]
"""A worker's number, its name, and what becomes readable when the parent is gone; returns when told to stop."""

_STOPS: Final = (signal.SIGTERM, signal.SIGINT)
_FIRST_PAUSE: Final = 1.0  # seconds before a dead worker is started again; doubles with each death in a row
_LONGEST_PAUSE: Final = 60.0
_LONG_LIFE: Final = 60.0  # who lived so long died of something new
_PATIENCE: Final = STOP_SECONDS + 2.0  # a worker ends itself by then, unless it is frozen
_HOPELESS: Final = (Exit.CONFIGURATION, Exit.TOKEN)
"""Starting again mends nothing here."""

_log: Final = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Worker:
    """One worker's place: the process that has it, or when the next one gets it (by the monotonic clock)."""

    number: int
    name: str
    process: ForkProcess | None = None
    started_at: float = 0.0
    starts_at: float = 0.0
    deaths: int = 0


class Workers:
    """So many processes of one work."""

    def __init__(self, count: int, work: Work) -> None:
        self._work = work
        self._fork = multiprocessing.get_context("fork")
        parent = secrets.token_hex(8)
        self._workers = [_Worker(number, f"{parent}-{number}") for number in range(count)]
        self._orphaned, self._lifeline = os.pipe()
        self._received: list[signal.Signals] = []

    def run(self) -> signal.Signals:
        """Runs until SIGTERM or SIGINT and returns which.

        Raises Failure with a worker's exit code when its first start fails, or when starting again would mend nothing:
        its own sentence was said by then. Also when a worker had to be killed because it did not stop.
        """
        with _signals(self._receive) as woken:
            try:
                while not self._received:
                    self._start_due()
                    connection.wait([woken, *self._sentinels()], self._until_next_start())
                    self._bury()
                return self._received[0]
            finally:
                self._stop(woken)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self._received.append(signal.Signals(number))

    def _sentinels(self) -> list[int]:
        return [worker.process.sentinel for worker in self._workers if worker.process]

    def _until_next_start(self) -> float | None:
        waiting = [worker.starts_at for worker in self._workers if worker.process is None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _start_due(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.process is None and worker.starts_at <= now:
                self._start(worker, now)

    def _start(self, worker: _Worker, now: float) -> None:
        process = self._fork.Process(target=self._live, args=(worker,), name=f"worker {worker.number}")
        # A signal must not reach the child before it has our handlers off: it would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        worker.process, worker.started_at = process, now

    def _live(self, worker: _Worker) -> NoReturn:
        """The child's life, from the fork to its exit code."""
        os.close(self._lifeline)
        os.setpgrp()  # Ctrl-C reaches the parent alone, who passes it on once
        signal.set_wakeup_fd(-1)
        for number in _STOPS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        try:
            self._work(worker.number, worker.name, self._orphaned)
        except Exception as error:
            code = exit_of(error)
            if code is None:
                raise
            print(error, file=sys.stderr)  # noqa: T201 - as every command's last word
            sys.exit(code)
        sys.exit(Exit.OK)

    def _bury(self) -> None:
        """Notes who has died; raises Failure where that is the end of all."""
        for worker in self._workers:
            if worker.process is None or worker.process.is_alive():
                continue
            code, lived = worker.process.exitcode or 0, time.monotonic() - worker.started_at
            worker.process.close()
            worker.process = None
            if self._received:
                continue
            first = worker.deaths == 0 and lived < _LONG_LIFE
            if code in _HOPELESS or (first and code > 0):
                known = Exit(code) if code in list(Exit) else Exit.FAILED
                raise Failure(f"Worker {worker.number} could not run, so all have ended.", known)
            worker.deaths = worker.deaths + 1 if lived < _LONG_LIFE else 1
            pause = min(_FIRST_PAUSE * 2 ** (worker.deaths - 1), _LONGEST_PAUSE)
            worker.starts_at = time.monotonic() + pause
            _log.error("A worker has died; it is started again", number=worker.number, code=code, pause=pause)

    def _stop(self, woken: socket) -> None:
        """Ends every worker: asked to, and killed when it does not within its time. Raises Failure for one killed."""
        patience = time.monotonic() + _PATIENCE
        passed_on = len(self._received)
        self._pass_on(signal.SIGTERM)
        while (sentinels := self._sentinels()) and (left := patience - time.monotonic()) > 0:
            connection.wait([woken, *sentinels], left)
            with suppress(BlockingIOError):
                woken.recv(64)
            self._forget_dead()
            if len(self._received) > passed_on:  # told again: the workers cut their draining short
                passed_on = len(self._received)
                self._pass_on(signal.SIGINT)
        late = [worker for worker in self._workers if worker.process]
        for worker in late:
            assert worker.process is not None
            worker.process.kill()
            worker.process.join()
        if late:
            numbers = ", ".join(str(worker.number) for worker in late)
            raise Failure(f"Killed because they did not stop in time: workers {numbers}. Nothing is lost.")

    def _pass_on(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.process and worker.process.pid and worker.process.is_alive():
                os.kill(worker.process.pid, number)

    def _forget_dead(self) -> None:
        for worker in self._workers:
            if worker.process and not worker.process.is_alive():
                worker.process = None


@contextmanager
def _signals(receive: Callable[[int, FrameType | None], None]) -> Iterator[socket]:
    """Has stops received while entered; what it gives becomes readable then, so that waiting for it ends."""
    woken, waker = socketpair()
    woken.setblocking(False)
    waker.setblocking(False)
    before = {number: signal.signal(number, receive) for number in _STOPS}
    wakeup = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    try:
        yield woken
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        woken.close()
        waker.close()
