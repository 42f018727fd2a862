"""Python's cyclic garbage collector in a process that serves people."""

import gc
from typing import Final

_YOUNG: Final = 10_000


def settle() -> None:
    """Says that the process is started: what there is now lives as long as it does, and is not searched again.

    Libraries alone are half a million objects. A search of them all, every few seconds of full load, held the loop up
    for 130 to 150 ms; what is made since is searched in 5 (docs/performance.md).
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
