"""Medians of the rounds, as a table and as JSON."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

Rounds = Mapping[str, Sequence[Mapping[str, Any]]]


def summed_up(rounds: Rounds, baseline: str) -> dict[str, dict[str, float]]:
    """Each contestant's medians. The ratio is the median of each round's own, against the baseline's same round."""
    return {name: _medians(played, rounds[baseline]) for name, played in rounds.items()}


def _medians(played: Sequence[Mapping[str, Any]], baseline: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    def middle(*path: str) -> float:
        return median(_at(each, path) for each in played)

    return {
        "steps_per_second": median(map(_rate, played)),
        "ratio": median(_rate(ours) / _rate(theirs) for ours, theirs in zip(played, baseline, strict=True)),
        "cpu_us_per_step": median(map(_cpu, played)),
        "cpu_ratio": median(_cpu(ours) / _cpu(theirs) for ours, theirs in zip(played, baseline, strict=True)),
        "calls_per_step": median(each["rush"]["calls"] / each["rush"]["steps"] for each in played),
        "full_p50_ms": middle("rush", "p50_ms"),
        "full_p99_ms": middle("rush", "p99_ms"),
        "gentle_p50_ms": middle("gentle", "p50_ms"),
        "gentle_p99_ms": middle("gentle", "p99_ms"),
        "gentle_cpu_us_per_step": median(_cpu(each, "gentle") for each in played),
        "gentle_p99_ratio": median(
            ours["gentle"]["p99_ms"] / theirs["gentle"]["p99_ms"] for ours, theirs in zip(played, baseline, strict=True)
        ),
        "idle_percent": median(100 * each["idle"]["cpu_seconds"] / each["idle"]["seconds"] for each in played),
        "start_seconds": middle("start_seconds"),
        "memory_mb": middle("memory_mb"),
        "stub_busy": middle("rush", "stub_busy"),
        "others_cores": median(map(_others, played)),
        **{what: sum(each[what] for each in played) for what in ("steps", "wrong", "lost", "doubled")},
    }


def table(summary: Mapping[str, Mapping[str, float]], pace: float) -> Table:
    """What a person reads of it."""
    rows = (
        ("steps a second, flat out", "{steps_per_second:,.0f}"),
        ("  over bare", "{ratio:.2f}"),
        ("CPU µs a step", "{cpu_us_per_step:,.0f}"),
        ("  over bare", "{cpu_ratio:.2f}"),
        ("calls a step", "{calls_per_step:.2f}"),
        ("p50 / p99 ms, flat out", "{full_p50_ms:.0f} / {full_p99_ms:.0f}"),
        (f"p50 / p99 ms at {pace:g} steps a second", "{gentle_p50_ms:.1f} / {gentle_p99_ms:.1f}"),
        ("  p99 over bare", "{gentle_p99_ratio:.2f}"),
        ("  CPU µs a step", "{gentle_cpu_us_per_step:,.0f}"),
        ("start to first answer, s", "{start_seconds:.1f}"),
        ("idle, % of a core", "{idle_percent:.1f}"),
        ("memory, MB", "{memory_mb:.0f}"),
        ("wrong / lost / doubled", "{wrong:.0f} / {lost:.0f} / {doubled:.0f}"),
        ("  of steps", "{steps:,.0f}"),
        ("the stub's core busy", "{stub_busy:.0%}"),
        ("cores busy with other work", "{others_cores:.1f}"),
    )
    shown = Table("", *summary)
    for name, pattern in rows:
        shown.add_row(name, *(pattern.format_map(of) for of in summary.values()))
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


def _rate(played: Mapping[str, Any]) -> float:
    rush = played["rush"]
    return float(rush["steps"] / rush["seconds"])


def _cpu(played: Mapping[str, Any], window: str = "rush") -> float:
    measured = played[window]
    return float(1e6 * measured["cpu_seconds"] / measured["steps"])


def _others(played: Mapping[str, Any]) -> float:
    """How many cores everything but the contestant and the stub kept busy meanwhile."""
    rush = played["rush"]
    others = (rush["machine_seconds"] - rush["cpu_seconds"]) / rush["seconds"] - rush["stub_busy"]
    return max(0.0, float(others))


def _at(values: Any, path: Sequence[str]) -> float:
    for key in path:
        values = values[key]
    return float(values)
