"""Presses of inline buttons, and their answers."""

from __future__ import annotations

import pytest
from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup

from sandbox.client import Chat, Sandbox, SandboxError
from tests.sandbox.conftest import RawApi

MENU = InlineKeyboardMarkup(
    [[InlineKeyboardButton("OK", callback_data="yes"), InlineKeyboardButton("No", callback_data="no")]]
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


async def pressed(bot: Bot, li: Chat, label: str = "OK") -> CallbackQuery:
    """The query of a press on a fresh menu."""
    await bot.send_message(li.id, "Sure?", reply_markup=MENU)
    await li.press(label, wait=False)
    query = (await bot.get_updates(-1))[-1].callback_query
    assert query is not None
    return query


async def test_a_press_tells_who_where_and_what(bot: Bot, li: Chat) -> None:
    query = await pressed(bot, li, "No")
    assert (query.from_user.id, query.data) == (li.id, "no")
    assert query.message is not None
    assert query.message.chat.id == li.id


async def test_an_answer_is_shown_as_an_alert(bot: Bot, li: Chat) -> None:
    query = await pressed(bot, li)
    await query.answer("This button is old", show_alert=True)
    await li.refresh()
    assert li.alerts == ["This button is old"]


async def test_an_old_query_cannot_be_answered(api: RawApi, bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    query = await pressed(bot, li)
    await sandbox.set_clock(120)
    assert await api.refusal("answerCallbackQuery", callback_query_id=query.id) == TOO_OLD


async def test_an_invented_query_cannot_be_answered(api: RawApi) -> None:
    assert await api.refusal("answerCallbackQuery", callback_query_id="1") == TOO_OLD


async def test_an_answer_has_at_most_200_characters(api: RawApi, bot: Bot, li: Chat) -> None:
    query = await pressed(bot, li)
    refusal = await api.refusal("answerCallbackQuery", callback_query_id=query.id, text="x" * 201)
    assert refusal == "Bad Request: MESSAGE_TOO_LONG"


async def test_a_button_the_message_does_not_have_cannot_be_pressed(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    sent = await bot.send_message(li.id, "Sure?", reply_markup=MENU)
    press = {"message_id": sent.message_id, "callback_data": "maybe"}
    with pytest.raises(SandboxError, match="no such button"):
        await sandbox.request("POST", f"/people/{li.id}/press", json=press)


async def test_a_button_seen_before_an_edit_can_still_be_pressed(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "Sure?", reply_markup=MENU)
    await li.refresh()
    seen = li.last
    await bot.edit_message_text("Done.", li.id, sent.message_id)
    await li.press_on(seen, "OK", wait=False)
    query = (await bot.get_updates(-1))[-1].callback_query
    assert query is not None
    assert query.data == "yes"
