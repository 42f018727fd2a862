"""The picture of `/stats`: what it shows, and that it can be read on a machine without fonts."""

from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageFont

from bot.chart import FONT, Bar, Chart, draw
from bot.dialog.view import Param, Text
from bot.texts import LANGUAGES, Catalogue
from core.reasons import Reason

FILLED: dict[str, Param] = {"number": 0, "date": "", "wait": "", "median": "", "longest": ""}
DRAWN = [
    *(Text(f"stats.{key}", FILLED) for key in ("title", "oldest", "waits", "approved", "refused", "reasons", "day")),
    *(Text(key, {"count": 2}) for key in ("stats.waiting", "wait.minutes", "wait.hours", "wait.days")),
    *(Text(f"reason.{reason}") for reason in Reason),
]


def chart(columns: list[list[int]], bars: list[Bar]) -> Chart:
    return Chart(
        title="证书",
        facts=["等待 1"],
        parts=["通过", "退回"],
        columns=columns,
        ends=["1", "2"],
        heading="原因",
        bars=bars,
    )


def shown(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content)).convert("RGB")


def amount(picture: Image.Image, colour: str) -> int:
    """How many points of the picture are of this colour."""
    wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    return sum(count for count, found in picture.getcolors(1 << 20) or [] if found == wanted)


def test_a_column_is_as_high_as_what_it_counts() -> None:
    one, two = (shown(draw(chart([[9, 0], [count, 0]], []))) for count in (1, 2))
    both = shown(draw(chart([[9, 0], [1, 1]], [])))
    assert amount(both, "#1f7a5c") == pytest.approx(amount(one, "#1f7a5c"), rel=0.01)
    assert amount(two, "#1f7a5c") > amount(one, "#1f7a5c")
    assert amount(both, "#f0a35e") > amount(one, "#f0a35e")


def test_nothing_decided_is_a_picture_too() -> None:
    assert shown(draw(chart([[0, 0]] * 30, []))).width == 1080


def test_reasons_make_it_higher() -> None:
    without = shown(draw(chart([[1, 2]], [])))
    assert shown(draw(chart([[1, 2]], [Bar(label="缺角", count=3)]))).height > without.height


def test_the_font_has_every_character_that_is_drawn() -> None:
    font = ImageFont.truetype(BytesIO(FONT.read_bytes()), 20)
    lacking = bytes(font.getmask("\ue000"))
    catalogue = Catalogue(ZoneInfo("UTC"))
    texts = "0123456789-" + "".join(catalogue.render(text, language) for text in DRAWN for language in LANGUAGES)
    missing = {each for each in texts if not each.isspace() and bytes(font.getmask(each)) == lacking}
    assert not missing, f"bot/fonts/README.md says how to make the font anew; it lacks {''.join(sorted(missing))}"
