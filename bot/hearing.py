"""Hears what other processes have put into the database, so that nobody has to look for it all the time."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from bot.outage import Outage
from storage.database import Database
from storage.errors import StorageError
from storage.listening import listen

_log = structlog.get_logger(__name__)


class Hearing:
    """Wakes whom it concerns. PostgreSQL only; while nothing is heard, each still looks from time to time."""

    def __init__(self, database: Database, wakes: Mapping[str, Callable[[bool], None]]) -> None:
        """`wakes`: for each table or other subject whom to call, with whether this process itself has written it."""
        self._database = database
        self._wakes = wakes
        self._outage = Outage(longest=10.0)
        self._present = asyncio.Event()

    async def run(self) -> None:
        """Listens until cancelled, connecting anew whenever the connection ends. By it others see that we live."""
        while True:
            reason = "the connection ended"
            try:
                first = not self._present.is_set()
                await listen(self._database, self._heard, ready=self._ready, first=first)
            except StorageError as error:
                reason = str(error)
            except Exception as error:  # the driver's own; whatever it is, hearing again is all there is to do
                reason = type(error).__name__
            await self._outage.pause("Nothing is heard of other processes; connecting again", error=reason)

    async def begun(self) -> None:
        """Waits until others see this process: it may take nothing up before (storage/presence.py)."""
        await self._present.wait()

    def _ready(self) -> None:
        self._present.set()
        self._outage.over("Other processes are heard again")
        for wake in self._wakes.values():
            wake(False)

    def _heard(self, subject: str, own: bool) -> None:
        if wake := self._wakes.get(subject):
            wake(own)
