"""Draws bars: a small picture of numbers, legible on a phone, with a font of our own for a machine that has none."""

from importlib.resources import files
from io import BytesIO
from typing import Final, TypedDict

from PIL import Image, ImageDraw, ImageFont


class Bar(TypedDict):
    """A bar across: what it counts."""

    label: str
    count: int


class Chart(TypedDict):
    """What is drawn, in words that are ready to be read. JSON can hold it.

    Args:
        title: over all of it.
        facts: under it, a line each.
        parts: what the two parts of each column are, the lower one first.
        columns: the two counts of each.
        ends: what the first and the last column are.
        heading: over the bars.
        bars: under the columns; none leave their place out.
    """

    title: str
    facts: list[str]
    parts: list[str]
    columns: list[list[int]]
    ends: list[str]
    heading: str
    bars: list[Bar]


_WIDTH: Final = 1080
_MARGIN: Final = 60
_PLOT: Final = 360
_LINE: Final = 64
_LARGE, _SMALL = 44, 34
_INK, _QUIET, _PAPER = "#1b1f24", "#5b6570", "#ffffff"
# Told apart by lightness as well, for those who see few colours.
_COLOURS: Final = ("#1f7a5c", "#f0a35e")
FONT: Final = files("bot") / "fonts" / "NotoSansCJKsc-subset.otf"


def draw(chart: Chart) -> bytes:
    """A PNG of the chart. Slow enough not to be called on the event loop."""
    bars_height = _LINE * (len(chart["bars"]) + 1) + 20 if chart["bars"] else 0
    top = _MARGIN + _LINE * (1 + len(chart["facts"]))
    bottom = top + _LINE + _PLOT
    picture = Image.new("RGB", (_WIDTH, bottom + _LINE + _MARGIN + bars_height), _PAPER)
    pen = ImageDraw.Draw(picture)
    large, small = (ImageFont.truetype(BytesIO(FONT.read_bytes()), size) for size in (_LARGE, _SMALL))
    pen.text((_MARGIN, _MARGIN), chart["title"], _INK, large, anchor="lm")
    for number, fact in enumerate(chart["facts"], start=1):
        pen.text((_MARGIN, _MARGIN + _LINE * number), fact, _QUIET, small, anchor="lm")
    _legend(pen, chart["parts"], top, small)
    _columns(pen, chart["columns"], bottom, small)
    first, last = chart["ends"]
    pen.text((_MARGIN, bottom + 30), first, _QUIET, small, anchor="lm")
    pen.text((_WIDTH - _MARGIN, bottom + 30), last, _QUIET, small, anchor="rm")
    if chart["bars"]:
        _bars(pen, chart["heading"], chart["bars"], bottom + _LINE + 30, small)
    content = BytesIO()
    picture.quantize(32).save(content, "PNG", optimize=True)
    return content.getvalue()


def _legend(pen: ImageDraw.ImageDraw, parts: list[str], y: int, font: ImageFont.FreeTypeFont) -> None:
    x = float(_MARGIN)
    for part, colour in zip(parts, _COLOURS, strict=True):
        pen.rectangle((x, y - 14, x + 28, y + 14), colour)
        pen.text((x + 42, y), part, _INK, font, anchor="lm")
        x += 42 + font.getlength(part) + 50


def _columns(pen: ImageDraw.ImageDraw, columns: list[list[int]], bottom: int, font: ImageFont.FreeTypeFont) -> None:
    highest = max(1, *(sum(column) for column in columns))
    step = (_WIDTH - 2 * _MARGIN) / len(columns)
    scale = (_PLOT - 50) / highest
    tallest_told = False
    for number, column in enumerate(columns):
        left, right, base = _MARGIN + number * step + 3, _MARGIN + (number + 1) * step - 3, float(bottom)
        for count, colour in zip(column, _COLOURS, strict=True):
            if count:
                pen.rectangle((left, base - count * scale, right, base), colour)
                base -= count * scale
        if sum(column) == highest and not tallest_told and any(column):
            pen.text(((left + right) / 2, base - 8), str(highest), _INK, font, anchor="mb")
            tallest_told = True
    pen.line((_MARGIN, bottom, _WIDTH - _MARGIN, bottom), _QUIET, 2)


def _bars(pen: ImageDraw.ImageDraw, heading: str, bars: list[Bar], top: int, font: ImageFont.FreeTypeFont) -> None:
    pen.text((_MARGIN, top), heading, _INK, font, anchor="lm")
    left = _MARGIN + max(font.getlength(bar["label"]) for bar in bars) + 24
    right = _WIDTH - _MARGIN - 90
    highest = max(bar["count"] for bar in bars)
    for number, bar in enumerate(bars, start=1):
        y = top + number * _LINE
        pen.text((_MARGIN, y), bar["label"], _INK, font, anchor="lm")
        end = left + (right - left) * bar["count"] / highest
        pen.rectangle((left, y - 18, end, y + 18), _COLOURS[1])
        pen.text((end + 14, y), str(bar["count"]), _INK, font, anchor="lm")
