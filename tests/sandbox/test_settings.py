"""What a bot says of itself: commands, descriptions, menu button; and what it may ask."""

from __future__ import annotations

import pytest
from telegram import Bot, BotCommand, BotCommandScopeChat, MenuButtonCommands
from telegram.error import BadRequest

from sandbox.client import Chat
from tests.sandbox.conftest import RawApi


async def test_the_bot_knows_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.is_bot, me.username) == (123456, True, "sandbox_123456_bot")


async def test_a_person_sees_the_commands_nearest_to_them(bot: Bot, li: Chat) -> None:
    scope = BotCommandScopeChat(li.id)
    await bot.set_my_commands([BotCommand("start", "Menu")])
    await li.refresh()
    assert li.commands == ["start"]
    await bot.set_my_commands([BotCommand("me", "我的账户")], language_code="zh")
    await li.refresh()
    assert li.commands == ["me"]
    await bot.set_my_commands([BotCommand("logout", "退出")], scope=scope)
    await li.refresh()
    assert li.commands == ["logout"]
    await bot.delete_my_commands(scope=scope)
    await li.refresh()
    assert li.commands == ["me"]


async def test_commands_are_given_back_as_set(bot: Bot) -> None:
    commands = (BotCommand("start", "Menu"), BotCommand("help", "Help"))
    await bot.set_my_commands(commands, language_code="en")
    assert await bot.get_my_commands(language_code="en") == commands
    assert await bot.get_my_commands() == ()


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"commands": [{"command": "Start", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "start", "description": ""}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": [{"command": "a", "description": "x"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
        ({"commands": "start"}, "can't parse commands JSON object"),
        ({"commands": [], "language_code": "zh-hans"}, "invalid language_code specified"),
        ({"commands": [], "scope": {"type": "chat", "chat_id": 5}}, "chat not found"),
        ({"commands": [], "scope": {"type": "planet"}}, "can't parse BotCommandScope: unsupported type specified"),
    ],
)
async def test_wrong_commands_are_refused(api: RawApi, params: dict[str, object], reason: str) -> None:
    assert await api.refusal("setMyCommands", **params) == f"Bad Request: {reason}"


async def test_texts_of_the_bot_by_language(bot: Bot) -> None:
    await bot.set_my_description("Clinic bot")
    await bot.set_my_description("诊所机器人", language_code="zh")
    await bot.set_my_short_description("Clinic")
    assert (await bot.get_my_description("zh")).description == "诊所机器人"
    assert (await bot.get_my_description("en")).description == "Clinic bot"
    assert (await bot.get_my_short_description()).short_description == "Clinic"
    with pytest.raises(BadRequest):
        await bot.set_my_description("x" * 513)


async def test_the_menu_button(bot: Bot, li: Chat) -> None:
    await bot.set_chat_menu_button(li.id, MenuButtonCommands())
    assert isinstance(await bot.get_chat_menu_button(li.id), MenuButtonCommands)


async def test_a_chat_can_be_asked_for(bot: Bot, li: Chat) -> None:
    chat = await bot.get_chat(li.id)
    assert (chat.type, chat.first_name) == ("private", "李雷")


async def test_leaving_the_cloud_is_harmless(bot: Bot) -> None:
    assert await bot.close()
    assert await bot.log_out()
