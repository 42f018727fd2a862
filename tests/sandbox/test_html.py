"""parse_mode=HTML, as tdlib's MessageEntity.cpp reads it."""

from __future__ import annotations

import pytest

from sandbox.errors import ApiError
from sandbox.html import parse_html


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("a &lt;b&gt; &amp; &quot;&#39;&#x27;&nbsp;", "a <b> & \"''&nbsp;", []),
        ("<strong>x</strong>", "x", [("bold", 0, 1)]),
        ("<b><i>x</i>y</b>", "xy", [("italic", 0, 1), ("bold", 0, 2)]),
        ("😀<u>ok</u>", "😀ok", [("underline", 2, 2)]),
        ("<tg-spoiler>x</tg-spoiler><span class='tg-spoiler'>y</span>", "xy", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
        ("<b></b>x", "x", []),
        ("<B>x</>", "x", [("bold", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
        ('<a href="javascript:alert(1)">x</a>', "x", []),
    ],
)
def test_tags_become_entities(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    parsed, found = parse_html(source)
    assert parsed == text
    assert [(entity["type"], entity["offset"], entity["length"]) for entity in found] == entities


def test_a_link_keeps_its_address() -> None:
    _, (link,) = parse_html('<a href="https://clinic.example/?a=1&amp;b=2">here</a>')
    assert link == {"type": "text_link", "offset": 0, "length": 4, "url": "https://clinic.example/?a=1&b=2"}


def test_code_in_a_block_names_its_language() -> None:
    _, (block,) = parse_html('<pre><code class="language-python">x</code></pre>')
    assert block == {"type": "pre", "offset": 0, "length": 1, "language": "python"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("李 <name>", 'Unsupported start tag "name" at byte offset 4'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("a <", "Unclosed start tag at byte offset 2"),
        ('<a href="x"', 'Unclosed start tag "a" at byte offset 0'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_what_is_no_markup_is_refused(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {reason}"
