"""The rules that every dialog keeps (DIALOGS rules 1-28), through the real bot."""

import asyncio

import pytest

from sandbox.client import Chat
from tests import pictures
from tests.bot.conftest import PASSWORD, Clinic, register

PNG = pictures.png()


@pytest.fixture
async def li(clinic: Clinic) -> Chat:
    """Somebody at the name question of a registration."""
    chat = await clinic.person()
    await chat.send("/register")
    await chat.press("患者")
    await chat.press("我同意")
    await chat.send("13812345678")
    assert "（4/9）" in chat.screen
    return chat


async def to_password(chat: Chat) -> None:
    await chat.send("王小明")
    for _ in range(3):
        await chat.press("跳过")
    await chat.press("下一步：设置密码")


async def test_rule_5_cancel_says_what_was_dropped(li: Chat) -> None:
    await li.send("/cancel")
    assert "已停止注册" in li.screen
    assert "注册" in li.buttons
    await li.send("/cancel")
    assert "没有可以取消的操作" in li.screen


async def test_rule_6_back_shows_the_earlier_answer(li: Chat) -> None:
    await li.send("王小明")
    await li.press("返回")
    assert "目前的回答：王小明" in li.screen
    await li.press("不改")
    assert "邮箱" in li.screen


async def test_rule_7_a_required_step_cannot_be_skipped(li: Chat) -> None:
    assert "跳过" not in li.buttons
    await li.send("王小明")
    assert "选填" in li.screen
    assert "跳过" in li.buttons


async def test_rule_9_a_change_from_the_review_returns_to_it(li: Chat) -> None:
    await li.send("王小明")
    for _ in range(3):
        await li.press("跳过")
    await li.press("改姓名")
    await li.send("王大明")
    assert "姓名：王大明" in li.screen
    assert "下一步：设置密码" in li.buttons


async def test_rule_11_nothing_is_written_before_the_submit(clinic: Clinic, li: Chat) -> None:
    await to_password(li)
    other = await clinic.person("韩梅梅", phone="13900000000")
    await other.send("/register")
    await other.press("患者")
    await other.press("我同意")
    await other.send("13812345678")
    assert "姓名" in other.screen


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("王小明123", "去掉数字"),
        ("王" * 51, "有 51 个字，最多 50 个"),
        ("···", "至少要有一个字"),
        ("王\u202e小明", "去掉数字和其他符号"),
    ],
)
async def test_rule_12_each_error_says_how_to_mend_it_and_asks_again(li: Chat, typed: str, said: str) -> None:
    await li.send(typed)
    assert said in li.screen
    assert "（4/9）" in li.screen
    assert "返回" in li.buttons


async def test_rule_13_help_grows(li: Chat) -> None:
    await li.send("1")
    await li.send("2")
    assert "1 到 50 个字" in li.screen
    await li.send("3")
    assert "还是不行" in li.screen


@pytest.mark.parametrize(
    "typed", ["１３８１２３４５６７９", "+86 138-1234-5679", "0086 13812345679", "(138) 1234 5679"]
)
async def test_rule_14_a_phone_is_read_however_it_is_typed(li: Chat, typed: str) -> None:
    await li.press("返回")
    await li.send(typed)
    assert "（4/9）" in li.screen


@pytest.mark.parametrize(
    "typed", ["1990-01-31", "1990/1/31", "19900131", "1990年1月31日", "31 Jan 1990", "１９９０．０１．３１"]
)
async def test_rule_14_a_date_is_read_however_it_is_typed(li: Chat, typed: str) -> None:
    await li.send("王小明")
    await li.press("跳过")
    await li.send("2")
    await li.send(typed)
    assert "出生日期：1990-01-31" in li.screen
    assert "性别：女" in li.screen


