"""A model of its own: all that the sandbox knows, walked with python-telegram-bot's Bot and held to the description."""

from __future__ import annotations

import ast
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    KeyboardButton,
    MenuButtonCommands,
    Message,
    ReplyKeyboardMarkup,
    Update,
)
from telegram.constants import ChatAction, ParseMode

from bot import adapter
from bot.intake import ALLOWED_UPDATES
from sandbox.client import Chat, Sandbox
from sandbox.described import (
    METHOD_NAMES,
    VERSION,
    parameters_of,
    problems_of_answer,
    problems_of_request,
    problems_of_update,
)
from sandbox.methods import METHODS, NAMES
from sandbox.server import Served
from tests.sandbox.conftest import RawApi, png

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"
SANDBOX_SOURCES = Path(__file__).parents[2] / "sandbox"
BOT_SOURCES = Path(__file__).parents[2] / "bot"
MENU = InlineKeyboardMarkup([[InlineKeyboardButton("注册", callback_data="register")]])
KEYS = ReplyKeyboardMarkup([[KeyboardButton("分享", request_contact=True)]], input_field_placeholder="手机号")

# What the walk through people's acts makes, and what their messages contain.
UPDATES = {"message", "edited_message", "callback_query", "my_chat_member"}
NOTICES = ("pinned_message", "message_auto_delete_timer_changed", "chat_background_set", "write_access_allowed")
CONTENTS = {"text", "contact", "photo", "document", "sticker", "voice", "audio", "video", "video_note", "animation"}
CONTENTS |= {"location", "venue", *NOTICES}

Walk = Callable[[Bot, Chat], Awaitable[object]]


async def said(bot: Bot, li: Chat) -> Message:
    return await bot.send_message(li.id, "您好", reply_markup=MENU)


async def edit_caption(bot: Bot, li: Chat) -> object:
    sent = await bot.send_photo(li.id, png(), caption="one")
    return await bot.edit_message_caption(li.id, sent.message_id, caption="<b>two</b>", parse_mode=ParseMode.HTML)


async def edit_media(bot: Bot, li: Chat) -> object:
    sent = await bot.send_photo(li.id, png())
    return await bot.edit_message_media(InputMediaDocument(b"hello", filename="a.txt"), li.id, sent.message_id)


async def edit_text(bot: Bot, li: Chat) -> object:
    return await bot.edit_message_text("再见", li.id, (await said(bot, li)).message_id, reply_markup=MENU)


async def edit_markup(bot: Bot, li: Chat) -> object:
    return await bot.edit_message_reply_markup(li.id, (await said(bot, li)).message_id, reply_markup=None)


async def delete(bot: Bot, li: Chat) -> object:
    return await bot.delete_message(li.id, (await said(bot, li)).message_id)


async def delete_several(bot: Bot, li: Chat) -> object:
    return await bot.delete_messages(li.id, [(await said(bot, li)).message_id])


async def answer_press(bot: Bot, li: Chat) -> object:
    await said(bot, li)
    await li.press("注册", wait=False)
    query = (await bot.get_updates(-1))[-1].callback_query
    assert query
    return await query.answer("好的", show_alert=True)


async def file(bot: Bot, li: Chat) -> object:
    return await bot.get_file((await bot.send_document(li.id, b"hello", filename="a.txt")).document.file_id)  # type: ignore[union-attr]


async def album(bot: Bot, li: Chat) -> object:
    return await bot.send_media_group(li.id, [InputMediaPhoto(png(), has_spoiler=True), InputMediaPhoto(png(9, 9))])


async def hook(bot: Bot, _li: Chat) -> object:
    await bot.set_webhook("http://127.0.0.1:9/hook", secret_token="secret", max_connections=5)
    info = await bot.get_webhook_info()
    await bot.delete_webhook(drop_pending_updates=True)
    return info


WALKS: dict[str, Walk] = {
    "answerCallbackQuery": answer_press,
    "deleteMessage": delete,
    "deleteMessages": delete_several,
    "deleteMyCommands": lambda bot, li: bot.delete_my_commands(language_code="zh"),
    "deleteWebhook": lambda bot, li: bot.delete_webhook(),
    "editMessageCaption": edit_caption,
    "editMessageMedia": edit_media,
    "editMessageReplyMarkup": edit_markup,
    "editMessageText": edit_text,
    "getChat": lambda bot, li: bot.get_chat(li.id),
    "getChatMenuButton": lambda bot, li: bot.get_chat_menu_button(li.id),
    "getFile": file,
    "getMe": lambda bot, li: bot.get_me(),
    "getMyCommands": lambda bot, li: bot.get_my_commands(),
    "getMyDescription": lambda bot, li: bot.get_my_description(),
    "getMyName": lambda bot, li: bot.get_my_name(),
    "getMyShortDescription": lambda bot, li: bot.get_my_short_description(),
    "getUpdates": lambda bot, li: bot.get_updates(allowed_updates=Update.ALL_TYPES),
    "getWebhookInfo": hook,
    "sendChatAction": lambda bot, li: bot.send_chat_action(li.id, ChatAction.TYPING),
    "sendDocument": lambda bot, li: bot.send_document(li.id, b"hello", filename="a.txt", caption="one"),
    "sendMediaGroup": album,
    "sendMessage": lambda bot, li: bot.send_message(li.id, "<i>x</i> /start", ParseMode.HTML, reply_markup=KEYS),
    "sendPhoto": lambda bot, li: bot.send_photo(li.id, png(), has_spoiler=True, protect_content=True),
    "setChatMenuButton": lambda bot, li: bot.set_chat_menu_button(li.id, MenuButtonCommands()),
    "setMyCommands": lambda bot, li: bot.set_my_commands([BotCommand("start", "开始")], language_code="zh"),
    "setMyDescription": lambda bot, li: bot.set_my_description("诊所", "zh"),
    "setMyName": lambda bot, li: bot.set_my_name("诊所"),
    "setMyShortDescription": lambda bot, li: bot.set_my_short_description("诊所"),
    "setWebhook": hook,
    "close": lambda bot, li: bot.close(),
    "logOut": lambda bot, li: bot.log_out(),
}


