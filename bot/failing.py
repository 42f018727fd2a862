"""Updates that could not be handled: tried again a little later, or parked and their person told a number."""

import secrets
from typing import Final

import structlog

from bot.answers import Answers
from bot.handling import Handling, LostRaceError
from bot.outage import through_outages
from bot.screen import Call
from core.unit import Clock
from storage import inbox
from storage.database import Database
from storage.inbox import Waiting

_log: Final = structlog.get_logger(__name__)


class Failing:
    """Says what becomes of a failed update (SECURITY.md Updates)."""

    def __init__(self, *, database: Database, clock: Clock, handling: Handling, answers: Answers) -> None:
        self._database = database
        self._clock = clock
        self._handling = handling
        self._answers = answers

    async def set_aside(self, waiting: Waiting, error: Exception) -> None:
        """Puts it back; one that keeps failing is parked and its person told a number."""
        number = secrets.token_hex(3).upper()
        if isinstance(error, LostRaceError):
            _log.info("update was handled elsewhere", seq=waiting.seq)
        else:
            _log.error("update failed", number=number, seq=waiting.seq, failures=waiting.attempts + 1, exc_info=error)
        call = await through_outages(lambda: self._note(waiting, number, error))
        if call:
            self._answers.tell(call)

    async def _note(self, waiting: Waiting, number: str, error: Exception) -> Call | None:
        now, worker = self._clock(), self._handling.worker
        async with self._database.write() as conn:
            if isinstance(error, LostRaceError):
                await inbox.put_back(conn, waiting.seq, worker=worker, not_before=now, error=None)
                return None
            return await self._handling.set_aside(conn, waiting, number, type(error).__name__, now)
