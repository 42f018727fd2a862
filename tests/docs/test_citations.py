"""Whatever the project cites of its spec is there."""

import re

import pytest

from tests.docs.citations import citations, exists, spec
from tests.docs.project_files import SPEC, line_of, text_files

KNOWN = spec(SPEC)


def false_citations(text: str) -> list[str]:
    return [str(citation) for citation in citations(text) if not exists(citation, KNOWN)]


def cite(page: str, place: str) -> str:
    # Put together here, so that this file holds no false citation of its own.
    return f"{page} {place}"


def test_every_citation_names_a_statement_of_the_spec() -> None:
    false = [
        f"{path}:{line_of(text, citation.offset)}: {citation}"
        for path, text in text_files(".py", ".md", ".toml", ".po")
        for citation in citations(text)
        if not exists(citation, KNOWN)
    ]
    assert not false, "these are not in docs/spec:\n" + "\n".join(false)


def test_every_page_named_in_capitals_is_in_the_project() -> None:
    pages = {path.name for path, _ in text_files(".md")}
    strangers = [
        f"{path}:{line_of(text, match.start())}: {match[0]}"
        for path, text in text_files(".py", ".md", ".toml", ".po")
        for match in re.finditer(r"\b[A-Z][A-Z_]+\.md\b", text)
        if match[0] not in pages
    ]
    assert not strangers, "no such page:\n" + "\n".join(strangers)


def test_the_spec_has_all_its_statements() -> None:
    assert {f"T{number}" for number in range(1, 31)} <= KNOWN["TOKENS"]
    assert {str(number) for number in range(1, 29)} <= KNOWN["DIALOGS"]
    assert {str(number) for number in range(1, 15)} <= KNOWN["REVIEW"]
    assert {f"2.{number}" for number in range(1, 19)} <= KNOWN["CONTRACT"]
    assert {f"3.{number}" for number in range(1, 14)} <= KNOWN["CONTRACT"]
    assert {"Passwords", "Login", "Updates", "Privacy"} <= KNOWN["SECURITY"]


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("TOKENS", "T22"),
        ("TOKENS.md", "T1-T13, T28 and T30"),
        ("CONTRACT.md", "1"),
        ("CONTRACT.md", "3.4."),
        ("DIALOGS", "rule 17"),
        ("DIALOGS.md", "rules 12-16 and 27"),
        ("DIALOGS", '"Who is told"'),
        ("REVIEW.md", "6"),
        ("REVIEW", "#6"),
        ("REVIEW.md", "(Audit)"),
        ("SECURITY.md", "Passwords"),
        ("SECURITY.md", "(6.3.8)"),
        ("SECURITY.md", "says which"),
    ],
)
def test_a_true_citation_passes(page: str, place: str) -> None:
    assert false_citations(cite(page, place)) == []


@pytest.mark.parametrize(
    ("page", "place", "caught"),
    [
        ("TOKENS", "T31", "T31"),
        ("TOKENS.md", "T1-T99", "T99"),
        ("TOKENS", "T5, T77 and T6", "T77"),
        ("CONTRACT.md", "5", "5"),
        ("CONTRACT.md", "3.15", "3.15"),
        ("CONTRACT.md", "1.2", "1.2"),
        ("DIALOGS", "rule 29", "29"),
        ("DIALOGS", "rules 12-61", "61"),
        ("REVIEW.md", "15", "15"),
        ("REVIEW", "#0", "0"),
        ("SECURITY.md", "Fingerprints", "Fingerprints"),
        ("SECURITY.md", "(9.9.9)", "9.9.9"),
        ("DIALOGS", '"Who is fed"', "Who is fed"),
    ],
)
def test_a_false_citation_is_caught(page: str, place: str, caught: str) -> None:
    assert false_citations(cite(page, place)) == [cite(page.removesuffix(".md"), caught)]


def test_a_citation_broken_over_two_lines_of_a_comment_is_caught() -> None:
    assert false_citations(cite("# as TOKENS", "\n    # T31")) == [cite("TOKENS", "T31")]


def test_a_test_named_after_no_statement_is_caught() -> None:
    assert false_citations("async def test_t" + "31_of_nothing() -> None:") == [cite("TOKENS", "T31")]
    assert false_citations("def test_rule_" + "29_of_nothing() -> None:") == [cite("DIALOGS", "29")]
