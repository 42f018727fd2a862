"""The project's own text files, as the papers' tests read them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "docs" / "spec"

TEXT = {".py", ".md", ".toml", ".po", ".txt", ".yml", ".yaml", ".ini", ".mako", ".html", ".css", ".js", ".json"}
NAMED = {"Makefile", "LICENSE", "run", ".gitignore"}
HIDDEN_BUT_OURS = {".ci", ".github", ".gitignore"}
NOT_OURS = {"data", "artifacts", "build", "dist", "__pycache__"}


def text_files(*suffixes: str) -> Iterator[tuple[Path, str]]:
    """Every text file of the project as (path from the root, text); only those ending in `suffixes` when given."""
    for path in _walk(ROOT):
        wanted = path.suffix in suffixes if suffixes else path.suffix in TEXT or path.name in NAMED
        if wanted:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in HIDDEN_BUT_OURS
        if hidden or path.name in NOT_OURS or path.suffix == ".egg-info" or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def line_of(text: str, offset: int) -> int:
    """The line, from 1, on which the character at `offset` stands."""
    return text.count("\n", 0, offset) + 1
