"""What was measured as Markdown and as a picture: `python -m benchmarks.page [JSON]` also puts them into docs/.

Without a file it is the newest in artifacts/.
"""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from benchmarks import aims, report, stalls

_DOCS: Final = Path(__file__).parents[1] / "docs"
_PAGE: Final = _DOCS / "performance.md"
_PICTURE: Final = _DOCS / "pictures" / "benchmark.svg"
_BEGIN, _END = "<!-- python -m benchmarks.page: {} -->", "<!-- end -->"

_PANELS: Final = (
    ("steps a second over bare, flat out", "steps_ratio"),
    ("CPU a step over bare, flat out (less is better)", "cpu_ratio"),
    ("p99 over bare at a gentle pace (less is better)", "gentle_p99_ratio"),
)
_WIDTH, _NAMES, _ROW, _HEAD, _GAP = 760, 200, 24, 34, 18  # pixels


def markdown(measured: Mapping[str, Any]) -> str:
    """The day, the table, and the loop's worst stall."""
    summary: report.Summary = measured["summary"]
    day = datetime.fromisoformat(measured["at"])
    busy = max(of["others_cores"] for of in summary.values())
    head = ("", *summary)
    said = (
        f"On {day:%Y-%m-%d} at {day:%H:%M} UTC, {measured['cores']} shared virtual cores, Python {measured['python']}, "
        f"{measured['rounds_each']} rounds of each; meanwhile other work kept up to {busy:.1f} cores busy. "
        f"The stub alone answers {measured['stub_calls_per_second']:,.0f} calls a second."
    )
    lines = [
        said,
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in report.rows(summary, measured["pace"])),
        "",
        stalls.sentence(measured["stalls"]),
    ]
    return "\n".join(lines)


def svg(measured: Mapping[str, Any]) -> str:
    """Bars for each contestant: how it stands to bare python-telegram-bot."""
    summary: report.Summary = measured["summary"]
    panel = _HEAD + _ROW * len(summary) + _GAP
    height = panel * len(_PANELS)
    root = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {height}", width=str(_WIDTH),
        height=str(height), style="font: 13px sans-serif; background: white",
    )  # fmt: skip
    for number, (title, key) in enumerate(_PANELS):
        _draw(root, number * panel, title, {name: of[key] for name, of in summary.items()})
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _draw(root: ET.Element, top: int, title: str, values: Mapping[str, float]) -> None:
    _text(root, 0, top + 20, title, **{"font-weight": "bold"})
    room = _WIDTH - _NAMES - 60
    most = max(values.values())
    for number, (name, value) in enumerate(values.items()):
        y = top + _HEAD + number * _ROW
        length = max(1.0, room * value / most)
        colour = "#2a78c8" if name.startswith("this bot") else "#b4b9c0"
        _text(root, _NAMES - 8, y + 14, name, **{"text-anchor": "end"})
        box = {"x": _NAMES, "y": y, "width": round(length, 1), "height": _ROW - 6}
        ET.SubElement(root, "rect", {key: str(at) for key, at in box.items()}, fill=colour)
        _text(root, _NAMES + length + 6, y + 14, f"{value:.2f}")


def _text(root: ET.Element, x: float, y: float, text: str, **more: str) -> None:
    ET.SubElement(root, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", **more}).text = text


def write(measured: Path) -> tuple[Path, Path]:
    """Writes both beside the JSON file and returns them: the Markdown, the picture."""
    values = json.loads(measured.read_text(encoding="utf-8"))
    text, picture = measured.with_suffix(".md"), measured.with_suffix(".svg")
    text.write_text(f"{markdown(values)}\n\n{aims.markdown(values)}\n", encoding="utf-8")
    picture.write_text(svg(values), encoding="utf-8")
    return text, picture


def written(page: str, name: str, table: str) -> str:
    """The page with this between the marks of that name."""
    begin = _BEGIN.format(name)
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(_END)
    return f"{before}{begin}\n\n{table}\n\n{_END}{after}"


def into_docs(measured: Path) -> None:
    """Puts the tables and the picture where people read them."""
    values = json.loads(measured.read_text(encoding="utf-8"))
    shown = f"{markdown(values)}\n\n![How the contestants stand to bare python-telegram-bot](pictures/{_PICTURE.name})"
    page = written(_PAGE.read_text(encoding="utf-8"), "run", shown)
    _PAGE.write_text(written(page, "aims", aims.markdown(values)), encoding="utf-8")
    _PICTURE.write_text(svg(values), encoding="utf-8")


if __name__ == "__main__":
    newest = max(Path("artifacts").glob("benchmark-[0-9]*.json"), key=lambda file: file.name)
    into_docs(Path(sys.argv[1]) if sys.argv[1:] else newest)
    print(f"Written: {_PAGE.name} and {_PICTURE.name}.")
