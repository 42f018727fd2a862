"""What follows the commit of an update: a pressed button answered, the answer shown, the command list made to fit."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog
from telegram.error import TelegramError

from bot import screen
from bot.published import Listing
from bot.screen import Call, PhotoSource
from bot.showing import Showing
from bot.telegram import RawBot
from bot.texts import Catalogue
from bot.turn import Turn
from core.logs import following, tracing
from core.metrics import UPDATES
from core.unit import Clock
from storage.database import Database

_log: Final = structlog.get_logger(__name__)


class Answers:
    """Sends what one worker has committed."""

    def __init__(
        self,
        *,
        database: Database,
        bot: RawBot,
        clock: Clock,
        worker: str,
        catalogue: Catalogue,
        photos: PhotoSource,
        on_free: Callable[[int], None],
    ) -> None:
        """`worker` names this process in leases; `on_free` is called with each chat whose answer is shown."""
        self.showing = Showing(database, bot, clock, worker=worker, photos=photos, on_free=on_free)
        self._bot = bot
        self._clock = clock
        self._catalogue = catalogue
        self._photos = photos
        self._asides: set[asyncio.Task[None]] = set()

    @property
    def asides(self) -> list[asyncio.Task[None]]:
        """What is under way beside the answers."""
        return list(self._asides)

    def acknowledge(self, turn: Turn) -> None:
        """Answers a pressed button: after the commit, before the slow work (DIALOGS rule 20)."""
        if turn.pressed and turn.pressed.query_id:
            alert = turn.alert
            text = self._catalogue.render(alert, turn.person.language) if alert else None
            self._aside(screen.answer(self._bot, turn.pressed.query_id, text))

    def show(self, turn: Turn) -> None:
        """Shows what was committed of an update."""
        UPDATES.observe((self._clock() - turn.waiting.received_at).total_seconds())
        with following(turn.waiting.update_id):
            if tracing():
                _log.debug("update handled")
            if turn.row and turn.calls:
                self.showing.start(turn.row, turn.calls)
            if turn.listing:
                self._aside(self._list(turn.person.id, turn.listing))

    def busy(self, chat_id: int, action: str) -> None:
        """Shows that slow work has begun."""
        self._aside(screen.busy(self._bot, chat_id, action))

    def tell(self, call: Call) -> None:
        """Sends something that is no chat's present screen."""
        self._aside(self._tell(call))

    async def _tell(self, call: Call) -> None:
        try:
            await screen.show(self._bot, [call], self._photos)
        except TelegramError as error:
            _log.warning("a person could not be told of a fault", reason=str(error))

    async def _list(self, person_id: int, listing: Listing) -> None:
        """Makes the client's command list fit its person; nothing waits for it, and the next update tries again."""
        try:
            await self._bot.call(listing.call["method"], listing.call["params"])
        except TelegramError as error:
            _log.info("a command list was not changed", reason=str(error))
        else:
            self.showing.listed(person_id, listing.name)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something that nothing waits for and that raises nothing."""
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)
