"""When has a bot finished with what a person did? For clients that wait, without asking again and again."""

from __future__ import annotations

import asyncio
import time

from sandbox.model import Chat
from sandbox.world import Act

QUIET = 0.04
# After calls that leave nothing to read (a deletion, "typing…", a bare callback answer) more is likely to come.
QUIET_WITHOUT_ANSWER = 0.5


async def confirmed(act: Act) -> None:
    """Returns when the bot has the update for good."""
    await act.update.confirmed.wait()


async def called(chat: Chat, seen: int) -> None:
    """Returns when the bot has done something in the chat after its first ``seen`` calls there."""
    while chat.calls <= seen:
        chat.touched.clear()
        await chat.touched.wait()


async def answered(act: Act, quiet: float = QUIET) -> None:
    """Returns when the bot has the update, has acted in the chat since, and has been still for ``quiet`` seconds."""
    await act.update.confirmed.wait()
    chat = act.chat
    while True:
        pause = None
        if chat.calls > act.calls and not chat.in_flight:
            needed = quiet if chat.answers > act.answers else max(quiet, QUIET_WITHOUT_ANSWER)
            pause = chat.last_call + needed - time.monotonic()
            if pause <= 0:
                return
        chat.touched.clear()
        try:
            await asyncio.wait_for(chat.touched.wait(), pause)
        except TimeoutError:
            continue
