"""What the machine itself gives: `python -m benchmarks.http.raw_bcrypt SECONDS`, bcrypt of cost 12 and nothing else.

Prints JSON: checks a second on one thread, and on as many as there are cores; the CPU microseconds of one.
"""

import json
import os
import sys
import threading
import time

import bcrypt

_STORED = bcrypt.hashpw(b"x" * 64, bcrypt.gensalt(12))


def checks_a_second(threads: int, seconds: float) -> float:
    """All threads together; each counts whole checks over the time they took."""
    rates: list[float] = []

    def check() -> None:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            bcrypt.checkpw(b"x" * 64, _STORED)
            count += 1
        rates.append(count / (time.perf_counter() - began))

    running = [threading.Thread(target=check) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(rates)


if __name__ == "__main__":
    length = float(sys.argv[1])
    measured = {"one": checks_a_second(1, length / 2), "all": checks_a_second(os.cpu_count() or 1, length)}
    began = time.process_time()
    bcrypt.checkpw(b"x" * 64, _STORED)
    print(json.dumps({**measured, "cpu_us": 1e6 * (time.process_time() - began)}))
