"""The peer's own environment, made once in a folder: its requirements are not ours."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_PEER: Final = "fastapi-users[sqlalchemy]==15.*"
_SAME_AS_OURS: Final = ("fastapi", "uvicorn", "uvloop", "httptools", "aiosqlite", "asyncpg")


def peer_python(folder: Path) -> Path | None:
    """The interpreter of an environment with fastapi-users and our versions of what both stand on.

    None, said aloud, where it cannot be made: then only we are measured.
    """
    wanted = [_PEER, *_pinned(_SAME_AS_OURS)]
    python, made_of = folder / "bin" / "python", folder / "made-of.txt"
    if made_of.exists() and made_of.read_text().splitlines() == wanted:
        return python
    print(f"Installing fastapi-users into {folder}, once …", file=sys.stderr)
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *wanted], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"fastapi-users could not be installed, so nothing is compared with it: {error}", file=sys.stderr)
        return None
    made_of.write_text("\n".join(wanted))
    return python


def _pinned(names: tuple[str, ...]) -> list[str]:
    """Those of them that we have, so that neither side has an HTTP parser or a loop that the other lacks."""
    pinned = []
    for name in names:
        try:
            pinned.append(f"{name}=={version(name)}")
        except PackageNotFoundError:
            continue
    return pinned
