"""Writes docs/licences.md: `make licences`. What is locked and not installed here keeps the row it has."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

from tests.docs.project_files import ROOT

PAGE: Final = ROOT / "docs" / "licences.md"
_HEAD: Final = """# Licences

Every package that is installed with the bot or for its tests, under whichever platform or Python. `make licences` makes
this page from what the packages say of themselves; a test refuses a locked package without a row. python-telegram-bot
is under the LGPL: who hands the bot on lets its receivers put another version of it in its place, as pip does.

| Package | For | Licence |
|---|---|---|
"""
_ROW: Final = re.compile(r"^\| ([^ |]+) \| (bot|tests) \| ([^|]+) \|$", re.MULTILINE)


def locked(name: str) -> set[str]:
    """The packages that a requirements file pins."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {normal(found) for found in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", text, re.MULTILINE)}


def normal(name: str) -> str:
    """One spelling of a package's name, as the index has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def told() -> dict[str, str]:
    """The rows of the page: package and licence."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    return {package: licence for package, _, licence in _ROW.findall(page)}


def wanted() -> dict[str, str]:
    """What must have a row, and what for."""
    for_bot = locked("requirements.txt")
    return dict.fromkeys(locked("requirements-dev.txt"), "tests") | dict.fromkeys(for_bot, "bot")


def page(licences: dict[str, str]) -> str:
    """The page with these licences. Raises KeyError for a package without one."""
    rows: Iterable[str] = (f"| {name} | {what} | {licences[name]} |" for name, what in sorted(wanted().items()))
    return _HEAD + "\n".join(rows) + "\n"


def main() -> None:
    """Asks pip-licenses and writes the page; ends with what has no licence to be found."""
    asked = [sys.executable, "-m", "piplicenses", "--format=json", "--with-system", "--from=mixed"]
    installed = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    found = {normal(each["Name"]): " ".join(each["License"].split()) for each in installed}
    licences = told() | {name: licence for name, licence in found.items() if licence != "UNKNOWN"}
    if missing := wanted().keys() - licences.keys():
        sys.exit(f"No licence is known of {', '.join(sorted(missing))}: look it up and add a row to {PAGE.name}.")
    PAGE.write_text(page(licences), encoding="utf-8")


if __name__ == "__main__":
    main()
