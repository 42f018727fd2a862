"""Python's cyclic garbage collector in a process that serves people.

The libraries alone are half a million objects that live as long as the process does. To search them again and again
takes an eighth of the time to start; later it held the loop up for 130 to 150 ms, every few seconds of full load
(docs/performance.md).
"""

import gc
from typing import Final

# So many objects more than before are searched together.
_STARTING: Final = 100_000
_SERVING: Final = 10_000


def begin() -> None:
    """Searches seldom from now on: the process starts, and nearly all that it makes stays."""
    gc.set_threshold(_STARTING, 20, 20)


def settle() -> None:
    """Says that the process is started: what there is now is not searched again, only what is made since.

    It is not searched a last time either: that takes a tenth of a second, and the first answer waits.
    """
    gc.freeze()
    gc.set_threshold(_SERVING, 20, 20)
