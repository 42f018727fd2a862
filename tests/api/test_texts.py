"""There is a Chinese sentence for everything that the core may refuse over HTTP (CONTRACT.md 3.10)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import texts

CORE = Path(__file__).parents[2] / "core"
# What routes lead to; the rest of the core is asked by the bot, the command line and imports alone.
REACHED = ["accounts", "certificates", "consents", "login", "passwords", "permissions", "photo_arrivals", "photos"]
REACHED += ["profiles", "profile_values", "sessions", "throttle", "values"]
# Admins' work on accounts is done in the bot, and what doctors do with a certificate but to send one; hashes come in
# by imports.
ELSEWHERE = re.compile(
    r"account\.(?!role_not_open|unknown).*|password_hash\..*"
    r"|certificate\.(appeal.*|is_appeal|nothing_.*)|photo\.too_small"
)
REFUSING = {"InvalidValue", "AccountError", "NotFound", "Conflict", "Throttled", "Busy", "refusal", "Forbidden"}


def codes() -> Iterator[str]:
    """Every code in the core's source: whole in a string, or its two halves in a call of `refusal`."""
    for module in REACHED:
        for node in ast.walk(ast.parse((CORE / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from codes_of(node)
            elif isinstance(node, ast.Constant) and str(node.value).endswith(".unknown"):
                yield str(node.value)  # from a table of what may not be there


def codes_of(call: ast.Call) -> Iterator[str]:
    """The codes in one call."""
    name = getattr(call.func, "id", None)
    if name not in REFUSING:
        return
    given = call.args[2:] if name == "Forbidden" else call.args  # its first is a permission
    strings = [str(part.value) for each in given for part in ast.walk(each) if isinstance(part, ast.Constant)]
    yield from (value for value in strings if "." in value)
    if name == "refusal" and isinstance(call.args[0], ast.Constant):
        yield from (f"{strings[0]}.{fault}" for fault in strings[1:] if re.fullmatch("[a-z_]+", fault))


CODES = sorted({code for code in codes() if re.fullmatch(r"[a-z_]+\.[a-z_]+", code) and not ELSEWHERE.fullmatch(code)})


def test_the_codes_are_found() -> None:
    assert {"phone.wrong_format", "age.too_high", "hospital.unknown", "phone.not_here", "email.needed"} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_core_has_a_sentence(code: str) -> None:
    assert texts.is_known(code)


def test_every_sentence_is_written_out(subtests: pytest.Subtests) -> None:
    anything = {"min": 1, "max": 2, "given": 3, "wait_seconds": 4}
    for code in CODES:
        with subtests.test(code):
            told = texts.sentence(code, anything)
            assert re.fullmatch(r"[^{}]*[\u4e00-\u9fff][^{}]*。|Unauthenticated\.", told), told
