"""The Python client: what a test that drives a bot reads like."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup, Update
from telegram import Message as BotMessage

from sandbox.client import Chat, Message, Sandbox, SandboxError
from tests.sandbox.conftest import Answer

DOCS = Path(__file__).parents[2] / "docs" / "sandbox.md"
Start = Callable[[Answer], None]


async def greet(bot: Bot, update: Update) -> None:
    """A little registration: a button, a contact, a goodbye."""
    if update.callback_query:
        await update.callback_query.answer("好的")
        contact = KeyboardButton("分享我的手机号", request_contact=True)
        await bot.send_message(
            update.callback_query.from_user.id, "手机号？", reply_markup=ReplyKeyboardMarkup([[contact]])
        )
    elif update.message and update.message.contact:
        own = update.message.contact.user_id == update.message.chat_id
        await update.message.reply_text("这是您的号码" if own else "这是别人的号码")
    elif update.message:
        menu = InlineKeyboardMarkup([[InlineKeyboardButton("注册", callback_data="register")]])
        await update.message.reply_text("您好！", reply_markup=menu)


async def test_a_person_chats_with_the_bot(sandbox: Sandbox, answering: Start) -> None:
    answering(greet)
    li = await sandbox.person("李雷", phone="13812345678")
    await li.send("/start")
    assert li.screen == "您好！"
    assert li.buttons == ["注册"]
    await li.press("注册")
    assert li.alerts == ["好的"]
    assert li.keyboard == ["分享我的手机号"]
    await li.press("分享我的手机号")
    assert li.screen == "这是您的号码"


async def test_somebody_elses_contact_is_seen_as_such(sandbox: Sandbox, answering: Start) -> None:
    answering(greet)
    li = await sandbox.person("李雷", phone="13812345678")
    han = await sandbox.person("韩梅梅", phone="13912345678")
    await li.share_contact(of=han)
    assert li.screen == "这是别人的号码"


async def test_a_missing_button_names_those_there_are(li: Chat, bot: Bot) -> None:
    menu = InlineKeyboardMarkup([[InlineKeyboardButton("注册", callback_data="register")]])
    await bot.send_message(li.id, "您好！", reply_markup=menu)
    with pytest.raises(SandboxError, match="注册"):
        await li.press("登录")


async def test_blocking_returns_when_the_bot_knows(sandbox: Sandbox, answering: Start) -> None:
    told = []

    async def listen(_bot: Bot, update: Update) -> None:
        if update.my_chat_member:
            told.append(update.my_chat_member.new_chat_member.status)

    answering(listen)
    li = await sandbox.person("李雷")
    await li.block()
    assert told == ["kicked"]


async def test_a_bot_that_stays_silent_is_told_of_with_the_chat(li: Chat) -> None:
    li.sandbox.patience = 0.1
    with pytest.raises(SandboxError, match=r"did not answer in time(.|\n)*李雷: hello"):
        await li.send("hello")


async def test_expect_waits_for_what_comes_later(li: Chat, bot: Bot) -> None:
    sent: BotMessage = await bot.send_message(li.id, "Your certificate was approved")
    assert (await li.expect("approved")).id == sent.message_id


async def test_expect_fails_with_the_whole_chat(li: Chat, bot: Bot) -> None:
    await bot.send_message(li.id, "Please wait")
    with pytest.raises(SandboxError, match=r"'approved'(.|\n)*bot: Please wait"):
        await li.expect("approved", timeout=0.1)


async def test_the_test_can_say_itself_when_the_bot_is_done(sandbox: Sandbox, answering: Start) -> None:
    asked = []

    async def settled() -> None:
        asked.append("settled")

    answering(greet)
    li = await sandbox.person("李雷")
    sandbox.settled = settled
    await li.send("/start")
    assert asked == ["settled"]


async def test_a_person_saves_a_file_that_the_bot_has_sent(bot: Bot, li: Chat) -> None:
    await bot.send_document(li.id, b"PK\x05\x06 all that is kept", filename="my-data.zip")
    await bot.send_message(li.id, "that was it")
    await li.refresh()
    *_, file, text = li.visible
    assert file.media
    assert file.media["file_name"] == "my-data.zip"
    assert await li.save(file) == b"PK\x05\x06 all that is kept"
    with pytest.raises(SandboxError, match="has no file"):
        await li.save(text)


async def test_a_keyboard_taken_away_is_no_answer_yet(sandbox: Sandbox, answering: Start) -> None:
    async def answer(bot: Bot, update: Update) -> None:
        query = update.callback_query
        if query:
            await query.edit_message_reply_markup(None)
            await asyncio.sleep(0.15)
            await bot.send_message(query.from_user.id, "再见")
        elif update.message:
            keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("结束", callback_data="end")]])
            await update.message.reply_text("您好", reply_markup=keyboard)

    answering(answer)
    li = await sandbox.person("李雷")
    await li.send("/start")
    await li.press("结束")
    assert li.screen == "再见"


async def test_a_test_can_wait_for_whatever_comes_next(li: Chat, bot: Bot) -> None:
    waiting = asyncio.create_task(li.changed())
    await bot.send_message(li.id, "something")
    await waiting
    assert li.screen == "something"
    await li.changed(0.01)  # nothing more comes, and that is no mistake
    assert li.screen == "something"


@pytest.mark.parametrize("of", [Chat, Sandbox, Message])
def test_the_docs_name_all_that_the_client_can_do(of: type) -> None:
    words = set(re.findall(r"\w+", DOCS.read_text()))
    assert {name for name in (*vars(of), *of.__annotations__) if not name.startswith("_")} - {"parse"} <= words
