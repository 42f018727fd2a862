"""sendMessage and its relatives: what they make, and what they refuse in Telegram's words."""

from __future__ import annotations

import pytest
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, Forbidden

from sandbox.client import Chat, Sandbox
from tests.sandbox.conftest import RawApi


def inline(data: str = "x") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("OK", callback_data=data)]])


async def test_a_message_arrives_as_the_library_understands_it(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "您好", link_preview_options=LinkPreviewOptions(is_disabled=True))
    await li.refresh()
    assert (sent.chat_id, sent.text, li.screen) == (li.id, "您好", "您好")
    assert sent.from_user is not None
    assert sent.from_user.is_bot


async def test_html_becomes_entities_counted_in_utf16(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "😀 <b>李 &amp; 雷</b>", parse_mode=ParseMode.HTML)
    assert sent.text == "😀 李 & 雷"
    assert [(entity.type, entity.offset, entity.length) for entity in sent.entities] == [("bold", 3, 5)]


async def test_text_is_trimmed_and_given_entities_clipped_to_it(api: RawApi, li: Chat) -> None:
    bold = {"type": "bold", "offset": 0, "length": 50}
    sent = await api("sendMessage", chat_id=li.id, text="  hello  ", entities=[bold])
    assert sent["result"]["text"] == "hello"
    assert sent["result"]["entities"] == [{"type": "bold", "offset": 0, "length": 5}]


async def test_markup_in_names_is_no_command(api: RawApi, li: Chat) -> None:
    sent = await api("sendMessage", chat_id=li.id, text="</b> /help a/b")
    assert [entity["offset"] for entity in sent["result"]["entities"]] == [5]


async def test_control_and_bidi_characters_do_not_pass(api: RawApi, li: Chat) -> None:
    sent = await api("sendMessage", chat_id=li.id, text="a\x00b\u202ec\r\nd")
    assert sent["result"]["text"] == "a bc\nd"


@pytest.mark.parametrize("text", ["", "   \n ", "<b> </b>"])
async def test_an_empty_text_is_refused(api: RawApi, li: Chat, text: str) -> None:
    refusal = await api.refusal("sendMessage", chat_id=li.id, text=text, parse_mode="HTML")
    assert refusal == "Bad Request: message text is empty"


@pytest.mark.parametrize(
    ("mode", "reason"), [("MarkdownV2", "the sandbox does not read Markdown"), ("LaTeX", "unsupported parse_mode")]
)
async def test_only_html_is_parsed(api: RawApi, li: Chat, mode: str, reason: str) -> None:
    refusal = await api.refusal("sendMessage", chat_id=li.id, text="*x*", parse_mode=mode)
    assert refusal.startswith(f"Bad Request: {reason}")


async def test_the_longest_text_is_4096_utf16_units(api: RawApi, li: Chat) -> None:
    assert (await api("sendMessage", chat_id=li.id, text="😀" * 2048))["ok"]
    assert await api.refusal("sendMessage", chat_id=li.id, text="😀" * 2048 + "a") == "Bad Request: message is too long"


async def test_a_chat_nobody_opened_is_not_found(api: RawApi, sandbox: Sandbox) -> None:
    silent = await sandbox.person("韩梅梅")
    assert await api.refusal("sendMessage", chat_id=silent.id, text="x") == "Bad Request: chat not found"
    assert await api.refusal("sendMessage", chat_id=1, text="x") == "Bad Request: chat not found"
    assert await api.refusal("sendMessage", text="x") == "Bad Request: chat_id is empty"


async def test_who_blocked_the_bot_gets_nothing(bot: Bot, li: Chat) -> None:
    await li.block(wait=False)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(li.id, "news")
    await li.unblock(wait=False)
    await bot.send_message(li.id, "news")


async def test_who_is_gone_gets_nothing(api: RawApi, li: Chat) -> None:
    await li.sandbox.request("PATCH", f"/people/{li.id}", json={"deactivated": True})
    assert await api.refusal("sendMessage", chat_id=li.id, text="x") == "Forbidden: user is deactivated"


async def test_only_an_inline_keyboard_comes_back_with_the_message(bot: Bot, li: Chat) -> None:
    with_inline = await bot.send_message(li.id, "Choose", reply_markup=inline())
    with_reply = await bot.send_message(li.id, "Choose", reply_markup=ReplyKeyboardMarkup([["A"]]))
    assert with_inline.reply_markup == inline()
    assert with_reply.reply_markup is None


