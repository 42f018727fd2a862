"""The busiest time, second by second: what arrives, what each part can take, what waits, what breaks first."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.paper.figures import Measured, People, Telegram

HOUR: Final = 3600
LOOKED_AT: Final = 600
"""Seconds of the busiest hour that are played: what is too much shows within ten minutes."""
PATIENCE: Final = 2.0
"""Seconds: who waits longer at the 99th percentile is not served by a part."""


@dataclass(frozen=True, slots=True)
class Machines:
    """Cores of bots, and of PostgreSQL."""

    bots: int
    database: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a visit asks of a part, in units, and how many units it does in a second."""

    name: str
    a_visit: float
    a_second: float


def parts(machines: Machines, measured: Measured, people: People, telegram: Telegram) -> list[Part]:
    """All that can be full. Bots share their cores: what steps need is taken first, hashes and photos get the rest."""
    messages = people.steps_a_visit * measured.calls_a_step + people.notices_a_visit
    work = (
        people.steps_a_visit * measured.step_seconds
        + people.logins_a_visit / measured.hashes_a_core
        + people.photos_a_visit / measured.photos_a_core
    )
    transactions = people.steps_a_visit * measured.transactions_a_step * measured.database_seconds
    return [
        Part("Telegram's limit", messages, telegram.messages_a_second),
        Part("the bots' processors", work, float(machines.bots)),
        Part("PostgreSQL's processor", transactions, float(machines.database)),
    ]


def arrivals(visits_a_second: float, seconds: int, seed: int) -> Iterator[int]:
    """How many visits begin in each second; Poisson, the same for the same seed."""
    random_ = random.Random(seed)
    for _ in range(seconds):
        left, count = random_.expovariate(1.0), 0
        while left < visits_a_second:
            left += random_.expovariate(1.0)
            count += 1
        yield count


def waits(part: Part, visits_a_second: float, seconds: int = LOOKED_AT, seed: int = 1) -> list[float]:
    """How long what comes in each second waits for this part, in seconds."""
    found, backlog = [], 0.0
    for visits in arrivals(visits_a_second, seconds, seed):
        backlog = max(0.0, backlog + visits * part.a_visit - part.a_second)
        found.append(backlog / part.a_second)
    return found


def is_served(part: Part, visits_a_second: float, seconds: int = LOOKED_AT, seed: int = 1) -> bool:
    """Whether 99 of 100 wait no longer than people do."""
    found = sorted(waits(part, visits_a_second, seconds, seed))
    return found[math.ceil(len(found) * 0.99) - 1] <= PATIENCE


def most_served(part: Part, seconds: int = LOOKED_AT, seed: int = 1) -> float:
    """Visits a second that this part takes at most, to a hundredth of what it could if all came evenly."""
    even = part.a_second / part.a_visit
    low, high = 0, 110
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_served(part, even * middle / 100, seconds, seed) else (low, middle)
    return even * low / 100
