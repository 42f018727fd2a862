"""What `make bench` writes says what was measured, and of whom."""

from typing import Any
from xml.etree import ElementTree as ET

from benchmarks import aims, page, report
from benchmarks.contestants import AIOGRAM_NAME, SQLITE_NAME


def _round(steps: int, p99: float, *, cpu: float = 1.0, grown: float | None = None, wrong: int = 0) -> dict[str, Any]:
    window = {"seconds": 5.0, "p50_ms": p99 / 2, "p99_ms": p99, "cpu_seconds": cpu, "steps": steps}
    opening = {} if grown is None else {"opening": {"grown_mb": grown}, "opened": 5_000}
    return {
        "rush": window | {"calls": steps, "machine_seconds": cpu + 0.5, "stub_busy": 0.05},
        "gentle": window,
        "idle": window | {"cpu_seconds": 0.0},
        "start_seconds": 1.5,
        "memory_mb": 100.0 + (grown or 0.0),
        "steps": steps * 2,
        "wrong": wrong,
        "lost": 0,
        "doubled": 0,
        **opening,
    }


def _measured(**rounds: list[dict[str, Any]]) -> dict[str, Any]:
    names = {"bare": "bare", "aiogram": AIOGRAM_NAME, "ours": SQLITE_NAME}
    summed = report.summed_up({names[name]: played for name, played in rounds.items()}, "bare")
    stalls = {
        who: {window: {"worst_ms": 7.0, "long": 0} for window in ("rush", "gentle")} for who in ("bot", "nothing")
    }
    return {
        "at": "2026-11-21T19:00:00+00:00",
        "cores": 2,
        "python": "3.11.7",
        "rounds_each": 2,
        "pace": 100.0,
        "stub_calls_per_second": 25_000.0,
        "summary": {name: {**of, "kept": "somewhere"} for name, of in summed.items()},
        "stalls": stalls,
    }


def test_a_ratio_is_taken_within_a_round_so_that_a_slow_minute_of_the_machine_does_not_tilt_it() -> None:
    measured = _measured(
        bare=[_round(1_000, 10.0), _round(100, 100.0), _round(1_000, 10.0)],
        ours=[_round(3_000, 20.0), _round(300, 200.0), _round(300, 2.0)],
    )
    ours = measured["summary"][SQLITE_NAME]
    assert (ours["steps_ratio"], ours["gentle_p99_ratio"]) == (3.0, 2.0)


def test_the_page_has_a_column_for_each_and_memory_for_ten_thousand_open_dialogs() -> None:
    measured = _measured(
        bare=[_round(1_000, 10.0), _round(1_000, 10.0, grown=1.0)],
        ours=[_round(3_000, 20.0), _round(3_000, 20.0, grown=2.0, wrong=1)],
    )
    text = page.markdown(measured)
    assert f"|  | bare | {SQLITE_NAME} |" in text
    assert "| … over bare | **1.00** | **3.00** |" in text
    assert "| … more for 10,000 open dialogs | 2.0 | 4.0 |" in text
    assert "| wrong / lost / doubled | 0 / 0 / 0 | 1 / 0 / 0 |" in text
    root = ET.fromstring(page.svg(measured))
    assert "3.00" in [each.text for each in root]


def test_who_opened_too_few_dialogs_has_no_figure_for_their_memory() -> None:
    few = _round(1_000, 10.0, grown=2.0) | {"opened": 300}
    assert "| … more for 10,000 open dialogs | — |" in page.markdown(_measured(bare=[few]))


def test_the_aims_say_what_is_reached_and_what_is_not() -> None:
    measured = _measured(
        bare=[_round(1_000, 10.0, grown=1.0)],
        aiogram=[_round(1_500, 10.0, grown=1.0)],
        ours=[_round(3_500, 20.0, grown=1.25, wrong=1)],
    )
    text = aims.markdown(measured)
    assert "| 1.5 | 3 | 5 | **3.50**, wanted | — |" in text
    assert "| … over aiogram's FSM in memory | 1 | 2 | 4 | **2.33**, wanted | — |" in text
    assert "| p99 at 100 steps/s over bare's echo | 1 | 0.35 | 0.2 | **2.00**, not met | — |" in text
    assert "| 50 ms | 15 ms | 5 ms | **7.00** ms, wanted | — |" in text
    assert "| 20 MB | 5 MB | 3 MB | **2.50** MB, moonshot | — |" in text
    assert "| wrong, lost, doubled steps | 0 | 0 | 0 | **1.00**, not met | — |" in text


def test_only_what_is_between_the_marks_is_written_anew() -> None:
    marks = "before\n<!-- python -m benchmarks.page: {} -->\nold\n<!-- end -->\nafter\n"
    text = page.written(marks.format("run") + marks.format("aims"), "run", "new")
    assert text.count("old") == 1
    assert text.startswith("before\n<!-- python -m benchmarks.page: run -->\n\nnew\n\n<!-- end -->\nafter\nbefore")