@pytest.mark.parametrize("command", ["/start", "/help", "/privacy", "/language"])
async def test_rule_15_a_global_command_answers_and_repeats_the_question(li: Chat, command: str) -> None:
    await li.send(command)
    assert "（4/9）" in li.screen
    await li.send("王小明")
    assert "（5/9" in li.screen


async def test_rule_16_each_wrong_kind_of_message_gets_its_own_sentence(li: Chat) -> None:
    await li.send_sticker()
    assert "这是贴纸" in li.screen
    await li.send_voice()
    assert "听不了语音" in li.screen
    await li.send_location()
    assert "不用发位置" in li.screen
    await li.send_photo(PNG)
    assert "这是图片" in li.screen
    await li.send_document(b"%PDF-", "a.pdf")
    assert "这是文件" in li.screen
    await li.share_contact()
    assert "这是联系人名片" in li.screen
    assert "（4/9）" in li.screen


async def test_rule_17_a_password_is_deleted_also_when_it_is_refused(li: Chat) -> None:
    await to_password(li)
    typed = await li.send("short")
    assert typed.deleted
    assert "至少 8 个字符" in li.screen
    assert not any("short" in message.text for message in li.visible)


async def test_rule_17_the_person_is_told_when_a_password_could_not_be_deleted(clinic: Clinic, li: Chat) -> None:
    await to_password(li)
    refusal = "Bad Request: message can't be deleted"
    await clinic.sandbox.fail("error", "deleteMessage", status=400, description=refusal)
    await li.send(PASSWORD)
    assert "请您自己删除" in li.screen
    assert "已注册好" in li.screen


async def test_a_password_that_looks_like_a_command_is_a_password(li: Chat) -> None:
    await to_password(li)
    typed = await li.send("/not-one-of-ours")
    assert typed.deleted
    assert "已注册好" in li.screen


async def test_a_command_on_the_password_step_is_a_command(li: Chat) -> None:
    await to_password(li)
    await li.send("/cancel")
    assert "已停止注册" in li.screen


async def test_a_password_with_formatting_is_deleted_and_asked_for_again(li: Chat) -> None:
    await to_password(li)
    typed = await li.send("underlined words", entities=[{"type": "underline", "offset": 0, "length": 10}])
    assert typed.deleted
    assert "改动了您的文字格式" in li.screen


async def test_an_edited_message_changes_nothing(li: Chat) -> None:
    typed = await li.send("王小明")
    await li.edit(typed, "王大明")
    assert "请重新发送" in li.screen
    assert "（5/9" in li.screen


async def test_an_edited_message_on_the_password_step_is_deleted(li: Chat) -> None:
    named = await li.send("王小明")
    for _ in range(3):
        await li.press("跳过")
    await li.press("下一步：设置密码")
    await li.edit(named, PASSWORD)
    await li.refresh()
    assert next(message for message in li.messages if message.id == named.id).deleted


async def test_rule_18_a_late_answer_is_taken_and_shown(clinic: Clinic, li: Chat) -> None:
    clinic.clock.advance(minutes=16)
    await li.send("王小明")
    assert "姓名：王小明" in li.screen
    assert "（5/9" in li.screen


async def test_rule_18_a_late_answer_that_does_not_fit_is_offered_to_go_on(clinic: Clinic, li: Chat) -> None:
    clinic.clock.advance(minutes=16)
    await li.send("12345")
    assert li.buttons == ["继续", "重新开始", "取消"]
    await li.press("继续")
    assert "（4/9）" in li.screen


async def test_rule_18_a_password_step_lapses(clinic: Clinic, li: Chat) -> None:
    await to_password(li)
    clinic.clock.advance(minutes=15)
    typed = await li.send(PASSWORD)
    assert typed.deleted
    assert "没有当作密码" in li.screen
    await li.press("下一步：设置密码")
    await li.send(PASSWORD)
    assert "已注册好" in li.screen


async def test_rule_18_a_draft_dies_after_a_day(clinic: Clinic, li: Chat) -> None:
    clinic.clock.advance(hours=24)
    await li.send("王小明")
    assert "已超过一天" in li.screen
    assert "注册" in li.buttons


