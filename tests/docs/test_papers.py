"""The project stands alone: nothing in it leads to another machine's folders, and every link in it arrives."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.project_files import ROOT, line_of, text_files

# The brackets keep this file from naming what it forbids.
FOREIGN = re.compile(
    r"(?<![\w.-])/(?:[w]ork|[h]ome|[r]oot|[U]sers|[w]orkspace)/"  # somebody's machine
    r"|[.][.]/[s](?:hared|eeds)\b"  # a folder beside the project
    r"|\b[C]:\\"
)
INDEX = re.compile(r"[p]ypi[.]org|[p]ythonhosted[.]org|--(?:extra-)?[i]ndex-url|--[f]ind-links", re.IGNORECASE)

LINK = re.compile(r"!?\[[^\]\n]*\]\(<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def hits(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{line_of(text, match.start())}: {match[0]}"
        for path, text in text_files()
        for match in pattern.finditer(text)
    ]


def test_no_file_names_a_folder_outside_the_project() -> None:
    assert not hits(FOREIGN)


def test_no_file_names_the_host_of_a_package_index() -> None:
    assert not hits(INDEX)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_by_hash_and_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.findall(r"^[A-Za-z0-9][^\n]*(?:\n[ \t]+[^\n]*)*", text, re.MULTILINE)
    assert pins
    assert [pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_a_foreign_path_and_an_index_would_be_found() -> None:
    assert FOREIGN.search("see " + "../sha" + "red/page.md")
    assert FOREIGN.search("open('/ho" + "me/somebody/data')")
    assert INDEX.search("https://py" + "pi.org/simple")


def broken_links(page: Path, text: str) -> Iterator[str]:
    """The targets of `text` that lead nowhere; `page` is where it stands, from the root."""
    for match in LINK.finditer(CODE.sub("", text)):
        target, _, anchor = match["target"].partition("#")
        outward = re.match(r"[a-z][a-z+.-]*:", target)
        place = (ROOT / page.parent / unquote(target)).resolve() if target else ROOT / page
        if not outward and not (place.is_relative_to(ROOT) and place.exists() and has_heading(place, unquote(anchor))):
            yield match["target"]


def has_heading(page: Path, anchor: str) -> bool:
    return not anchor or anchor in anchors(page.read_text(encoding="utf-8"))


def anchors(text: str) -> set[str]:
    """What GitHub calls the headings of a page: small letters, hyphens for blanks, no other marks."""
    headings = re.findall(
        r"^#{1,6} +(.+?) *$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_between_pages_arrive() -> None:
    broken = [f"{path}: {target}" for path, text in text_files(".md") for target in broken_links(path, text)]
    assert not broken, "these lead nowhere:\n" + "\n".join(broken)


def test_a_link_to_nowhere_would_be_found() -> None:
    text = "[a](docs/spec/nothing.md) [b](#no-such-heading) [c](docs/spec/TOKENS.md#no-such-heading) [d](../../x)"
    assert list(broken_links(Path("README.md"), text)) == [
        "docs/spec/nothing.md",
        "#no-such-heading",
        "docs/spec/TOKENS.md#no-such-heading",
        "../../x",
    ]
