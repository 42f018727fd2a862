"""`/sessions`: where one is logged in, ending that, and reading again what was pushed."""

import asyncio
from dataclasses import replace

import pytest

from core.sessions import Issued
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone
from sandbox.client import Chat
from tests.bot.conftest import PASSWORD, Clinic, register
from tests.bot.test_login import log_in

HERE = "1. 这个聊天：2026-03-01 12:00 登录"


@pytest.fixture
async def li(clinic: Clinic) -> Chat:
    """A patient, logged in."""
    chat = await clinic.person(phone="13812345678")
    await register(chat)
    return chat


async def second_chat(clinic: Clinic, phone: str = "13700000000") -> Chat:
    """Another Telegram user who logs in to the same account an hour later."""
    clinic.clock.advance(hours=1)
    chat = await clinic.person("新手机", phone=phone)
    await log_in(chat)
    return chat


async def over_http(clinic: Clinic, account_id: int = 1) -> Issued:
    """A login to the account over HTTP."""
    app = clinic.app
    async with app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.HTTP)
        return await app.core.sessions.open_over_http(uow, await app.core.accounts.get(uow, account_id))


async def is_alive(clinic: Clinic, issued: Issued) -> bool:
    """Whether this HTTP login is in its account's list."""
    async with clinic.app.database.read() as conn:
        living = await clinic.app.core.sessions.of_account(UnitOfWork(conn, clinic.clock(), Channel.HTTP), 1)
    return issued.session_id in [one.session_id for one in living]


def data_of(chat: Chat, label: str) -> str:
    """The callback data behind a button of the present screen."""
    (data,) = (
        button["callback_data"]
        for message in chat.visible
        for row in message.rows
        for button in row
        if button["text"] == label
    )
    return str(data)


async def press_forged(chat: Chat, data: str) -> None:
    """Presses a button of the present message that the bot never made."""
    forged = {"text": "forged", "callback_data": data}
    await chat.press_on(replace(chat.last, rows=((forged,),)), "forged")


async def test_the_only_login_is_shown_and_is_ended_by_logging_out(li: Chat) -> None:
    await li.send("/sessions")
    assert "您的账号现在登录在 1 处" in li.screen
    assert HERE in li.screen
    assert "最近 14 天没有账号消息" in li.screen
    assert li.buttons == ["菜单", "退出登录"]


async def test_each_login_says_where_it_is_since_when_and_when_it_was_used(clinic: Clinic, li: Chat) -> None:
    other = await second_chat(clinic)
    clinic.clock.advance(minutes=30)
    await over_http(clinic)
    clinic.clock.advance(minutes=10)
    await other.send("/me")
    await li.send("/start")
    await li.press("登录与消息")
    for line in (
        HERE,
        "2. Telegram 以外的应用：2026-03-01 13:30 登录，最近使用 2026-03-01 13:30",
        "3. 另一个 Telegram 账号：2026-03-01 13:00 登录，最近使用 2026-03-01 13:40",
    ):
        assert line in li.screen
    assert "退出第 1 处" not in li.buttons


async def test_in_english_it_reads_as_well(clinic: Clinic, li: Chat) -> None:
    await second_chat(clinic)
    clinic.clock.advance(minutes=5)
    await over_http(clinic)
    await li.send("/language")
    await li.press("English")
    await li.send("/sessions")
    assert "Your account is logged in at 3 places" in li.screen
    assert "2. An app outside Telegram: since 2026-03-01 13:05, last used 2026-03-01 13:05" in li.screen
    assert {"End no. 2", "End no. 3", "Log out everywhere"} <= set(li.buttons)


async def test_a_login_that_was_ended_elsewhere_leads_to_log_in(clinic: Clinic, li: Chat) -> None:
    other = await second_chat(clinic)
    await li.send("/sessions")
    await li.press("退出第 2 处")
    assert "已退出那一处" in li.screen
    assert "您的账号现在登录在 1 处" in li.screen
    await other.expect("一处登录已在别处被退出")
    await other.send("/me")
    assert "请先登录" in other.screen
    await li.send("/me")
    assert "您的账号 P1" in li.screen


