"""Reads CSV and JSON lines, row by row: a file of any length takes no more memory than a short one."""

import csv
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TextIO

from bot.cli.importing.wording import named
from core.errors import InvalidValue
from core.exits import Exit, Failure

_LONGEST: Final = 128 * 1024  # characters of a line, or of a cell


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the line it begins on, from 1, and what reads its texts by column (raises InvalidValue)."""

    line: int
    texts: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file. Whatever makes the file unreadable as a whole is a Failure, before any row is used.

    Args:
        path: a `.csv` file with a header, or a `.jsonl` file with an object a line; UTF-8, a byte order mark or not.
        columns: the names that may be there. For JSON they are judged row by row.
        needed: of these sets of spellings one name each must be in the header.
    """

    path: Path
    columns: Collection[str]
    needed: tuple[frozenset[str], ...]

    def count(self) -> int:
        """Reads the whole file once and returns how many rows it has. Raises Failure."""
        try:
            odd = self.path.exists() and not self.path.is_file()
        except OSError as error:  # a name that is too long, a folder that may not be looked into
            raise Failure(f"{self.path} cannot be read: {error.strerror}.") from None
        if odd:
            raise Failure(f"{self.path} is not a file: it is read more than once.")
        count = sum(1 for _ in self)
        if not count:
            raise Failure(f"{self.path} has no rows.")
        return count

    def __iter__(self) -> Iterator[Row]:
        try:
            with self.path.open(encoding="utf-8-sig", newline="" if self._is_csv else None) as file:
                yield from self._csv(file) if self._is_csv else self._json(file)
        except OSError as error:
            raise Failure(f"{self.path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise Failure(f"{self.path} is not UTF-8: save it so (in spreadsheets: CSV UTF-8).") from None

    @property
    def _is_csv(self) -> bool:
        suffix = self.path.suffix.lower()
        if suffix not in {".csv", ".jsonl"}:
            raise Failure(f"{self.path} is neither .csv nor .jsonl: its name must say which it is.", Exit.USAGE)
        return suffix == ".csv"

    def _json(self, file: TextIO) -> Iterator[Row]:
        for number, line in enumerate(self._lines(file), 1):
            if line.strip():
                yield Row(number, partial(_object, line))

    def _csv(self, file: TextIO) -> Iterator[Row]:
        reader = csv.reader(self._lines(file), strict=True)
        header: list[str] | None = None
        line = 1
        try:
            for cells in reader:
                if header is None:
                    header = self._checked_header(cells)
                elif cells:
                    yield Row(line, partial(_record, header, cells))
                line = reader.line_num + 1
        except csv.Error:
            raise Failure(
                f"{self.path} is no CSV from line {line} on: a quote may be open there, or a cell too long."
            ) from None

    def _lines(self, file: TextIO) -> Iterator[str]:
        number = 0
        while line := file.readline(_LONGEST + 1):
            number += 1
            if len(line) > _LONGEST:
                raise Failure(f"{self.path}, line {number}: longer than {_LONGEST} characters.")
            yield line

    def _checked_header(self, cells: list[str]) -> list[str]:
        names = [cell.strip() for cell in cells]
        missing = [" or ".join(sorted(spellings)) for spellings in self.needed if not spellings & set(names)]
        if missing:  # without them this is no header: its cells may be anything, and are not shown
            raise Failure(f"The first line of {self.path} must name the columns; missing: {', '.join(missing)}.")
        if unknown := [name for name in names if name not in self.columns]:
            raise Failure(f"{self.path} has columns that are not known: {', '.join(map(named, unknown))}.")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise Failure(f"{self.path} has columns twice: {', '.join(twice)}.")
        return names


def _record(header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise InvalidValue("row.cells", given=len(cells), expected=len(header))
    return dict(zip(header, cells, strict=True))


def _object(line: str) -> dict[str, str]:
    """The texts of a JSON object. Whole numbers are their digits, null is an empty text."""
    try:
        pairs = json.loads(line, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        raise InvalidValue("row.not_json") from None
    if not isinstance(pairs, tuple):
        raise InvalidValue("row.no_object")
    texts: dict[str, str] = {}
    for name, value in pairs:
        if name in texts:
            raise InvalidValue("column.twice", field=name, other=name)
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise InvalidValue("row.no_text", field=name)
        texts[name] = "" if value is None else str(value)
    return texts
