"""What people do on their phones, and what the bot gets of it."""

from __future__ import annotations

import pytest
from telegram import Bot, Message, Update

from sandbox.client import Chat, Sandbox, SandboxError


async def newest(bot: Bot) -> Update:
    """The last update."""
    return (await bot.get_updates(-1))[-1]


async def received(bot: Bot) -> Message:
    """The message of the last update."""
    message = (await newest(bot)).effective_message
    assert isinstance(message, Message)
    return message


async def test_a_command_is_marked_as_one(bot: Bot, li: Chat) -> None:
    message = await received(bot)
    assert message.from_user is not None
    assert (message.from_user.language_code, message.from_user.first_name) == ("zh-hans", "李雷")
    assert message.parse_entities() == {message.entities[0]: "/start"}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("my_password__1", []),
        ("see https://clinic.example/x, or write to li@clinic.example", ["url", "email"]),
        ("@someone #tag1 /help@sandbox_123456_bot", ["mention", "hashtag", "bot_command"]),
        ("</b> a/b 1/2", []),
        ("password.com +8613812345678 li@clinic.com 3.14 v1.me2", ["url", "phone_number", "email"]),
    ],
)
async def test_links_and_the_like_are_found(bot: Bot, li: Chat, text: str, kinds: list[str]) -> None:
    await li.send(text, wait=False)
    assert [entity.type for entity in (await received(bot)).entities] == kinds


async def test_formatting_of_the_client_app_comes_as_entities(bot: Bot, li: Chat) -> None:
    await li.send("secret", entities=[{"type": "underline", "offset": 0, "length": 6}], wait=False)
    message = await received(bot)
    assert [(entity.type, entity.length) for entity in message.entities] == [("underline", 6)]


async def test_bidi_characters_of_people_reach_the_bot(bot: Bot, li: Chat) -> None:
    await li.send("a\u202eb", wait=False)
    assert (await received(bot)).text == "a\u202eb"


async def test_a_shared_contact_carries_the_id_of_its_owner(bot: Bot, li: Chat, sandbox: Sandbox) -> None:
    han = await sandbox.person("韩梅梅", phone="13912345678")
    await li.share_contact(wait=False)
    own = (await received(bot)).contact
    await li.share_contact(of=han, wait=False)
    other = (await received(bot)).contact
    await li.share_card("13712345678", "Nobody", wait=False)
    card = (await received(bot)).contact
    assert own is not None
    assert other is not None
    assert card is not None
    assert [(own.user_id, own.phone_number), other.user_id, card.user_id] == [(li.id, "8613812345678"), han.id, None]


async def test_stickers_voices_and_places(bot: Bot, li: Chat) -> None:
    await li.send_sticker(wait=False)
    assert (await received(bot)).sticker is not None
    await li.send_voice(wait=False)
    assert (await received(bot)).voice is not None
    await li.send_location(wait=False)
    assert (await received(bot)).location is not None


async def test_an_edit_comes_as_such(bot: Bot, li: Chat) -> None:
    await li.edit(li.messages[0], "changed", wait=False)
    update = await newest(bot)
    assert update.edited_message is not None
    assert (update.edited_message.text, update.edited_message.edit_date is None) == ("changed", False)


async def test_people_edit_only_what_they_wrote(bot: Bot, li: Chat) -> None:
    await bot.send_message(li.id, "mine")
    await li.refresh()
    with pytest.raises(SandboxError, match="texts of their own"):
        await li.edit(li.last, "yours", wait=False)


async def test_the_bot_is_told_when_it_is_blocked_and_let_in_again(bot: Bot, li: Chat) -> None:
    await li.block(wait=False)
    blocked = (await newest(bot)).my_chat_member
    with pytest.raises(SandboxError, match="has blocked the bot"):
        await li.send("hello")
    await li.unblock(wait=False)
    back = (await newest(bot)).my_chat_member
    assert blocked is not None
    assert back is not None
    assert [blocked.new_chat_member.status, back.new_chat_member.status] == ["kicked", "member"]


async def test_in_a_group_the_bot_sees_only_commands(bot: Bot, li: Chat) -> None:
    await li.write_in_group("Family", "hello all", wait=False)
    await li.write_in_group("Family", "/start@sandbox_123456_bot", wait=False)
    updates = await bot.get_updates()
    message = updates[-1].message
    assert message is not None
    assert message.from_user is not None
    assert (message.chat.type, message.chat.title, message.from_user.id) == ("supergroup", "Family", li.id)
    assert [bool(update.my_chat_member) for update in updates] == [False, True, False]
    assert await bot.send_message(message.chat_id, "Please write to me in private.")


async def test_an_empty_or_too_long_text_cannot_be_sent(li: Chat) -> None:
    with pytest.raises(SandboxError, match="message text is empty"):
        await li.send("  ")
    with pytest.raises(SandboxError, match="message is too long"):
        await li.send("x" * 4097)


async def test_the_language_of_an_app_can_be_switched(bot: Bot, li: Chat) -> None:
    await li.set_language("en")
    await li.send("hello", wait=False)
    sender = (await received(bot)).from_user
    assert sender is not None
    assert sender.language_code == "en"


async def test_who_is_unknown_cannot_act(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="nobody here has the id 1"):
        await sandbox.request("POST", "/people/1/send", json={"text": "x"})


async def test_an_unknown_act_names_those_there_are(li: Chat, sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="people do one of send, edit, press"):
        await sandbox.request("POST", f"/people/{li.id}/dance", json={})