async def test_a_chat_that_was_logged_out_by_the_owner_is_a_new_one_when_it_comes_again(
    clinic: Clinic, li: Chat
) -> None:
    other = await second_chat(clinic)
    await li.send("/sessions")
    await li.press("退出第 2 处")
    clinic.clock.advance(hours=1)
    await log_in(other)
    await li.send("/sessions")
    assert li.screen.count("在一个新的 Telegram 账号上登录") == 2


async def test_a_login_over_http_can_be_ended(clinic: Clinic, li: Chat) -> None:
    issued = await over_http(clinic)
    assert await is_alive(clinic, issued)
    await li.send("/sessions")
    await li.press("退出第 2 处")
    assert not await is_alive(clinic, issued)


async def test_a_login_over_http_whose_token_has_expired_is_none_any_more(clinic: Clinic, li: Chat) -> None:
    await over_http(clinic)
    clinic.clock.advance(hours=1)
    await li.send("/sessions")
    assert "Telegram 以外的应用" not in li.screen


async def test_t26_log_out_everywhere_asks_first_and_ends_this_login_too(clinic: Clinic, li: Chat) -> None:
    other, issued = await second_chat(clinic), await over_http(clinic)
    await li.send("/sessions")
    await li.press("全部退出")
    assert "要退出全部 3 处登录吗？" in li.screen
    await li.press("返回")
    assert "您的账号现在登录在 3 处" in li.screen
    await li.press("全部退出")
    await li.press("全部退出")
    assert "您已在所有地方退出登录" in li.screen
    assert "登录" in li.buttons
    assert not await is_alive(clinic, issued)
    await other.expect("您的账号已在所有地方退出登录")
    for chat in (li, other):
        await chat.send("/me")
        assert "请先登录" in chat.screen


async def test_a_double_tap_ends_one_login(clinic: Clinic, li: Chat) -> None:
    await second_chat(clinic)
    await over_http(clinic)
    await li.send("/sessions")
    listed = li.last
    await li.press_on(listed, "退出第 2 处")
    await li.press_on(listed, "退出第 3 处")
    assert "这个按钮过期了" in li.alerts[-1]
    assert "您的账号现在登录在 2 处" in li.screen


async def test_a_login_that_had_ended_already_is_said_to_be_so(clinic: Clinic, li: Chat) -> None:
    other = await second_chat(clinic)
    await li.send("/sessions")
    await other.send("/logout")
    await li.press("退出第 2 处")
    assert "已经退出了，没有改动" in li.screen
    assert "您的账号现在登录在 1 处" in li.screen


async def test_a_forged_button_ends_nobody_elses_login(clinic: Clinic, li: Chat) -> None:
    han = await clinic.person("韩梅梅", phone="13900000000")
    await register(han, name="韩梅梅")
    async with clinic.app.database.read() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.BOT)
        session = (await clinic.app.core.sessions.of_people(uow, [han.id]))[han.id].session_id
    await second_chat(clinic)
    await li.send("/sessions")
    start = data_of(li, "退出第 2 处").rpartition(".")[0]
    await press_forged(li, f"{start}.{session}")
    assert "没有改动任何内容" in li.screen
    await han.send("/me")
    assert "韩梅梅" in han.screen


@pytest.mark.parametrize("arg", ["end.", "page.99", "page.²", "nonsense"])
async def test_a_button_that_was_never_made_shows_the_list(clinic: Clinic, li: Chat, arg: str) -> None:
    await second_chat(clinic)
    await li.send("/sessions")
    start = data_of(li, "全部退出").rpartition(":")[0]
    await press_forged(li, f"{start}:{arg}")
    assert HERE in li.screen
    assert "您的账号现在登录在 2 处" in li.screen


async def test_who_was_logged_out_before_the_press_logs_in_and_comes_back(clinic: Clinic, li: Chat) -> None:
    other = await second_chat(clinic)
    await other.send("/sessions")
    await li.send("/sessions")
    await li.press("退出第 2 处")
    await other.press("退出第 2 处")
    await other.expect("请先登录")
    await other.press("患者")
    await other.send("13812345678")
    await other.send(PASSWORD)
    assert "您的账号现在登录在 2 处" in other.screen


