"""A person beside whom the bot is killed: looks at all it said since their last message, heeds what it calls old."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import takewhile

from sandbox.client import Chat, SandboxError
from tests.faults.people import OLD_BUTTON

PATIENCE = 180.0


async def pressed(chat: Chat, label: str, then: str) -> None:
    """Presses the newest button of that name, and again whenever the bot calls it an old one, until that is shown.

    A kill may have an answer shown twice: then a press may change the upper of the two, and the lower is left behind.
    """
    told = len(chat.alerts)
    await chat.press(label, wait=False)
    async for _ in _looks(chat, then):
        if any(OLD_BUTTON in alert for alert in chat.alerts[told:]):
            told = len(chat.alerts)
            with suppress(SandboxError):  # it has been answered meanwhile
                await chat.press(label, wait=False)


async def shown(chat: Chat, text: str) -> None:
    """Waits until the bot has said it since the person's last message."""
    async for _ in _looks(chat, text):
        pass


async def _looks(chat: Chat, text: str) -> AsyncIterator[None]:
    """A look at the chat after the other, until the text is there."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + PATIENCE
    while True:
        await chat.refresh()
        since = takewhile(lambda message: message.by_bot, reversed(chat.messages))
        if any(text in message.text for message in since if not message.deleted):
            return
        assert clock.time() < deadline, f"{text} was waited for in vain\n{chat.transcript()}"
        yield
        await asyncio.sleep(0.05)
