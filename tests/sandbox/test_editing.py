"""Edits and deletions: what a bot may change, and for how long."""

from __future__ import annotations

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, ReplyKeyboardMarkup

from sandbox.client import Chat, Sandbox
from tests.sandbox.conftest import RawApi, png

MENU = InlineKeyboardMarkup([[InlineKeyboardButton("OK", callback_data="x")]])
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
DAY = 24 * 3600


async def test_an_edit_is_seen_in_place(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "one", reply_markup=MENU)
    await bot.edit_message_text("<b>two</b>", li.id, sent.message_id, parse_mode="HTML", reply_markup=MENU)
    await li.refresh()
    assert (li.last.id, li.screen, li.last.edited, li.buttons) == (sent.message_id, "two", True, ["OK"])


async def test_an_edit_without_a_keyboard_takes_it_away(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "one", reply_markup=MENU)
    await bot.edit_message_text("two", li.id, sent.message_id)
    await li.refresh()
    assert li.buttons == []


async def test_a_new_keyboard_alone_leaves_no_edit_mark(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "one", reply_markup=MENU)
    await bot.edit_message_reply_markup(li.id, sent.message_id)
    await li.refresh()
    assert (li.last.edited, li.buttons) == (False, [])


async def test_an_edit_that_changes_nothing_is_refused(api: RawApi, bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "one", reply_markup=MENU)
    same = {"chat_id": li.id, "message_id": sent.message_id, "reply_markup": MENU.to_dict()}
    assert await api.refusal("editMessageText", text=" one ", **same) == NOT_MODIFIED
    assert await api.refusal("editMessageReplyMarkup", **same) == NOT_MODIFIED
    assert (await api("editMessageText", text="one", **{**same, "reply_markup": None}))["ok"]


async def test_what_is_not_there_cannot_be_edited(api: RawApi, bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "one")
    await bot.delete_message(li.id, sent.message_id)
    for message_id in (sent.message_id, 1):
        refusal = await api.refusal("editMessageText", chat_id=li.id, message_id=message_id, text="two")
        assert refusal == "Bad Request: message to edit not found"


async def test_what_people_wrote_cannot_be_edited(api: RawApi, li: Chat) -> None:
    refusal = await api.refusal("editMessageText", chat_id=li.id, message_id=li.messages[0].id, text="two")
    assert refusal == "Bad Request: message can't be edited"


async def test_a_message_with_a_reply_keyboard_cannot_be_edited(api: RawApi, bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "one", reply_markup=ReplyKeyboardMarkup([["A"]]))
    refusal = await api.refusal("editMessageText", chat_id=li.id, message_id=sent.message_id, text="two")
    assert refusal == "Bad Request: message can't be edited"


async def test_an_edit_takes_inline_keyboards_only(api: RawApi, bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "one")
    edit = {"chat_id": li.id, "message_id": sent.message_id, "text": "two", "reply_markup": {"keyboard": [["A"]]}}
    assert await api.refusal("editMessageText", **edit) == "Bad Request: inline keyboard expected"


async def test_captions_are_edited_as_captions_and_texts_as_texts(api: RawApi, bot: Bot, li: Chat) -> None:
    text = await bot.send_message(li.id, "one")
    photo = await bot.send_photo(li.id, png(), caption="one")
    assert await bot.edit_message_caption(li.id, photo.message_id, caption="two")
    refusal = await api.refusal("editMessageText", chat_id=li.id, message_id=photo.message_id, text="x")
    assert refusal == "Bad Request: there is no text in the message to edit"
    refusal = await api.refusal("editMessageCaption", chat_id=li.id, message_id=text.message_id, caption="x")
    assert refusal == "Bad Request: there is no caption in the message to edit"
    too_long = {"chat_id": li.id, "message_id": photo.message_id, "caption": "x" * 1025}
    assert await api.refusal("editMessageCaption", **too_long) == "Bad Request: MEDIA_CAPTION_TOO_LONG"


async def test_a_picture_takes_the_place_of_a_text(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "loading")
    await bot.edit_message_media(InputMediaPhoto(png(), caption="here"), li.id, sent.message_id)
    await li.refresh()
    assert li.screen == "here"
    assert li.last.media is not None
    assert li.last.media["kind"] == "photo"


async def test_a_bot_deletes_its_own_and_a_persons_message(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "one")
    await bot.delete_message(li.id, sent.message_id)
    await bot.delete_message(li.id, li.messages[0].id)
    await li.refresh()
    assert [message.deleted for message in li.messages] == [True, True]


async def test_a_message_is_deleted_once(api: RawApi, li: Chat) -> None:
    message = {"chat_id": li.id, "message_id": li.messages[0].id}
    assert (await api("deleteMessage", **message))["result"] is True
    assert await api.refusal("deleteMessage", **message) == "Bad Request: message to delete not found"


async def test_nothing_is_deleted_after_48_hours(api: RawApi, li: Chat, sandbox: Sandbox) -> None:
    message = {"chat_id": li.id, "message_id": li.messages[0].id}
    await sandbox.set_clock(2 * DAY + 60)
    assert await api.refusal("deleteMessage", **message) == "Bad Request: message can't be deleted"
    await sandbox.set_clock(2 * DAY - 60)
    assert (await api("deleteMessage", **message))["ok"]


async def test_many_are_deleted_at_once_and_missing_ones_passed_over(bot: Bot, li: Chat) -> None:
    sent = [(await bot.send_message(li.id, text)).message_id for text in ("one", "two")]
    assert await bot.delete_messages(li.id, [*sent, 1])
    await li.refresh()
    assert [message.text for message in li.visible] == ["/start"]


@pytest.mark.parametrize(
    ("message_ids", "reason"),
    [([], "message identifiers are not specified"), (list(range(1, 102)), "too many message identifiers specified")],
)
async def test_deletions_take_1_to_100_messages(api: RawApi, li: Chat, message_ids: list[int], reason: str) -> None:
    refusal = await api.refusal("deleteMessages", chat_id=li.id, message_ids=message_ids)
    assert refusal == f"Bad Request: {reason}"
