"""Photos that look too dark or blurred (REVIEW.md Flags)."""

import io

import pytest
from PIL import Image, ImageFilter

from core.photo_looks import Hint, hints
from tests import pictures


def as_sent(picture: Image.Image) -> Image.Image:
    """As a phone sends it."""
    return Image.open(io.BytesIO(pictures.jpeg(picture, quality=85))).convert("RGB")


@pytest.mark.parametrize("size", [(1280, 960), (720, 1280), (4000, 3000)])
def test_a_page_in_light_and_focus_has_no_hint(size: tuple[int, int]) -> None:
    assert hints(as_sent(pictures.page(size))) == ()


def test_a_page_out_of_focus_looks_blurred() -> None:
    assert hints(as_sent(pictures.page().filter(ImageFilter.GaussianBlur(5)))) == (Hint.BLURRED,)


def test_a_page_in_the_dark_looks_dark_and_no_worse() -> None:
    assert hints(as_sent(pictures.page().point(lambda level: level // 6))) == (Hint.DARK,)


@pytest.mark.parametrize(
    "picture",
    [Image.new("RGB", (400, 300)), Image.new("L", (3, 3), 255), Image.new("L", (1, 1)), Image.new("L", (9000, 2))],
)
def test_whatever_it_shows_it_can_be_looked_at(picture: Image.Image) -> None:
    assert set(hints(picture)) <= set(Hint)
