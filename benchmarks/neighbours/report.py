"""What was measured, as a table: medians over the rounds."""

from statistics import median
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

Window = dict[str, Any]


def table(measured: dict[str, Any]) -> RenderableType:
    """The figures that docs/performance.md tells."""
    shown = Table(
        f"others at {measured['pace']} steps/s",
        *(
            "p50 ms",
            "p99 ms",
            "p99 over alone",
            "stall p99",
            "worst",
            "idle process",
            "MB",
            "peak",
            "bot, cores",
            "its helpers",
            "all",
            "load",
        ),
        *("work/s", "of raw bcrypt"),
    )
    windows: list[Window] = measured["windows"]
    alone = [_quantile(window, 0.99) for window in windows if window["name"].startswith("alone")]
    for name in dict.fromkeys(window["name"] for window in windows):
        of_name = [window for window in windows if window["name"] == name]
        p99 = [_quantile(window, 0.99) for window in of_name]
        ratio = median(p99) / median(alone) if median(p99) else 0
        shown.add_row(
            name,
            _middle(_quantile(window, 0.5) for window in of_name),
            _middle(p99),
            f"{ratio:.2f}",
            _middle(_nth(window["stalls_ms"], window["seconds"]) for window in of_name),
            f"{max(max(window['stalls_ms'], default=0) for window in of_name):.1f}",
            f"{max(max(window['idle_stalls_ms'], default=0) for window in of_name):.1f}",
            _middle(window["memory_mb"] for window in of_name),
            _middle(window["peak_mb"] for window in of_name),
            _middle(window["cores"]["bot"] for window in of_name),
            _middle(window["cores"]["helpers"] for window in of_name),
            _middle(window["cores"]["machine"] for window in of_name),
            _middle(window["load_busy"] for window in of_name),
            _middle(window["counted"] / window["seconds"] for window in of_name),
            _middle(window["counted"] / window["seconds"] / window["raw"] for window in of_name)
            if "logins" in name
            else "",
        )
    return Group(shown, f"{median(window['raw'] for window in windows):.2f} checks a second by bcrypt alone.")


def _quantile(window: Window, share: float) -> float:
    ordered = window["latencies_ms"]
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else 0.0


def _nth(stalls: list[float], seconds: float) -> float:
    """That which one look in a hundred exceeds, of some 190 looks a second; the short ones are not noted."""
    place = int(seconds * 1.9)
    return stalls[place] if place < len(stalls) else 0.0


def _middle(values: Any) -> str:
    value = median(values)
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"