async def test_callback_data_holds_64_bytes(api: RawApi, bot: Bot, li: Chat) -> None:
    assert await bot.send_message(li.id, "x", reply_markup=inline("李" * 21 + "a"))
    too_long = {"inline_keyboard": [[{"text": "OK", "callback_data": "李" * 22}]]}
    refusal = await api.refusal("sendMessage", chat_id=li.id, text="x", reply_markup=too_long)
    assert refusal == "Bad Request: BUTTON_DATA_INVALID"


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ([], "object expected as reply markup"),
        ({"inline_keyboard": None}, 'Field "inline_keyboard" must be of type Array'),
        ({"inline_keyboard": [{"text": "OK"}]}, 'Field "inline_keyboard" must be an Array of Arrays'),
        ({"inline_keyboard": [[{"text": "OK"}]]}, "Text buttons are not allowed in the inline keyboard"),
        (
            {"inline_keyboard": [[{"callback_data": "x"}]]},
            "can't parse InlineKeyboardButton: Can't find field \"text\"",
        ),
        ({"inline_keyboard": [[{"text": "A", "callback_data": "a"}] * 101]}, "REPLY_MARKUP_TOO_LONG"),
        ({"keyboard": [[{"text": " "}]]}, "keyboard button text must be non-empty"),
        ({"force_reply": True, "input_field_placeholder": "x" * 65}, "input field placeholder is too long"),
    ],
)
async def test_a_wrong_keyboard_is_refused(api: RawApi, li: Chat, markup: object, reason: str) -> None:
    refusal = await api.refusal("sendMessage", chat_id=li.id, text="x", reply_markup=markup or [0])
    assert refusal == f"Bad Request: {reason}"


async def test_broken_markup_json_is_refused(api: RawApi, li: Chat) -> None:
    refusal = await api.refusal("sendMessage", chat_id=li.id, text="x", reply_markup="{")
    assert refusal == "Bad Request: can't parse reply keyboard markup JSON object"


async def test_a_reply_keyboard_stays_until_it_is_removed(bot: Bot, li: Chat) -> None:
    contact = KeyboardButton("分享", request_contact=True)
    markup = ReplyKeyboardMarkup([[contact], ["返回"]], input_field_placeholder="手机号")
    await bot.send_message(li.id, "手机号？", reply_markup=markup)
    await bot.send_message(li.id, "Choose", reply_markup=inline())
    await li.refresh()
    assert (li.keyboard, li.placeholder) == (["分享", "返回"], "手机号")
    await bot.send_message(li.id, "谢谢", reply_markup=ReplyKeyboardRemove())
    await li.refresh()
    assert li.keyboard == []


async def test_a_one_time_keyboard_goes_when_used(bot: Bot, li: Chat) -> None:
    await bot.send_message(li.id, "?", reply_markup=ReplyKeyboardMarkup([["Yes"]], one_time_keyboard=True))
    await li.press("Yes", wait=False)
    assert li.messages[-1].text == "Yes"
    assert li.keyboard == []


async def test_a_keyboard_goes_with_the_message_that_brought_it(bot: Bot, li: Chat) -> None:
    brought = await bot.send_message(li.id, "?", reply_markup=ReplyKeyboardMarkup([["Yes"]]))
    await bot.delete_message(li.id, brought.message_id)
    await li.refresh()
    assert li.keyboard == []


async def test_a_forced_reply_shows_its_placeholder_until_answered(bot: Bot, li: Chat) -> None:
    await bot.send_message(li.id, "?", reply_markup=ForceReply(input_field_placeholder="姓名"))
    await li.refresh()
    assert li.placeholder == "姓名"
    await li.send("李雷", wait=False)
    assert li.placeholder == ""


async def test_a_reply_names_what_it_answers(bot: Bot, li: Chat) -> None:
    question = li.messages[-1]
    sent = await bot.send_message(li.id, "Yes", reply_parameters=ReplyParameters(question.id))
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "/start"
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(li.id, "Yes", reply_parameters=ReplyParameters(1))
    assert await bot.send_message(li.id, "Yes", reply_parameters=ReplyParameters(1, allow_sending_without_reply=True))


async def test_protected_messages_are_marked(bot: Bot, li: Chat) -> None:
    sent = await bot.send_message(li.id, "secret", protect_content=True)
    await li.refresh()
    assert sent.has_protected_content
    assert li.last.protected


async def test_typing_is_shown_until_the_next_message(bot: Bot, li: Chat) -> None:
    await bot.send_chat_action(li.id, ChatAction.TYPING)
    await li.refresh()
    assert li.action == "typing"
    await bot.send_message(li.id, "done")
    await li.refresh()
    assert li.action == ""


async def test_an_unknown_chat_action_is_refused(api: RawApi, li: Chat) -> None:
    refusal = await api.refusal("sendChatAction", chat_id=li.id, action="dancing")
    assert refusal == "Bad Request: wrong parameter action in request"


async def test_message_ids_rise_over_all_chats(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    han = await sandbox.person("韩梅梅")
    await han.send("/start", wait=False)
    ids = [(await bot.send_message(chat.id, "x")).message_id for chat in (li, han, li)]
    assert ids == sorted(set(ids))
