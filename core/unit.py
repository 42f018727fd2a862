"""The unit of work: what every use case is given by the edge that calls it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

Clock = Callable[[], datetime]
"""Gives the present moment, aware UTC. Handed in at the top; nothing below reads the wall clock."""


class Channel(StrEnum):
    """The face an act came through."""

    BOT = "bot"
    HTTP = "http"
    CLI = "cli"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One open transaction at one moment. Use cases write through it and never commit: the edge owns it."""

    conn: AsyncConnection
    now: datetime
    channel: Channel
