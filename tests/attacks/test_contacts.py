"""Forged contacts: a card of somebody else's, or of nobody, proves nothing (DIALOGS "Who is told", SECURITY.md)."""

from typing import Final

import pytest

from sandbox.acts import Phone
from sandbox.client import Chat
from tests.attacks.town import Town
from tests.bot.conftest import PASSWORD

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

_NO_CARDS: Final = (
    "",
    " ",
    "+",
    "13812345678\n",
    "x" * 500,
    "１３８１２３４５６７８x",
    "+1 202 555 0100",
    "\u202e138",
    "138\0",
)


async def _at_the_phone(chat: Chat) -> None:
    await chat.send("/register")
    await chat.press("患者")
    await chat.press("我同意")


async def test_anothers_card_takes_no_number_from_anybody(town: Town) -> None:
    """Neither a number that its owner has verified, nor one that another only typed."""
    victim, typed, thief = await town.patient(), await town.stranger("打字的"), await town.stranger("贼")
    await _at_the_phone(typed)
    await typed.send(typed.phone)
    await typed.send("打字的")
    for _ in range(3):
        await typed.press("跳过")
    await typed.press("下一步：设置密码")
    await typed.send(PASSWORD)
    assert "已注册好" in typed.screen
    before = await town.kept()
    for owner in (victim, typed):
        await _at_the_phone(thief)
        await thief.share_contact(owner)
        assert "这是别人的名片" in thief.screen
        await thief.share_card(owner.phone, owner.name)
        assert "这是别人的名片" in thief.screen
        await thief.send("/cancel")
    assert await town.kept() == before


async def test_anothers_card_is_no_proof_that_one_forgot_a_password(town: Town) -> None:
    victim, thief = await town.patient(), await town.stranger("贼")
    await thief.send("/forgot")
    await thief.press("患者")
    for card in (victim.phone, f"+86{victim.phone}"):
        await thief.share_contact(victim)
        assert "这是别人的名片" in thief.screen
        await thief.share_card(card, victim.name, user_id=victim.id)
        assert "这是别人的名片" in thief.screen
    await thief.send("a fresh password")
    await victim.send("/logout")
    await victim.send("/login")
    await victim.press("患者")
    await victim.send(victim.phone)
    await victim.send(PASSWORD)
    assert "登录成功" in victim.screen


async def test_anothers_card_changes_no_phone(town: Town) -> None:
    victim, thief = await town.patient(), await town.patient("贼")
    theirs = {thief.id, await town.account_of(thief)}
    before, was = await town.kept(but=theirs), thief.phone
    await thief.send("/phone")
    await thief.send(PASSWORD)
    await thief.share_contact(victim)
    assert "这是别人的名片" in thief.screen
    await thief.send("/cancel")
    await thief.send("/me")
    assert f"手机号：{was}" in thief.screen
    assert await town.kept(but=theirs) == before


@pytest.mark.parametrize("how", ["forward_origin", "forward_date", "via_bot"])
async def test_an_old_card_of_ones_own_takes_no_number_that_is_anothers_by_now(town: Town, how: str) -> None:
    """Numbers are recycled: who had it once still has the message in which they shared it, and can forward it."""
    victim, former = await town.patient(), await town.stranger("以前的机主")
    world = town.clinic.server.world
    [bot] = world.bots.values()
    phone = Phone(world, bot, world.people[former.id])
    card = {"phone_number": f"+86{victim.phone}", "first_name": "旧", "user_id": former.id}
    second_hand = {
        "forward_origin": {"type": "user", "date": 1_500_000_000, "sender_user": phone.person.as_user()},
        "forward_date": 1_500_000_000,
        "via_bot": {"id": 99, "is_bot": True, "first_name": "cards", "username": "cards_bot"},
    }
    await _at_the_phone(former)
    before = await town.kept()
    phone._send({"contact": card, how: second_hand[how]})
    await former.expect("转发来的名片可能是旧号码")
    assert "（3/" in former.screen
    assert await town.kept() == before
    await former.send("/cancel")


async def test_a_card_of_nonsense_is_answered_in_words(town: Town) -> None:
    odd = await town.stranger("怪人")
    await _at_the_phone(odd)
    before = await town.kept()
    for number in _NO_CARDS:
        await odd.share_card(number, "\u202e<b>名字\n")
        assert "（3/" in odd.screen, number
    await odd.send("/cancel")
    await odd.share_card("13812345678", "谁")
    assert await town.kept() == before
    town.check_no_fault()
