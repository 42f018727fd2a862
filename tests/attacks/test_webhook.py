"""Who posts updates to a running bot's webhook without its secret, and who replays what Telegram sent."""

import asyncio
import socket
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from sqlalchemy import func, select

from bot.webhook import SECRET_HEADER
from storage.tables.updates import inbox
from tests.attacks.conftest import town_in
from tests.attacks.town import Town

pytestmark = pytest.mark.slow

SECRET: Final = "a-long-enough-secret_0123"
_WRONG: Final[tuple[dict[str, str], ...]] = (
    {}, {SECRET_HEADER: ""}, {SECRET_HEADER: "wrong"}, {SECRET_HEADER: SECRET[:-1]}, {SECRET_HEADER: SECRET + "0"},
    {SECRET_HEADER: SECRET.swapcase()}, {"Authorization": f"Bearer {SECRET}"}, {"Cookie": f"{SECRET_HEADER}={SECRET}"},
    {"X-Telegram-Secret": SECRET},
)  # fmt: skip


async def test_only_telegram_is_heard_and_each_update_once(tmp_path: Path, sqlite_template: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/telegram"
    hook = {"mode": "webhook", "webhook_url": url, "webhook_secret": SECRET, "listen_port": port}
    async with town_in(tmp_path, sqlite_template, telegram=hook) as town, aiohttp.ClientSession() as session:
        li, chen = await town.patient(), await town.admin()
        before, received = await town.kept(), await _received(town)

        async def post(update: dict[str, Any], headers: dict[str, str], query: str = "") -> int:
            async with session.post(url + query, json=update, headers=headers) as answer:
                assert await answer.read() == b""
                return answer.status

        erasing = _text(1, chen.id, f"/suspend {await town.number_of(li)} 假的")
        answered = [await post(erasing, headers) for headers in _WRONG]
        answered += [await post(erasing, {}, f"?secret_token={SECRET}"), await post(erasing, {}, f"?{SECRET_HEADER}=x")]
        assert set(answered) == {403}
        assert await _received(town) == received
        assert await town.kept() == before

        # Somebody who has listened in posts one of Telegram's own deliveries again and again.
        said = _text(2, li.id, "/forgot")
        leave = _text(3, li.id, "/logout")
        right = {SECRET_HEADER: SECRET}
        assert set(await asyncio.gather(*(post(leave, right) for _ in range(20)))) == {200}
        await town.clinic.app.idle()
        assert await post(said, right) == 200
        assert set(await asyncio.gather(*(post(leave, right) for _ in range(20)))) == {200}
        await town.clinic.app.idle()
        assert await _received(town) == received + 2
        assert (await town.audited()).count("session.end") == 1
        town.check_no_fault()


def _text(number: int, person: int, text: str) -> dict[str, Any]:
    who = {"id": person, "is_bot": False, "first_name": "谁"}
    message = {"message_id": number, "from": who, "chat": {"id": person, "type": "private"}, "date": 1, "text": text}
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
    return {"update_id": number, "message": message}


async def _received(town: Town) -> int:
    async with town.clinic.app.database.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(inbox))).scalar_one())
