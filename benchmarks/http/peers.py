"""What fastapi-users runs in: an environment of its own."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from benchmarks.environments import python_with

_PEER: Final = "fastapi-users[sqlalchemy]==15.*"
_SAME_AS_OURS: Final = ("fastapi", "uvicorn", "uvloop", "httptools", "aiosqlite", "asyncpg")


def peer_python(folder: Path) -> Path | None:
    """The interpreter of an environment with fastapi-users and our versions of what both stand on.

    None, said aloud, where it cannot be made: then only we are measured.
    """
    return python_with(folder, [_PEER, *_pinned(_SAME_AS_OURS)])


def _pinned(names: tuple[str, ...]) -> list[str]:
    """Those of them that we have, so that neither side has an HTTP parser or a loop that the other lacks."""
    pinned = []
    for name in names:
        try:
            pinned.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            continue
    return pinned
