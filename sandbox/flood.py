"""Flood limits on demand: so many messages in a time to one chat, and to all together."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from sandbox.errors import too_many_requests

_COUNTED = ("send", "edit", "copy", "forward")


@dataclass(slots=True)
class Flood:
    """What the sandbox lets through in so many seconds; 0 lets all. Telegram advises bots to stay below 1 and 30."""

    per_chat: int = 0
    overall: int = 0
    seconds: float = 1.0
    _sent: dict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def check(self, method: str, chat_id: int) -> None:
        """Counts a call.

        Raises:
            ApiError: 429 for one too many, with the whole seconds to wait.
        """
        if not method.startswith(_COUNTED) or method == "sendchataction":
            return
        lanes = [(self._sent[key], limit) for key, limit in ((chat_id, self.per_chat), (0, self.overall)) if limit]
        now = time.monotonic()
        for sent, limit in lanes:
            while sent and now - sent[0] >= self.seconds:
                sent.popleft()
            if len(sent) >= limit:
                raise too_many_requests(math.ceil(sent[0] + self.seconds - now))
        for sent, _ in lanes:
            sent.append(now)
