"""Whatever a bot sends: an answer or a refusal, never a broken server."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sandbox.client import Chat
from sandbox.methods import METHODS
from tests.sandbox.conftest import RawApi

PARAMETERS = (
    "text",
    "caption",
    "parse_mode",
    "entities",
    "caption_entities",
    "reply_markup",
    "reply_parameters",
    "photo",
    "document",
    "media",
    "message_ids",
    "action",
    "commands",
    "scope",
    "language_code",
    "menu_button",
    "allowed_updates",
    "url",
    "secret_token",
    "limit",
    "offset",
    "file_id",
    "callback_query_id",
    "description",
)
VALUES: tuple[Any, ...] = (
    None,
    0,
    -1,
    2**70,
    1.5,
    True,
    "",
    "x",
    "<b>",
    "&#xFFFFFF;&#0;",
    "{",
    "[]",
    "HTML",
    "\ud800",
    [],
    [1],
    [[1]],
    [{}],
    [{}, {}],
    {},
    {"type": []},
    {"type": "chat", "chat_id": []},
    {"type": "photo", "media": {}},
    [{"type": "photo", "media": []}, {"type": "photo"}],
    [{"type": "bold", "offset": -5, "length": 2**40}],
    [{"type": {}, "offset": 0, "length": 1}],
    [{"type": "text_link", "offset": True, "length": 1.0}],
    {"message_id": []},
    {"inline_keyboard": {}},
    {"inline_keyboard": [[None]]},
    {"inline_keyboard": [[{"text": [], "callback_data": {}}]]},
    {"inline_keyboard": [[{"text": "x", "url": []}]]},
    {"keyboard": [[1]]},
    {"keyboard": [["x"]], "input_field_placeholder": []},
    {"force_reply": "yes"},
)


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_no_parameters_break_a_method(api: RawApi, li: Chat, method: str) -> None:
    chance = random.Random(method)
    sent = await api("sendMessage", chat_id=li.id, text="to be edited")
    for _ in range(100):
        params = {name: chance.choice(VALUES) for name in chance.sample(PARAMETERS, 6)}
        # Mostly a chat and a message that exist: else all would end at the first refusal.
        chat_id = chance.choice([li.id, str(li.id)] * 5 + [chance.choice(VALUES)])
        answer = await api(method, **params, chat_id=chat_id, message_id=sent["result"]["message_id"])
        assert answer["ok"] or answer["error_code"] < 500
