"""A bot's updates: made, kept for a day, fetched by polling or handed to the webhook."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import UPDATE_LIFETIME, Clock
from sandbox.errors import conflict

# Telegram sends these only to bots that ask for them by name.
ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(slots=True, eq=False)
class Update:
    """One update on its way.

    Attributes:
        lane: updates of one lane reach a webhook one after another (a chat's messages; a person's presses).
        repeats: how many times more it is delivered after it was confirmed, on demand of a test.
        confirmed: set once the bot has it for good.
    """

    id: int
    kind: str
    body: dict[str, Any]
    lane: str
    made_at: float
    repeats: int = 0
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)

    def as_json(self) -> dict[str, Any]:
        """The Bot API's ``Update``."""
        return {"update_id": self.id, self.kind: self.body}


class UpdateQueue:
    """Updates not yet confirmed, oldest first, with getUpdates' rules."""

    def __init__(self, clock: Clock, numbers: Iterator[int]) -> None:
        self._clock = clock
        self._numbers = numbers
        self._pending: deque[Update] = deque()
        self._arrived = asyncio.Event()
        self._poll: asyncio.Future[None] | None = None
        self._held: list[Update] = []
        self.allowed: frozenset[str] | None = None
        self.on_arrival: Callable[[], None] | None = None
        self.hold = 0  # updates to hold back and let go in reverse order
        self.repeat = 0  # updates to deliver twice

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, kind: str, body: dict[str, Any], lane: str) -> Update | None:
        """A new update, or None where the bot did not ask for its kind (judged now, as Telegram does)."""
        wanted = kind in self.allowed if self.allowed else kind not in ONLY_ON_REQUEST
        if not wanted:
            return None
        update = Update(next(self._numbers), kind, body, lane, self._clock.now())
        if self.repeat:
            self.repeat -= 1
            update.repeats = 1
        if self.hold:
            self.hold -= 1
            self._held.append(update)
            if self.hold == 0:
                self._release(reversed(self._held))
                self._held = []
        else:
            self._release([update])
        return update

    def _release(self, updates: Sequence[Update] | Iterator[Update]) -> None:
        self._pending.extend(updates)
        self._arrived.set()
        if self.on_arrival:
            self.on_arrival()

    def all(self) -> list[Update]:
        """What is waiting; what is older than a day is gone."""
        self.forget_old()
        return list(self._pending)

    def forget_old(self) -> None:
        """Drops what is older than a day: nobody waits for it any longer."""
        oldest = self._clock.now() - UPDATE_LIFETIME
        old = [update for update in self._pending if update.made_at < oldest]
        for update in old:
            self._pending.remove(update)
            update.confirmed.set()

    def confirm(self, update: Update) -> None:
        """The bot has it. Forgets it, unless it is to be delivered once more."""
        if update.repeats:
            update.repeats -= 1
            return
        if update in self._pending:
            self._pending.remove(update)
        update.confirmed.set()

    def drop_all(self) -> None:
        """``drop_pending_updates``: nobody waits for these any longer."""
        for update in self._pending:
            update.confirmed.set()
        self._pending.clear()

    async def poll(self, offset: int, limit: int, seconds: float) -> list[dict[str, Any]]:
        """getUpdates: confirm by offset, then what waits, or wait up to ``seconds`` for the first.

        Args:
            offset: confirms all below it; 0 confirms nothing; negative keeps only the last ``-offset``.
            limit: 1-100, already clamped.
            seconds: how long to wait, already clamped.

        Raises:
            ApiError: 409, to this poll, when a second one begins.
        """
        self._confirm_below(offset)
        self.end_poll("terminated by other getUpdates request; make sure that only one bot instance is running")
        waiting = self.all()
        if not waiting and seconds > 0:
            await self._wait(seconds)
            waiting = self.all()
        return [update.as_json() for update in waiting[:limit]]

    def _confirm_below(self, offset: int) -> None:
        if offset < 0:
            keep = len(self._pending) + offset
            confirmed = list(self._pending)[: max(keep, 0)]
        else:
            confirmed = [update for update in self._pending if update.id < offset]
        for update in confirmed:
            self.confirm(update)

    async def _wait(self, seconds: float) -> None:
        self._arrived.clear()
        self._poll = poll = asyncio.get_running_loop().create_future()
        arrived = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait({poll, arrived}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if poll.done():
                poll.result()
        finally:
            arrived.cancel()
            if self._poll is poll:
                self._poll = None

    def end_poll(self, reason: str) -> None:
        """Ends the poll that is waiting now, if there is one, with 409 and this reason."""
        if self._poll and not self._poll.done():
            self._poll.set_exception(conflict(reason))
        self._poll = None
