"""``parse_mode=HTML``: tags to entities, refused where and as Telegram refuses (tdlib, MessageEntity.cpp)."""

from __future__ import annotations

import html
import re
from typing import Any

from sandbox.errors import ApiError, bad_request
from sandbox.text import utf16_length

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_CHARACTER = re.compile(r"&(?:#(?P<dec>[0-9]{1,7})|#[xX](?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>lt|gt|amp|quot));?")
_ATTRIBUTE = re.compile(
    r"""\s*(?P<name>[^\s=>/"']+)(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[A-Za-z0-9.-]+)))?""",
)


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Plain text and entities of an HTML text.

    Raises:
        ApiError: 400 ``can't parse entities: …`` with Telegram's reason and byte offset.
    """
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.out: list[str] = []
        self.length = 0
        self.open: list[tuple[str, dict[str, str], int]] = []
        self.entities: list[dict[str, Any]] = []

    def parse(self) -> tuple[str, list[dict[str, Any]]]:
        while self.at < len(self.source):
            char = self.source[self.at]
            if char == "<" and self.source.startswith("</", self.at):
                self._end_tag()
            elif char == "<":
                self._start_tag()
            elif char == "&":
                self._character()
            else:
                self._write(char)
                self.at += 1
        if self.open:
            raise _refusal(f'Can\'t find end tag corresponding to start tag "{self.open[-1][0]}"')
        return "".join(self.out), self.entities

    def _write(self, text: str) -> None:
        self.out.append(text)
        self.length += utf16_length(text)

    def _byte_offset(self, at: int) -> str:
        return f"at byte offset {len(self.source[:at].encode())}"

    def _character(self) -> None:
        match = _CHARACTER.match(self.source, self.at)
        code = int(match["dec"] or int(match["hex"], 16)) if match and not match["name"] else None
        if match is None or (code is not None and not 0 < code < 0x110000) or (code and 0xD800 <= code < 0xE000):
            self._write("&")
            self.at += 1
            return
        self._write(_NAMED[match["name"]] if code is None else chr(code))
        self.at = match.end()

    def _start_tag(self) -> None:
        begin = self.at
        name_end = re.compile(r"[\s>]").search(self.source, begin)
        if name_end is None:
            raise _refusal(f"Unclosed start tag {self._byte_offset(begin)}")
        name = self.source[begin + 1 : name_end.start()].lower()
        if name not in _TYPES:
            raise _refusal(f'Unsupported start tag "{name}" {self._byte_offset(begin)}')
        self.at = name_end.start()
        attributes: dict[str, str] = {}
        while True:
            while self.at < len(self.source) and self.source[self.at].isspace():
                self.at += 1
            if self.at >= len(self.source):
                raise _refusal(f'Unclosed start tag "{name}" {self._byte_offset(begin)}')
            if self.source[self.at] == ">":
                break
            match = _ATTRIBUTE.match(self.source, self.at)
            if match is None:
                raise _refusal(f'Empty attribute name in the tag "{name}" {self._byte_offset(begin)}')
            value = next((match[group] for group in ("double", "single", "bare") if match[group] is not None), "")
            attributes[match["name"].lower()] = html.unescape(value)
            self.at = match.end()
        self.at += 1
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _refusal(f'Tag "span" must have class "tg-spoiler" {self._byte_offset(begin)}')
        self.open.append((name, attributes, self.length))

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise _refusal(f"Unexpected end tag {self._byte_offset(begin)}")
        match = re.compile(r"</(?P<name>[^\s>]*)\s*>").match(self.source, begin)
        if match is None:
            raise _refusal(f"Unclosed end tag {self._byte_offset(begin)}")
        name, attributes, start = self.open.pop()
        found = match["name"].lower()
        if found and found != name:
            raise _refusal(
                f'Unmatched end tag {self._byte_offset(begin)}, expected "</{name}>", found "</{found}>"',
            )
        self.at = match.end()
        if self.length > start:
            self._add(name, attributes, start)

    def _add(self, name: str, attributes: dict[str, str], start: int) -> None:
        entity: dict[str, Any] = {"type": _TYPES[name], "offset": start, "length": self.length - start}
        if name == "a":
            url = attributes.get("href") or "".join(self.out)[-entity["length"] :]
            if not re.match(r"(https?|tg|ton|mailto|tel)://?\S|[\w-]+(\.[\w-]+)+", url):
                return
            entity["url"] = url
        elif name == "tg-emoji":
            entity["custom_emoji_id"] = attributes.get("emoji-id", "")
        elif name == "blockquote" and "expandable" in attributes:
            entity["type"] = "expandable_blockquote"
        elif name == "pre":
            inner = self.entities[-1] if self.entities else None
            if inner and (inner["type"], inner["offset"], inner["length"]) == ("code", start, entity["length"]):
                # <pre><code class="language-x"> is one entity: a block in that language.
                self.entities.pop()
                if "language" in inner:
                    entity["language"] = inner["language"]
        elif name == "code" and attributes.get("class", "").startswith("language-") and self._inside_pre():
            entity["language"] = attributes["class"].removeprefix("language-")
        self.entities.append(entity)

    def _inside_pre(self) -> bool:
        return bool(self.open) and self.open[-1][0] == "pre"


def _refusal(reason: str) -> ApiError:
    return bad_request(f"can't parse entities: {reason}")
