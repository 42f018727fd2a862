"""`python -m tests.fuzz SECONDS [TARGET …]`: each target for so long, in a process of its own (`make fuzz`).

Exit code 1 when anything was found: libFuzzer shows the bytes and where it broke. Where there is no atheris, a loud
word and 0: its wheels are not made for every Python and machine.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

try:
    import atheris
except ImportError:
    print("SKIPPED: nothing was fuzzed. atheris is not there, or not for this Python and machine.")
    sys.exit(0)

with atheris.instrument_imports(include=["api", "bot", "core"]):
    from tests.fuzz.targets import TARGETS, Target

_SECONDS: Final = 5


def fuzz(name: str, target: Target, seconds: int, folder: Path) -> None:
    """Never returns: libFuzzer ends the process."""
    for number, seed in enumerate(target.seeds()):
        (folder / f"seed-{number}").write_bytes(seed)
    options = (f"-max_total_time={seconds}", f"-max_len={target.most}", "-timeout=20", "-rss_limit_mb=2048")
    told = ("-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={folder}/found-")
    atheris.Setup([name, *options, *told, str(folder)], target.run)
    atheris.Fuzz()


def main() -> int:
    """Fuzzes those that are named, or all; how many broke is the exit code's business."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else _SECONDS
    broken = []
    for name in sys.argv[2:] or TARGETS:
        with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as folder:
            print(f"--- {name}: {seconds} s", flush=True)
            child = os.fork()  # a process each, that need not import everything anew
            if child == 0:
                fuzz(name, TARGETS[name], seconds, Path(folder))
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
                broken.append(name)
                found = [*Path(folder).glob("found-*")]
                print(*(f"{file.name}: {file.read_bytes()!r}" for file in found), sep="\n", flush=True)
    print("Broken: " + ", ".join(broken) if broken else "Nothing was found.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
