"""This bot's two calls a step and nothing else, by the client it has: `python -m benchmarks.calls_alone API_URL TOKEN`.

No database, no dialog, no seal: what is faster than this cannot be had without another client or fewer calls.
"""

import asyncio
import sys
from typing import Any, Final

import uvloop

from bot.telegram import RawBot, build_bot
from core.settings import Telegram

_BUTTONS: Final = {
    "inline_keyboard": [[{"text": "返回", "callback_data": "a:1"}, {"text": "取消", "callback_data": "a:2"}]]
}
_POLL: Final = 50


async def _answer(bot: RawBot, message: dict[str, Any]) -> None:
    chat = message["chat"]["id"]
    sent = await bot.call("sendMessage", {"chat_id": chat, "text": message["text"], "reply_markup": _BUTTONS})
    gone = {"chat_id": chat, "message_id": sent["message_id"], "reply_markup": {"inline_keyboard": []}}
    await bot.call("editMessageReplyMarkup", gone)


async def main(api_url: str, token: str) -> None:
    """Answers every message with itself, for ever."""
    settings = Telegram.model_validate({"token": token, "api_url": api_url, "messages_per_second": 0})
    async with build_bot(settings) as bot:
        raw, offset, under_way = RawBot(bot), 0, set[asyncio.Task[None]]()
        while True:
            asked = {"offset": offset, "timeout": _POLL}
            for update in await raw.call("getUpdates", asked, read_timeout=_POLL + 10.0):
                offset = update["update_id"] + 1
                task = asyncio.create_task(_answer(raw, update["message"]))
                under_way.add(task)
                task.add_done_callback(under_way.discard)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