@pytest.mark.parametrize("method", NAMES.values())
async def test_every_method_is_called_and_answered_as_the_description_has_it(
    bot: Bot, li: Chat, server: Served, method: str
) -> None:
    # The fixture of the server asserts the same of every answer and update, at the end of every test.
    await WALKS[method](bot, li)
    assert list(server.world.call_problems) == []
    assert {call["method"] for call in server.world.traffic} >= {method}


def called_by_the_bot() -> set[str]:
    """The methods that the bot's code names: as texts (``sendMessage``) or the library's functions (``get_me``)."""
    nodes = [node for path in BOT_SOURCES.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    functions = {node.attr for node in nodes if isinstance(node, ast.Attribute) and hasattr(Bot, node.attr)}
    named = texts | {re.sub(r"_(\w)", lambda match: match[1].upper(), name) for name in functions}
    return named & METHOD_NAMES


def test_every_method_that_the_bot_calls_is_walked() -> None:
    called = called_by_the_bot()
    assert {"sendMessage", "getUpdates", "getWebhookInfo"} < called
    assert called <= set(WALKS)


def test_every_kind_of_update_that_the_bot_asks_for_is_walked() -> None:
    assert set(ALLOWED_UPDATES) == UPDATES
    assert {name for name, _ in adapter._KINDS} | set(adapter._SERVICE) | {"text", "contact"} <= CONTENTS


async def test_every_update_is_one_that_the_library_knows_in_full(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    han = await sandbox.person("韩梅梅", phone="13912345678")
    sent = await said(bot, li)
    own = await li.send("你好 /help", wait=False)
    await li.edit(own, "再见", wait=False)
    await li.press_on(li.last, "注册", wait=False)
    await li.share_contact(wait=False)
    await li.share_contact(han, wait=False)
    await li.share_card("13012345678", "王芳", wait=False)
    await li.send_album([png(), png(9, 9)], caption="证书", wait=False)
    await li.send_photo(png(), spoiler=True, wait=False)
    await li.send_document(b"hello", "a.txt", wait=False)
    await li.send_sticker(wait=False)
    await li.send_voice(wait=False)
    await li.send_location(wait=False)
    for kind in ("video", "video_note", "audio", "animation", "venue", *NOTICES):
        await li.send_other(kind, wait=False)
    await li.write_in_group("同事", "/start", wait=False)
    await li.block(wait=False)
    updates = await bot.get_updates()
    assert sent.message_id
    assert {kind for update in updates for kind in update.to_dict() if kind != "update_id"} == UPDATES
    messages = [update.effective_message for update in updates if update.effective_message]
    assert {key for message in messages for key in message.to_dict()} >= CONTENTS
    assert [dict(message.api_kwargs) for message in messages] == [{}] * 24


def test_the_list_in_the_docs_has_every_method_that_is_known_and_no_other() -> None:
    table = DOCS.read_text().partition("| Methods | |")[2].partition("\n\n")[0]
    assert set(re.findall(r"\w+", table)) & METHOD_NAMES == set(NAMES.values())


def test_the_docs_name_every_parameter_that_is_passed_over_and_no_other() -> None:
    sources = "".join(path.read_text() for path in SANDBOX_SOURCES.rglob("*.py"))
    parameters = {name for method in NAMES.values() for name in parameters_of(method)}
    sentence = DOCS.read_text().partition("Known and passed over")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == {name for name in parameters if f'"{name}"' not in sources}


async def test_a_method_that_only_telegram_has_says_so(api: RawApi) -> None:
    assert await api.refusal("sendDice", chat_id=1) == "Not Implemented: the sandbox does not know sendDice"
    assert await api.refusal("sendDices") == "Not Found: method not found"


async def test_what_a_call_has_wrong_is_shown_in_the_traffic(api: RawApi, li: Chat, sandbox: Sandbox) -> None:
    assert (await api("sendMessage", chat_id=li.id, text="x", prase_mode="HTML"))["ok"]
    (call,) = await sandbox.traffic(method="sendMessage")
    assert call["problems"] == ["prase_mode: there is no such parameter"]


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"chat_id": "5", "text": "x", "reply_markup": '{"force_reply": true}'}, []),
        ({"chat_id": 5}, ["text: is missing"]),
        ({"chat_id": 5, "text": "x", "entities": [{"type": "bold", "offset": 0}]}, ["entities[0].length: is missing"]),
        ({"chat_id": 5, "text": "x", "protect_content": "maybe"}, ["protect_content: is no bool"]),
    ],
)
def test_a_call_is_held_to_the_description(values: dict[str, object], problems: list[str]) -> None:
    assert problems_of_request("sendmessage", values) == problems


def test_an_answer_and_an_update_are_held_to_the_description() -> None:
    assert problems_of_answer("getMe", {"id": 1, "is_bot": 1, "first_name": "x"}) == ["result.is_bot: is no bool"]
    assert problems_of_update({"update_id": 1, "message": {"message_id": 1}})[0] == "update.message.date: is missing"
    assert re.fullmatch(r"[0-9]+\.[0-9]+", VERSION)


def test_the_walk_leaves_no_method_out() -> None:
    assert set(WALKS) == set(NAMES.values())
    assert set(METHODS) == {name.lower() for name in WALKS}
