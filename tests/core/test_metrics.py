"""What may stand in a metric: the log's events are counted by their words, so no word of anybody's may be in them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from core.logs import count
from core.metrics import FAULTS

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "bot", "core", "ops", "storage")
COUNTED = {"warning", "error", "exception", "pause"}  # Outage.pause logs what it is given
THE_PAUSE = "bot/outage.py"


def built_events() -> Iterator[str]:
    """Where an event that is counted is not written out in the code."""
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in COUNTED:
                built = bool(node.args) and not isinstance(node.args[0], ast.Constant)
                if built and name != THE_PAUSE:
                    yield f"{name}:{node.lineno}"


def test_every_event_that_is_counted_is_written_out() -> None:
    assert list(built_events()) == []


def test_warnings_and_errors_are_counted_and_what_is_fine_is_not() -> None:
    def counted(level: str) -> float:
        return float(FAULTS.labels(level, "a test's event")._value.get())

    for method in ("info", "warning", "error", "exception"):
        count(None, method, {"event": "a test's event", "phone": "13812345678"})
    assert (counted("warning"), counted("error"), counted("info")) == (1, 2, 0)
