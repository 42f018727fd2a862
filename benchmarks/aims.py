"""The aims of docs/performance.md that `make bench` measures, and how far this bot is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.contestants import AIOGRAM_NAME, POSTGRES_NAME, SQLITE_NAME

Measured = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Aim:
    """One of them.

    Args:
        sought: the first form, what is wanted, and the moonshot.
        figure: of a contestant's name; KeyError where it was not measured.
        less: less is better.
    """

    name: str
    sought: tuple[float, float, float]
    figure: Callable[[Measured, str], float]
    less: bool = False
    unit: str = ""


def _of(key: str) -> Callable[[Measured, str], float]:
    return lambda measured, name: float(measured["summary"][name][key])


def _over_aiogram(measured: Measured, name: str) -> float:
    rates = {each: measured["summary"][each]["steps_per_second"] for each in (name, AIOGRAM_NAME)}
    return float(rates[name] / rates[AIOGRAM_NAME])


def _worst_stall(measured: Measured, name: str) -> float:
    if name != SQLITE_NAME:
        raise KeyError(name)
    return max(float(window["worst_ms"]) for window in measured["stalls"]["bot"].values())


def _faults(measured: Measured, name: str) -> float:
    return float(sum(measured["summary"][name][what] for what in ("wrong", "lost", "doubled")))


_AIMS: Final = (
    Aim("durable step, steps/s over bare python-telegram-bot's echo", (1.5, 3, 5), _of("steps_ratio")),
    Aim("… over aiogram's FSM in memory", (1, 2, 4), _over_aiogram),
    Aim("p99 at 100 steps/s over bare's echo", (1, 0.35, 0.2), _of("gentle_p99_ratio"), less=True),
    Aim("the loop's worst stall", (50, 15, 5), _worst_stall, less=True, unit=" ms"),
    Aim("memory for 10,000 open dialogs", (20, 5, 3), _of("open_grown_mb"), less=True, unit=" MB"),
    Aim("wrong, lost, doubled steps", (0, 0, 0), _faults, less=True),
    Aim("start to first answer, on an empty database", (2, 2, 2), _of("start_seconds"), less=True, unit=" s"),
    Aim("an idle bot, % of a core", (1, 1, 1), _of("idle_percent"), less=True),
)


def markdown(measured: Measured) -> str:
    """A table: each aim, and on both databases what was measured and which of the three it reaches."""
    lines = ["| | first form | wanted | moonshot | on SQLite | on PostgreSQL |", "|---|---|---|---|---|---|"]
    for aim in _AIMS:
        sought = (f"{figure:g}{aim.unit}" for figure in aim.sought)
        cells = (_cell(aim, measured, name) for name in (SQLITE_NAME, POSTGRES_NAME))
        lines.append(f"| {aim.name} | {' | '.join(sought)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(aim: Aim, measured: Measured, name: str) -> str:
    try:
        figure = aim.figure(measured, name)
    except KeyError:
        return "—"
    reached = [figure <= each if aim.less else figure >= each for each in aim.sought]
    verdict = "not met"
    for word, there in zip(("first form", "wanted", "moonshot"), reached, strict=True):
        verdict = word if there else verdict
    return f"**{figure:.2f}**{aim.unit}, {verdict}"
