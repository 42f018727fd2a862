"""docs/security.md: every sentence of the spec's page has a row, and every row names tests that are there."""

import re
from collections.abc import Iterator
from functools import cache

from tests.docs.project_files import ROOT, SPEC

_ROW = re.compile(r"^\| (?P<lead>.+) … \| (?P<asvs>[0-9., -]+) \| (?P<tests>.+) \|$")
_TEST = re.compile(r"`(?P<file>[\w/]+\.py)::(?P<name>test_\w+)`")


def sentences(text: str) -> Iterator[tuple[str, str]]:
    """Every sentence with its section's name; a semicolon and a full stop end one."""
    for paragraph in text.split("\n\n"):
        if found := re.match(r"\*\*(.+?)\.?\*\*\s+", paragraph):
            said = " ".join(paragraph[found.end() :].split())
            yield from ((found[1], one) for one in re.split(r"(?<=[.;])\s+(?=[A-Za-z`])", said))


def rows(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Every row with the section that it stands in."""
    section = ""
    for line in text.splitlines():
        section = line.removeprefix("### ") if line.startswith("### ") else section
        if row := _ROW.match(line):
            yield section, row


SAID = list(sentences((SPEC / "SECURITY.md").read_text(encoding="utf-8")))
ROWS = list(rows((ROOT / "docs" / "security.md").read_text(encoding="utf-8")))


@cache
def named_in(file: str) -> frozenset[str]:
    path = ROOT / "tests" / file
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))


def is_about(row: tuple[str, re.Match[str]], said: tuple[str, str]) -> bool:
    section, found = row
    return section == said[0] and said[1].startswith(found["lead"].replace(r"\|", "|"))


def test_every_sentence_has_its_row_and_every_row_its_sentence() -> None:
    assert len(SAID) > 80
    assert [said for said in SAID if sum(is_about(row, said) for row in ROWS) != 1] == []
    assert [row[1]["lead"] for row in ROWS if sum(is_about(row, said) for said in SAID) != 1] == []


def test_every_row_names_a_number_and_tests_that_are_there() -> None:
    for _, row in ROWS:
        assert re.search(r"\d+\.\d+\.\d+", row["asvs"]), row[0]
        named = list(_TEST.finditer(row["tests"]))
        assert len(named) == row["tests"].count("::") > 0, row[0]
        assert [test[0] for test in named if test["name"] not in named_in(test["file"])] == [], row[0]
