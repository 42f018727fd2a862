"""Finds citations of the spec in a text and says which of them name a statement that docs/spec does not have.

A citation is a page and a place on it: `TOKENS T22`, `TOKENS T1-T13`, `CONTRACT.md 1`, `CONTRACT.md 3.4`,
`DIALOGS rule 17`, `DIALOGS rules 12-16`, `REVIEW.md 6`, `REVIEW #6`, `SECURITY.md Passwords`,
`DIALOGS "Who is told"`, `SECURITY.md (6.3.8)`; also a test's name, `test_t22_...` or `test_rule_17_...`.
A page alone is no citation, nor is a page followed by plain prose.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PAGES = ("CONTRACT", "TOKENS", "DIALOGS", "REVIEW", "SECURITY")

# The page's name may be code or a link, and the place may stand on the next line of a docstring or comment.
_GAP = r"(?:[ \t]*\n[ \t]*(?:\#[.:]?[ \t]*)?|[ \t]+)"
_PAGE = re.compile(rf"\b(?P<page>{'|'.join(PAGES)})(?P<md>\.md)?`?(?:\]\([^)\s]*\))?`?{_GAP}(?P<place>[^\n]*\n?[^\n]*)")
_NUMBERS = re.compile(
    r"(?P<quote>[\"“(]?)(?:(?:rules?|rows?|sections?|points?|statements?)\s+|\#)?"
    r"(?P<list>T?\d+(?:\.[\dx]+)*(?:\s*(?:[-–,]|,?\s+and\b|,?\s+to\b)\s*\#?T?\d+(?:\.[\dx]+)*)*)"
)
_RANGE = re.compile(r"T?(?P<first>\d+(?:\.[\dx]+)*)(?:\s*(?:[-–]|\bto\b)\s*T?(?P<last>\d+(?:\.[\dx]+)*))?")
_TEST_NAME = re.compile(r"\bdef test_(?:(?P<token>t)|(?:dialogs_)?rule_?)(?P<number>\d+)_")


@dataclass(frozen=True, slots=True)
class Citation:
    """One named place: the page without its ending, the place as `T22`, `3.4`, `17` or a section's name."""

    page: str
    place: str
    offset: int

    def __str__(self) -> str:
        return f"{self.page} {self.place}"


def spec(folder: Path) -> dict[str, frozenset[str]]:
    """What can be cited: for each page of `folder` its numbered statements and the names of its sections."""
    return {page: statements(page, (folder / f"{page}.md").read_text(encoding="utf-8")) for page in PAGES}


def statements(page: str, text: str) -> frozenset[str]:
    """The places of one page: numbers as they are cited, and the names of headings and bold leads."""
    found = set(re.findall(r"^\*\*([^*\n]+?)\.?\*\*", text, re.MULTILINE))
    section = ""
    for line in text.splitlines():
        if heading := re.match(r"#+ (?:(\d+)\. )?(.+)", line):
            section = heading[1] or ""
            found.update(place for place in (heading[1], heading[2]) if place)
        elif token := re.match(r"- \*\*(T\d+)\*\*", line):
            found.add(token[1])
        elif row := re.match(r"(?:\| (\d+) \||(\d+)\. )", line):
            number = row[1] or row[2]
            found.add(f"{section}.{number}" if section else number)
    if page == "SECURITY":
        found.update(re.findall(r"\b\d+\.\d+\.(?:\d+|x)", text))
    return frozenset(found)


def citations(text: str) -> Iterator[Citation]:
    """Every citation in `text`, ranges and lists taken apart at their ends."""
    for match in _PAGE.finditer(text):
        page, offset = match["page"], match.start()
        place = re.sub(r"\s*\n\s*(?:#[.:]?\s*)?", " ", match["place"])
        numbers = _NUMBERS.match(place)
        if numbers and numbers["quote"] and page != "SECURITY":
            continue  # what stands in brackets after a page is said of it, but for the numbers of SECURITY.md
        if numbers:
            letter = "T" if page == "TOKENS" else ""
            for part in _RANGE.finditer(numbers["list"]):
                yield from (Citation(page, letter + end, offset) for end in part.group("first", "last") if end)
        elif name := _section_name(place, strict=match["md"] is not None):
            yield Citation(page, name, offset)
    for match in _TEST_NAME.finditer(text):
        place = f"T{match['number']}" if match["token"] else match["number"]
        yield Citation("TOKENS" if match["token"] else "DIALOGS", place, match.start())


def _section_name(place: str, *, strict: bool) -> str | None:
    if quoted := re.match(r"[\"“(]+([A-Z][^\"”)]*)", place):
        return quoted[1]
    # Without its ending a page's name may be any capital word (a table, a constant): prose after it claims nothing.
    plain = re.match(r"[A-Z][a-z][^.,;:!?)\]`\"|]*(?!\.md)", place)
    return plain[0].strip() if plain and strict else None


def exists(citation: Citation, known: Mapping[str, frozenset[str]]) -> bool:
    """True when the page has that number, or a section whose name the place begins with or shortens."""
    places = known[citation.page]
    if citation.place in places:
        return True
    if re.match(r"T?\d", citation.place):
        return False
    said = citation.place.casefold().rstrip(".")
    names = [name.casefold() for name in places if not re.match(r"T?\d", name)]
    return any(_begins(said, name) or _begins(name, said) for name in names)


def _begins(long: str, short: str) -> bool:
    return re.match(rf"{re.escape(short)}\b", long) is not None
