"""Medians of the rounds, as a table and as JSON."""

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.table import Table

DIALOGS: Final = 10_000
"""Memory is told for so many that are open."""
_ENOUGH: Final = 2_000  # opened, to reckon from

Round = Mapping[str, Any]
Rounds = Mapping[str, Sequence[Round]]
Summary = Mapping[str, Mapping[str, Any]]

_ROWS: Final = (
    ("keeps dialogs in", "{kept}"),
    ("steps a second, flat out", "{steps_per_second:,.0f}"),
    ("… over bare", "**{steps_ratio:.2f}**"),
    ("CPU µs a step, flat out", "{cpu_us_per_step:,.0f}"),
    ("… over bare", "**{cpu_ratio:.2f}**"),
    ("calls a step", "{calls_per_step:.2f}"),
    ("p50 / p99 ms, flat out", "{full_p50_ms:.0f} / {full_p99_ms:.0f}"),
    ("… over bare", "{full_p50_ratio:.2f} / {full_p99_ratio:.2f}"),
    ("p50 / p99 ms at {pace:g} steps a second", "{gentle_p50_ms:.1f} / {gentle_p99_ms:.1f}"),
    ("… over bare", "{gentle_p50_ratio:.2f} / **{gentle_p99_ratio:.2f}**"),
    ("… CPU µs a step", "{gentle_cpu_us_per_step:,.0f}"),
    ("memory, MB, before", "{memory_mb:.0f}"),
    ("… more for 10,000 open dialogs", "{open_grown_mb:.1f}"),
    ("… and all of it over bare's", "{open_memory_ratio:.2f}"),
    ("start to first answer, s, empty database", "{start_seconds:.1f}"),
    ("idle, % of a core", "{idle_percent:.1f}"),
    ("wrong / lost / doubled", "{wrong:.0f} / {lost:.0f} / {doubled:.0f}"),
    ("… of steps", "{steps:,.0f}"),
    ("the stub's core busy", "{stub_busy:.0%}"),
    ("cores busy with other work", "{others_cores:.1f}"),
)


def summed_up(rounds: Rounds, baseline: str) -> dict[str, dict[str, float]]:
    """Each contestant's medians. A ratio is the median of each round's own, against the baseline's same round."""
    return {name: _medians(played, rounds[baseline]) for name, played in rounds.items()}


def _medians(played: Sequence[Round], baseline: Sequence[Round]) -> dict[str, float]:
    def middle(of: Callable[[Round], float]) -> float:
        return median(map(of, played))

    def ratio(of: Callable[[Round], float]) -> float:
        return median(of(ours) / of(theirs) for ours, theirs in zip(played, baseline, strict=True))

    def is_enough(each: Round) -> bool:
        return int(each.get("opened", 0)) >= _ENOUGH

    opening = {}
    if any(map(is_enough, played)):
        opening["open_grown_mb"] = median(_grown(each) for each in played if is_enough(each))
        both = [pair for pair in zip(played, baseline, strict=True) if all(map(is_enough, pair))]
        if both:
            ratios = ((_memory(ours) + _grown(ours)) / (_memory(theirs) + _grown(theirs)) for ours, theirs in both)
            opening["open_memory_ratio"] = median(ratios)
    return {
        "steps_per_second": middle(_rate),
        "steps_ratio": ratio(_rate),
        "cpu_us_per_step": middle(_cpu),
        "cpu_ratio": ratio(_cpu),
        "calls_per_step": middle(lambda each: each["rush"]["calls"] / each["rush"]["steps"]),
        "full_p50_ms": middle(_p("rush", 50)),
        "full_p50_ratio": ratio(_p("rush", 50)),
        "full_p99_ms": middle(_p("rush", 99)),
        "full_p99_ratio": ratio(_p("rush", 99)),
        "gentle_p50_ms": middle(_p("gentle", 50)),
        "gentle_p50_ratio": ratio(_p("gentle", 50)),
        "gentle_p99_ms": middle(_p("gentle", 99)),
        "gentle_p99_ratio": ratio(_p("gentle", 99)),
        "gentle_cpu_us_per_step": middle(lambda each: _cpu(each, "gentle")),
        "memory_mb": middle(_memory),
        **opening,
        "start_seconds": middle(lambda each: each["start_seconds"]),
        "idle_percent": middle(lambda each: 100 * each["idle"]["cpu_seconds"] / each["idle"]["seconds"]),
        "stub_busy": middle(lambda each: each["rush"]["stub_busy"]),
        "others_cores": middle(_others),
        **{what: sum(each[what] for each in played) for what in ("steps", "wrong", "lost", "doubled")},
    }


def rows(summary: Summary, pace: float) -> list[tuple[str, ...]]:
    """What a person reads of it: each row's name, and a cell for each contestant, as Markdown."""
    return [(name.format(pace=pace), *(_cell(pattern, of) for of in summary.values())) for name, pattern in _ROWS]


def _cell(pattern: str, of: Mapping[str, Any]) -> str:
    try:
        return pattern.format_map(of)
    except KeyError:
        return "—"  # too few dialogs were opened to tell


def table(summary: Summary, pace: float) -> Table:
    """The same for a terminal."""
    shown = Table("", *summary)
    for row in rows(summary, pace):
        shown.add_row(*(cell.replace("**", "") for cell in row))
    return shown


def write(
    folder: Path,
    values: Mapping[str, Any],
    name: str = "benchmark",
    packages: Sequence[str] = ("python-telegram-bot", "aiohttp", "SQLAlchemy", "uvloop"),
) -> Path:
    """Writes everything that was measured, with what it was measured on, and returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    file = folder / f"{name}-{now:%Y%m%d-%H%M%S}.json"
    machine = {
        "at": now.isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
    }
    file.write_text(json.dumps(machine | dict(values), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file


def _rate(played: Round) -> float:
    rush = played["rush"]
    return float(rush["steps"] / rush["seconds"])


def _cpu(played: Round, window: str = "rush") -> float:
    measured = played[window]
    return float(1e6 * measured["cpu_seconds"] / measured["steps"])


def _p(window: str, percent: int) -> Callable[[Round], float]:
    return lambda played: float(played[window][f"p{percent}_ms"])


def _memory(played: Round) -> float:
    """Before anybody opened a dialog to leave it open."""
    return float(played["memory_mb"] - played.get("opening", {}).get("grown_mb", 0.0))


def _grown(played: Round) -> float:
    """MB that the process grew by, reckoned for so many open dialogs."""
    return float(played["opening"]["grown_mb"] * DIALOGS / played["opened"])


def _others(played: Round) -> float:
    """How many cores everything but the contestant and the stub kept busy meanwhile."""
    rush = played["rush"]
    others = (rush["machine_seconds"] - rush["cpu_seconds"]) / rush["seconds"] - rush["stub_busy"]
    return max(0.0, float(others))
