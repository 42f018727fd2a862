"""A small disk of a story's own, which can be filled to its last byte and emptied again."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_CHUNKS = (1 << 20, 1 << 12)


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[None]:
    """A file system in memory, mounted on this folder; the test is skipped where nothing may be mounted."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        refused = mounted.stderr if mounted.returncode else ""
    except FileNotFoundError as error:
        refused = str(error)
    if refused:
        pytest.skip(f"No disk can be mounted here, so none was filled: {refused.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """There is no room left on the disk of this folder within the block."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in _CHUNKS:
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    try:
        yield
    finally:
        ballast.unlink()