async def test_rule_19_an_old_button_answers_with_a_short_alert(li: Chat) -> None:
    asked = li.last
    await li.send("王小明")
    await li.press_on(asked, "返回")
    assert "过期" in li.alerts[-1]
    assert "（5/9" in li.screen


async def test_rule_19_a_double_tap_has_one_effect(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/register")
    asked = li.last
    await asyncio.gather(*(li.press_on(asked, "患者") for _ in range(5)))
    await li.refresh()
    assert "（2/9）" in li.screen
    assert len([message for message in li.visible if message.by_bot]) == 1


async def test_rule_19_buttons_go_away_when_a_question_is_answered(li: Chat) -> None:
    await li.send("王小明")
    assert [message for message in li.visible if message.buttons] == [li.last]


async def test_rule_21_a_menu_edits_its_own_message(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/start")
    await li.press("帮助")
    await li.press("菜单")
    await li.press("隐私")
    assert len([message for message in li.visible if message.by_bot]) == 1


async def test_rule_26_it_says_that_it_is_a_bot_and_names_120(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/start")
    assert "机器人" in li.screen
    assert "120" in li.screen


@pytest.mark.parametrize("name", ["O'Brien-Smith", "𠮷野家", "Ana·María", "Ｗａｎｇ"])
async def test_rule_27_names_are_shown_as_typed(li: Chat, name: str) -> None:
    await li.send(name)
    await li.press("返回")
    assert name in li.screen


async def test_rule_27_a_flood_of_emoji_is_refused_in_words(li: Chat) -> None:
    await li.send("😀" * 2000)
    assert "有 2000 个字，最多 50 个" in li.screen


async def test_the_language_can_be_changed_in_the_middle_of_a_dialog(li: Chat) -> None:
    await li.send("/language")
    await li.press("English")
    assert "(4/9) What is your name?" in li.screen
    await li.send("Li Lei")
    assert "(5/9, optional)" in li.screen


async def test_another_dialogs_command_asks_whether_to_leave_this_one(li: Chat) -> None:
    await li.send("/login")
    assert "您的注册还没做完" in li.screen
    await li.press("继续")
    assert "（4/9）" in li.screen
    await li.send("/login")
    await li.press("放弃")
    assert "已停止注册" in li.screen
    assert "您以什么身份登录" in li.screen


async def test_an_unknown_command_gets_a_sentence_and_the_menu(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/fly")
    assert "没有这个命令" in li.screen
    assert "注册" in li.buttons


async def test_somebody_elses_contact_is_refused(clinic: Clinic) -> None:
    li, han = await clinic.person(), await clinic.person("韩梅梅", phone="13900000000")
    await li.send("/register")
    await li.press("患者")
    await li.press("我同意")
    await li.share_contact(of=han)
    assert "这是别人的名片" in li.screen
    assert "发送我的手机号" in li.keyboard


async def test_the_contact_keyboard_can_go_back_and_cancel(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/register")
    await li.press("患者")
    await li.press("我同意")
    await li.press("返回")
    assert li.keyboard == []
    assert "您同意吗" in li.screen
    await li.press("不改")
    await li.press("取消")
    assert li.keyboard == []
    assert "注册" in li.buttons


async def test_in_a_group_it_answers_once_an_hour_with_a_link_to_itself(clinic: Clinic) -> None:
    li = await clinic.person()
    for _ in range(3):
        await li.write_in_group("病友群", f"/start@{clinic.app.bot.username}")
    await li.send("/start")  # what came before it is handled by now, too
    sent = await clinic.sandbox.traffic(method="sendMessage")
    assert len([call for call in sent if "t.me/" in call["params"]["text"]]) == 1


async def test_who_blocked_the_bot_is_left_in_peace_and_welcomed_back(clinic: Clinic) -> None:
    li = await clinic.person()
    await register(li)
    await li.block()
    await clinic.app.idle()
    await li.unblock()
    await li.send("/start")
    assert "您已登录" in li.screen


async def test_what_is_typed_at_leave_it_is_never_taken_as_the_answer(li: Chat) -> None:
    await li.send("/login")
    await li.send("算了吧")
    assert "还没做完" in li.screen
    await li.send("继续")
    assert "（4/9）" in li.screen


async def test_what_is_typed_at_leave_it_is_never_taken_as_the_password(li: Chat) -> None:
    await to_password(li)
    await li.send("/login")
    typed = await li.send("不注册了，谢谢大家")
    assert typed.deleted
    assert "还没做完" in li.screen
    await li.send("放弃")
    assert "您以什么身份登录" in li.screen


async def test_a_command_that_needs_a_login_asks_before_it_leaves_a_dialog(li: Chat) -> None:
    await li.send("/me")
    assert "您的注册还没做完" in li.screen
    await li.press("继续")
    assert "（4/9）" in li.screen


async def test_a_dialog_has_no_command_of_its_own(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/consent")
    assert "没有这个命令" in li.screen


async def test_who_logs_out_without_being_logged_in_is_told_so(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/logout")
    assert "您没有登录" in li.screen


async def test_a_label_that_is_on_the_screen_may_be_typed(li: Chat) -> None:
    await li.send("返回")
    assert "（3/9）" in li.screen
    await li.send("不改")
    await li.send("王小明")
    await li.send("跳过")
    assert "（6/9" in li.screen
    await li.send("取消")
    assert "已停止注册" in li.screen


async def test_a_password_sent_twice_is_deleted_twice(li: Chat) -> None:
    await to_password(li)
    await li.send(PASSWORD, wait=False)
    second = await li.send(PASSWORD)
    assert second.deleted
    assert not any(PASSWORD in message.text for message in li.visible)


async def test_a_password_typed_after_the_draft_died_is_deleted(clinic: Clinic, li: Chat) -> None:
    await to_password(li)
    clinic.clock.advance(hours=25)
    typed = await li.send(PASSWORD)
    assert typed.deleted
    assert "已超过一天" in li.screen


async def test_a_caption_on_the_password_step_is_deleted(li: Chat) -> None:
    await to_password(li)
    sent = await li.send_photo(PNG, caption=PASSWORD)
    assert sent.deleted


async def test_a_password_is_deleted_though_telegram_asks_to_wait(clinic: Clinic, li: Chat) -> None:
    await to_password(li)
    await clinic.sandbox.fail("error", "deleteMessage", retry_after=1)
    typed = await li.send(PASSWORD)
    assert typed.deleted


async def test_the_contact_keyboard_goes_with_the_dialog(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/register")
    await li.press("患者")
    await li.press("我同意")
    assert li.keyboard
    clinic.clock.advance(hours=25)
    await li.send("/start")
    assert li.keyboard == []


async def test_after_blocking_and_coming_back_the_buttons_still_work(clinic: Clinic, li: Chat) -> None:
    await li.block()
    await clinic.app.idle()
    await li.unblock()
    await clinic.app.idle()
    await li.press("返回")
    assert "（3/9）" in li.visible[-1].text


async def test_another_role_is_checked_before_a_password_is_asked_for(clinic: Clinic, li: Chat) -> None:
    doctor = await clinic.person("王医生", phone="13700000000")
    await doctor.send("/register")
    await doctor.press("医生")
    await doctor.press("我同意")
    await doctor.send("13812345678")
    await to_password(doctor)
    await doctor.send(PASSWORD)
    await li.send("王小明")
    for _ in range(3):
        await li.press("跳过")
    await li.press("改身份")
    await li.press("医生")
    await li.press("下一步：设置密码")
    assert "已有账号" in li.screen
    assert "（3/9）" in li.screen


async def test_an_email_that_was_taken_meanwhile_leads_back_to_it(clinic: Clinic) -> None:
    chats = [await clinic.person("甲", phone="13700000001"), await clinic.person("乙", phone="13700000002")]
    for number, chat in enumerate(chats):
        await chat.send("/register")
        await chat.press("医生（用邮箱）")
        await chat.press("我同意")
        await chat.send(f"doctor_{number}")
        await chat.send("same@example.com")
        await chat.press("男")
        await chat.send("40")
        await chat.press("下一步：设置密码")
    first, second = chats
    await first.send(PASSWORD)
    assert "已注册好" in first.screen
    await second.send(PASSWORD)
    assert "这个邮箱已有账号" in second.screen
    await second.send("other@example.com")
    assert "请核对" in second.screen


@pytest.mark.parametrize("aside", ["/help", "/privacy", "/nonsense"])
async def test_a_question_that_is_shown_again_can_be_answered_again(li: Chat, aside: str) -> None:
    await li.send("/login")
    await li.send(aside)
    assert "（4/9）" in li.screen
    await li.send("王小明")
    assert "（5/9" in li.screen


async def test_a_stray_password_that_looks_like_a_command_is_deleted(li: Chat) -> None:
    await to_password(li)
    await li.send("/not-one-of-ours", wait=False)
    second = await li.send("/not-one-of-ours")
    assert second.deleted


async def test_a_password_that_comes_a_step_too_late_is_deleted(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/login")
    await li.press("患者")
    await li.send("13812345678")
    clinic.clock.advance(minutes=16)
    await li.send(PASSWORD)
    assert "（2/3）" in li.screen
    again = await li.send(PASSWORD)
    assert again.deleted


async def test_ordinary_words_after_a_cancelled_password_stay(li: Chat) -> None:
    await to_password(li)
    await li.send("/cancel")
    said = await li.send("你们几点开门？")
    assert not said.deleted


async def test_rule_1_the_start_says_what_it_does_how_many_steps_and_what_to_have_ready(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/register")
    assert "一共 9 步" in li.screen
    assert "请准备好手机号" in li.screen
    await li.send("/cancel")
    await li.send("/login")
    assert "一共 3 步" in li.screen
    assert "密码" in li.screen


async def test_rule_4_the_progress_is_counted_anew_when_steps_fall_away(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/register")
    assert "（1/9）" in li.screen
    await li.press("医生（用邮箱）")
    assert "（2/8）" in li.screen


async def test_rule_8_a_change_shows_the_present_value_with_keep_and_erase(li: Chat) -> None:
    await li.send("王小明")
    await li.send("xiaoming@example.com")
    for _ in range(2):
        await li.press("跳过")
    await li.press("改邮箱")
    assert "目前的回答：xiaoming@example.com" in li.screen
    assert {"不改", "清除"} <= set(li.buttons)
    await li.press("清除")
    assert "邮箱：未填写" in li.screen


async def test_rule_10_the_button_that_submits_names_the_act(li: Chat) -> None:
    await li.send("王小明")
    for _ in range(3):
        await li.press("跳过")
    assert "下一步：设置密码" in li.buttons


async def test_rule_20_a_press_is_answered_and_slow_work_shows_typing(clinic: Clinic, li: Chat) -> None:
    await to_password(li)
    await li.send(PASSWORD)
    answered = await clinic.sandbox.traffic(method="answerCallbackQuery")
    pressed = await clinic.sandbox.traffic(method="editMessageText")
    assert len(answered) >= len(pressed) > 0
    (action,) = await clinic.sandbox.traffic(chat=li, method="sendChatAction")
    assert action["params"]["action"] == "typing"


async def test_a_dialog_with_nothing_in_it_is_left_without_a_question(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/me")
    assert "请先登录" in li.screen
    await li.send("/register")
    assert "（1/" in li.screen
    await li.press("患者")
    await li.send("/login")
    assert "填写的内容会清除" in li.screen
