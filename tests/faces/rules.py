"""Which statements the scenarios prove, and on which face one means nothing."""

from collections.abc import Callable
from typing import Final, TypeVar

FACES: Final = ("core", "http", "bot")

_NO_TOKEN = "the bot holds no token text: its login is a row found by the Telegram user"

MEANINGLESS: Final[dict[str, dict[str, str]]] = {
    **{f"TOKENS T{number}": {"bot": _NO_TOKEN} for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 20, 21, 22, 24)},
    "TOKENS T10": {"core": "the core is handed a token and reads no request", "bot": _NO_TOKEN},
    "TOKENS T29": {"core": "tests/core/test_tokens.py has it for the ring itself", "bot": _NO_TOKEN},
    "CONTRACT.md 1 password at its ends": {"bot": "Telegram takes white space away before anybody sees it"},
    "CONTRACT.md 3.3": {"core": "the core reads no headers", "bot": "nor does the bot"},
    "CONTRACT.md 3.5": {"bot": "no act of the bot names the phone beside what it writes"},
    "CONTRACT.md 3.7": {"bot": "/profile opens the record of one's own role and can name no other"},
    "CONTRACT.md 4 medical history": {"bot": "there a consent comes first: tests/bot tells that story"},
}
"""By statement, then by face: why there is nothing to try there."""

ELSEWHERE: Final = {"TOKENS T28": "a program that refuses to start has no faces: see the tests of both command lines"}
"""Statements that are about no account and no token."""

STATEMENTS: Final = (
    *(statement for number in range(1, 30) if (statement := f"TOKENS T{number}") not in ELSEWHERE),
    *(f"CONTRACT.md 1 {name}" for name in ("phone", "email", "username", "name", "password", "sex", "age", "role")),
    "CONTRACT.md 1 birth_date",
    *(f"CONTRACT.md 3.{number}" for number in (3, 4, 5, 6, 7, 8)),
    "CONTRACT.md 4",
)
"""Every statement that is about the accounts and tokens themselves and not about how one face writes its answers."""

_Test = TypeVar("_Test", bound=Callable[..., object])


def proves(*statements: str) -> Callable[[_Test], _Test]:
    """Marks a scenario with what it proves. It runs on every face on which all of that means something."""

    def mark(test: _Test) -> _Test:
        test.statements = statements  # type: ignore[attr-defined]
        return test

    return mark


def only(*faces: str) -> Callable[[_Test], _Test]:
    """Marks a test that is about these faces and no scenario."""

    def mark(test: _Test) -> _Test:
        test.only = faces  # type: ignore[attr-defined]
        return test

    return mark


def faces_of(statements: tuple[str, ...]) -> list[str]:
    """The faces on which none of these statements is without meaning."""
    return [face for face in FACES if not any(face in MEANINGLESS.get(statement, {}) for statement in statements)]
