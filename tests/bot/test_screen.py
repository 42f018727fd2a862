"""Showing an answer, call by call, while Telegram is away for some of them."""

from collections.abc import Mapping
from typing import Any

import pytest
from telegram.error import NetworkError

from bot import screen
from bot.screen import Call


class Away:
    """A Telegram that one method does not reach."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.reached: list[str] = []

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        if method == self.method:
            raise NetworkError("away")
        self.reached.append(method)
        return {"message_id": 8, **params}

    async def send_photos(self, params: Mapping[str, Any], photos: Any) -> Any:
        return [{"message_id": 9}]


def call(method: str) -> Call:
    return Call(method=method, params={"chat_id": 5, "reply_markup": {"inline_keyboard": []}}, screen=True)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "_LONGEST_PAUSE", 0.0)


async def test_an_answer_that_was_sent_is_shown_though_its_old_buttons_stay() -> None:
    bot = Away("editMessageReplyMarkup")
    shown = await screen.show(bot, [call("sendMessage"), call("editMessageReplyMarkup")], _NoPhotos())
    assert (shown.whole, shown.message_id) == (True, 8)
    assert bot.reached == ["sendMessage"]


async def test_an_answer_that_could_not_be_sent_waits() -> None:
    shown = await screen.show(Away("sendMessage"), [call("sendMessage")], _NoPhotos())
    assert (shown.whole, shown.exhibits) == (False, ())


async def test_photos_of_an_attempt_that_were_sent_without_their_card_are_known_of() -> None:
    album = Call(method="sendPhoto", params={"chat_id": 5}, screen=False, about=[1, 2, 3])
    album["shots"] = [{"path": "a", "side": 10, "spoiler": False}]
    shown = await screen.show(Away("sendMessage"), [album, call("sendMessage")], _OnePhoto())
    assert (shown.whole, [exhibit.images for exhibit in shown.exhibits]) == (False, [(9,)])


class _OnePhoto:
    async def small(self, path: str, side: int) -> bytes:
        return b"a photo"


class _NoPhotos:
    async def small(self, path: str, side: int) -> bytes:
        raise NotImplementedError
