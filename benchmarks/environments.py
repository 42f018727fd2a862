"""Environments of the peers' own, each made once in a folder: what they need is not ours."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_MADE_OF = "made-of.txt"


def python_with(folder: Path, wanted: Sequence[str]) -> Path | None:
    """The interpreter of a virtual environment with these requirements; None, said aloud, where it cannot be made."""
    python = folder / "bin" / "python"
    pip = (str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    made = _made(folder, wanted, (sys.executable, "-m", "venv", "--clear", str(folder)), (*pip, *wanted))
    return python if made else None


def node_with(folder: Path, wanted: Sequence[str]) -> Path | None:
    """Node, whose packages lie in `folder/node_modules`; None, said aloud, where it or one of them cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        print(f"There is no node here, so nothing is compared with {', '.join(wanted)}.", file=sys.stderr)
        return None
    install = (npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *wanted)
    return Path(node) if _made(folder, wanted, install) else None


def _made(folder: Path, wanted: Sequence[str], *commands: Sequence[str]) -> bool:
    """Whether the folder holds just this, now."""
    made_of = folder / _MADE_OF
    if made_of.exists() and made_of.read_text().splitlines() == list(wanted):
        return True
    print(f"Installing {', '.join(wanted)} into {folder}, once …", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        for command in commands:
            subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"That failed, so nothing is compared with it: {error}", file=sys.stderr)
        return False
    made_of.write_text("\n".join(wanted))
    return True
