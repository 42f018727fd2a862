"""A pytest plugin: whatever a test had logged, here or by a process it started, tells no secret (SECURITY.md Secrets).

It reads what pytest captured anyway, and the log files that processes wrote into the test's folder. A test whose logs
tell a password, a medical history, a code, a token, a phone or a picture fails, even if it went well otherwise.
"""

import re
from collections.abc import Callable, Generator, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import pytest

from core.logs import redact
from core.passwords import Passwords
from core.profiles import Profiles
from core.recovery import Recovery
from core.second_factors import Enrolment
from core.unit import UnitOfWork

_PICTURE: Final = re.compile(r"\\xff\\xd8\\xff|\\x89PNG|/9j/4AAQ|iVBORw0KGgo")
_NAMED_SECRET: Final = re.compile(r"PASSWORD|SECRET|HISTORY")
_heard: set[str] = set()


def leaks(text: str, secrets: Iterable[str]) -> list[str]:
    """Which of these secrets stand in a text, and whether a picture does."""
    pictures = ["a picture"] if _PICTURE.search(text) else []
    return [*pictures, *(secret for secret in sorted(secrets) if secret in text)]


def unmasked(log: str) -> list[str]:
    """The lines of a process's own log that still hold what is masked in every line: tokens and phones."""
    return [line for line in log.splitlines() if redact(line) != line]


def hear(*texts: str) -> None:
    """These must not be read in any log of the present test."""
    _heard.update(line for text in texts for line in text.splitlines() if _is_telling(line))


def _is_telling(line: str) -> bool:
    """Whether it would not be found by chance: digits alone stand in every phone, short words in every sentence."""
    word = line.strip()
    by_chance = word.isdecimal() or (word.isascii() and word.isalpha() and len(word) < 10)
    return len(word.encode("utf-8", "surrogatepass")) >= 6 and len(set(word)) >= 5 and not by_chance


def pytest_configure() -> None:
    """Listens to what core is given, and goes on as always."""
    _listen(Passwords, "verify", lambda _self, _stored, password: [password])
    _listen(Passwords, "hash", lambda _self, password: [password.value])
    _listen(Passwords, "rehash", lambda _self, password: [password])
    _listen(Profiles, "seal", lambda _self, _account, history: [history.value])
    _listen(Enrolment, "__init__", lambda _self, _account, secret, _address, codes: [secret, *codes])
    new_number = Recovery._new_number

    async def heard_number(self: Recovery, uow: UnitOfWork, telegram_user_id: int) -> str:
        number = await new_number(self, uow, telegram_user_id)
        hear(number)
        return number

    Recovery._new_number = heard_number  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Looks at the end of each test."""
    report = yield
    if call.when == "teardown":
        found = _found(item, "\n".join(text for _, text in report.sections))
        _heard.clear()
        if found and report.passed:
            report.outcome = "failed"
            report.longrepr = "These must not stand in any log:\n" + "\n".join(found)
    return report


def _found(item: pytest.Item, captured: str) -> list[str]:
    secrets = _heard | set(_constants(item))
    found = leaks(captured, secrets)
    if found:  # tests mostly log without what masks tokens and phones in every line of a process
        found = leaks(redact(captured), secrets)
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    for log in (*folder.glob("*.log"), *folder.glob("*/*.log")) if isinstance(folder, Path) else ():
        text = log.read_text(encoding="utf-8", errors="replace")
        found += [f"{log.name}: {each}" for each in (*leaks(text, secrets), *unmasked(text))]
    return found


def _constants(item: pytest.Item) -> list[str]:
    """What a test module calls a password: processes that it starts are given it, and nobody hears that here."""
    named = vars(getattr(item, "module", None) or object)
    return [value for name, value in named.items() if isinstance(value, str) and _NAMED_SECRET.search(name)]


def _listen(owner: type, name: str, secrets: Callable[..., Iterable[str]]) -> None:
    original = getattr(owner, name)

    @wraps(original)
    def heard(*args: Any, **kwargs: Any) -> Any:
        hear(*secrets(*args, **kwargs))
        return original(*args, **kwargs)

    setattr(owner, name, heard)
