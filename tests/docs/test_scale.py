"""What docs/scale.md reckons is what the simulation says, and the simulation does what it should."""

from dataclasses import replace

import pytest

from benchmarks.paper.__main__ import PAGE, written
from benchmarks.paper.figures import Measured, People, Telegram
from benchmarks.paper.model import Machines, Part, arrivals, most_served, parts, waits
from benchmarks.paper.report import report


def test_the_same_seed_is_the_same_day_and_as_many_come_as_should() -> None:
    first, again, other = (list(arrivals(5.0, 2000, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert sum(first) / 2000 == pytest.approx(5.0, rel=0.05)


def test_who_is_too_many_waits_ever_longer_and_others_do_not() -> None:
    part = Part("a desk", a_visit=1.0, a_second=5.0)
    assert waits(part, 10.0, 100)[-1] == pytest.approx(100, rel=0.15)
    assert max(waits(part, 2.0, 100)) < 2.0
    assert 4.0 < most_served(part, 300) <= 5.5


def test_more_cores_serve_more_until_telegram_is_the_limit() -> None:
    def first(bots: int) -> str:
        found = {
            part.name: most_served(part, 20) for part in parts(Machines(bots, 4), Measured(), People(), Telegram())
        }
        return min(found, key=lambda name: found[name])

    assert first(1) == "the bots' processors"
    assert first(8) == "Telegram's limit"


def test_small_inputs_make_whole_tables() -> None:
    text = report(Measured(), replace(People(), accounts=1000), Telegram(30.0), seconds=20)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 20
    assert "nan" not in text


@pytest.mark.slow
def test_the_page_shows_what_the_simulation_says() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page, report(Measured(), People(), Telegram()))
