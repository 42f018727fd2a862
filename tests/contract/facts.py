"""How the facts of the three documents are written down: what they print, and what is answered where that differs.

S0 is "API Reference", S1 "用户端接口", S2 "医生端接口". In `answered` a type stands for any value of it: what the
documents print there (`"string"`, 0, an empty token) tells a type and no value. Everything else is compared as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Json = Any
Place = Literal["header", "body"]
JSON_TYPE: Final = "application/json"
AS_PRINTED: Final = object()


@dataclass(frozen=True)
class Parameter:
    """A row of a request's table."""

    name: str
    place: Place
    type: str
    required: bool


@dataclass(frozen=True)
class Key:
    """A row of an answer's structure table; `path` joins nested keys by dots."""

    path: str
    type: str
    required: bool


@dataclass(frozen=True)
class Answer:
    """An example of an answer. `settled` says by which statement it is not `printed` that is answered."""

    status: int
    printed: Json
    answered: Json = AS_PRINTED
    settled: str | None = None

    @property
    def expected(self) -> Json:
        """What is compared with the real answer."""
        return self.printed if self.answered is AS_PRINTED else self.answered


@dataclass(frozen=True)
class Operation:
    """One operation of one document, by the heading it stands under.

    `row` is its row in CONTRACT.md 2, `headers` those of a printed request, `body` the printed one. `token` says
    whether the document wants a login here, `who` whose login CONTRACT.md wants.
    """

    document: Literal["S0", "S1", "S2"]
    heading: str
    row: int
    method: str
    path: str
    answers: tuple[Answer, ...]
    headers: Mapping[str, str] | None = None
    body: Mapping[str, Json] | None = None
    parameters: tuple[Parameter, ...] = ()
    keys: tuple[Key, ...] = ()
    token: bool = False
    who: Literal["anyone", "patient", "doctor"] = "anyone"

    def __str__(self) -> str:
        return f"{self.document} {self.method} {self.path}"

    @property
    def fields(self) -> tuple[Parameter, ...]:
        """The rows of the request's table that are about its body."""
        return tuple(row for row in self.parameters if row.place == "body" and row.name != "body")

    @property
    def printed_headers(self) -> dict[str, str]:
        """The headers that the document sends, but for Authorization: its value is a token."""
        if self.headers is not None:
            return dict(self.headers)
        names = {row.name for row in self.parameters if row.place == "header"}
        return {"Content-Type": JSON_TYPE} if "Content-Type" in names else {}


def matches(expected: Json, given: Json) -> bool:
    """Whether an answer is the expected one: same keys, same values, and any value where a type is expected."""
    if isinstance(expected, type):
        return type(given) is expected
    if isinstance(expected, Mapping):
        same = isinstance(given, Mapping) and expected.keys() == given.keys()
        return same and all(matches(value, given[key]) for key, value in expected.items())
    return type(expected) is type(given) and bool(expected == given)
