"""What was measured, as a table: medians over the rounds."""

from collections.abc import Iterable
from statistics import median
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

Window = dict[str, Any]


def table(measured: dict[str, Any]) -> RenderableType:
    """The figures that docs/performance.md tells."""
    shown = Table(
        f"others at {measured['pace'] or 'all they can'}/s",
        *("steps/s", "p50 ms", "p99 ms", "over alone"),
        *("loop late p99", "worst", "idle process", "cores: bot", "helpers", "load"),
        *("MB: before", "most", "helpers", "a second", "of bcrypt"),
    )
    windows: list[Window] = measured["windows"]
    alone = median(_quantile(window, 0.99) for window in windows if window["name"].startswith("alone"))
    for name in dict.fromkeys(window["name"] for window in windows):
        of_name = [window for window in windows if window["name"] == name]
        before, most, helpers = zip(*(window["memory_mb"] for window in of_name), strict=True)
        rates = [window["counted"] / window["seconds"] for window in of_name]
        p99 = median(_quantile(window, 0.99) for window in of_name)
        shown.add_row(
            name,
            _middle(window["steps"] / window["seconds"] for window in of_name),
            _middle(_quantile(window, 0.5) for window in of_name),
            _short(p99),
            _short(p99 / alone),
            _middle(_late(window) for window in of_name),
            _short(max(max(window["stalls_ms"], default=0.0) for window in of_name)),
            _short(max(max(window["idle_stalls_ms"], default=0.0) for window in of_name)),
            *(_middle(window["cores"][whose] for window in of_name) for whose in ("bot", "helpers")),
            _middle(window["load_busy"] for window in of_name),
            *(_short(megabytes) for megabytes in (median(before), max(most), max(helpers))),
            _middle(rates),
            _middle(rate / window["raw"] for rate, window in zip(rates, of_name, strict=True))
            if "logins" in name
            else "",
        )
    return Group(shown, f"{median(window['raw'] for window in windows):.2f} checks a second by bcrypt alone.")


def _quantile(window: Window, share: float) -> float:
    ordered = window["latencies_ms"]
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else 0.0


def _late(window: Window) -> float:
    """What one look in a hundred at the loop exceeds, of some 190 a second; the shortest are not noted."""
    stalls, place = window["stalls_ms"], int(window["seconds"] * 1.9)
    return float(stalls[place]) if place < len(stalls) else 0.0


def _middle(values: Iterable[float]) -> str:
    return _short(median(values))


def _short(value: float) -> str:
    if not value:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