async def test_of_two_who_end_the_same_login_at_once_one_is_told_that_it_had_ended(clinic: Clinic, li: Chat) -> None:
    other = await second_chat(clinic)
    clinic.clock.advance(minutes=5)
    await over_http(clinic)  # the newest: the second in both lists
    for chat in (li, other):
        await chat.send("/sessions")
    await asyncio.gather(*(chat.press("退出第 2 处") for chat in (li, other)))
    said = ["\n".join(message.text for message in chat.visible) for chat in (li, other)]
    assert sorted("已退出那一处" in one for one in said) == [False, True]
    assert sorted("已经退出了" in one for one in said) == [False, True]


async def test_rule_23_more_than_eight_logins_come_in_pages(clinic: Clinic, li: Chat) -> None:
    for _ in range(9):
        await over_http(clinic)
    await li.send("/sessions")
    assert "您的账号现在登录在 10 处" in li.screen
    assert "退出第 8 处" in li.buttons
    assert "退出第 9 处" not in li.buttons
    await li.press("下一页")
    assert [label for label in li.buttons if label.startswith("退出第")] == ["退出第 9 处", "退出第 10 处"]
    await li.press("上一页")
    assert HERE in li.screen


async def test_rule_24_what_was_pushed_can_be_read_again_once(clinic: Clinic, li: Chat) -> None:
    await second_chat(clinic)
    await second_chat(clinic, phone="13700000001")
    await li.expect("在一个新的 Telegram 账号上登录")
    clinic.clock.advance(days=3)
    await li.send("/sessions")
    assert "最近 14 天的账号消息" in li.screen
    news = [line for line in li.screen.splitlines() if "在一个新的 Telegram 账号上登录" in line]
    assert [line.partition("：")[0] for line in news] == ["2026-03-01 14:00", "2026-03-01 13:00"]


async def test_what_was_told_more_than_14_days_ago_is_left_out(clinic: Clinic, li: Chat) -> None:
    await second_chat(clinic)
    clinic.clock.advance(days=13, hours=22, minutes=59)
    await li.send("/sessions")
    assert "在一个新的 Telegram 账号上登录" in li.screen
    clinic.clock.advance(hours=1, minutes=2)
    await log_in(li)
    await li.send("/sessions")
    assert "在一个新的 Telegram 账号上登录" not in li.screen


async def test_another_accounts_news_is_nobody_elses(clinic: Clinic, li: Chat) -> None:
    han = await clinic.person("韩梅梅", phone="13900000000")
    await register(han, name="韩梅梅")
    await second_chat(clinic)
    await han.send("/sessions")
    assert "最近 14 天没有账号消息" in han.screen


async def test_in_mid_dialog_it_answers_and_repeats_the_question(clinic: Clinic) -> None:
    """An account made elsewhere is asked for consent when it has just logged in."""
    app = clinic.app
    password = await app.core.passwords.hash(Password.parse(PASSWORD))
    async with app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.CLI)
        await app.core.accounts.create_admin(
            uow, phone=Phone.parse("13912345678"), name=PersonName.parse("王芳"), password_hash=password
        )
    wang = await clinic.person("王芳", phone="13912345678")
    await wang.send("/login")
    await wang.press("工作人员")
    await wang.send("13912345678")
    await wang.send(PASSWORD)
    await over_http(clinic)
    await wang.send("/sessions")
    answer, question = wang.visible[-2:]
    assert "您的账号现在登录在 2 处" in answer.text
    assert answer.buttons == []
    assert "您同意吗" in question.text
    await wang.press("我同意")
    assert "已记录您的同意" in wang.screen


async def test_a_guest_is_led_through_log_in_to_it(clinic: Clinic, li: Chat) -> None:
    await li.send("/logout")
    await li.send("/sessions")
    assert "请先登录" in li.screen
    await li.press("患者")
    await li.send("13812345678")
    await li.send(PASSWORD)
    assert "您的账号现在登录在 1 处" in li.screen
