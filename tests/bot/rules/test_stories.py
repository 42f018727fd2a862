"""Being told, and coming back, through the real bot (DIALOGS rule 25, DIALOGS.md Who is told)."""

from core.account import Account
from core.notices import NoticeKind
from core.unit import Channel, UnitOfWork
from tests.bot.conftest import PASSWORD, Clinic, register


async def tell(clinic: Clinic, kind: NoticeKind) -> None:
    """The first account is told something."""
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.CLI)
        account: Account = await clinic.app.core.accounts.find(uow, "P1")
        await clinic.app.core.notices.tell(uow, account.id, kind)


async def test_an_expired_login_is_told_that_there_is_news_reads_it_after_logging_in_and_goes_on(
    clinic: Clinic,
) -> None:
    li = await clinic.person(phone="13812345678")
    await register(li)
    clinic.clock.advance(days=14, minutes=-1)
    await li.send("/profile")
    await li.press("住址")
    await li.send("北京")
    assert "（2/2）" in li.screen
    clinic.clock.advance(minutes=1)
    await tell(clinic, NoticeKind.LOGIN_NEW_CHAT)
    await li.expect("您的账号有新消息。请用 /login 登录")
    assert not any("在一个新的 Telegram 账号上登录" in message.text for message in li.visible)
    await li.press_on(next(message for message in reversed(li.visible) if message.buttons), "保存")
    assert any("登录已过期" in message.text for message in li.visible)
    await li.press("患者")
    await li.send("13812345678")
    await li.send(PASSWORD)
    assert "您不在的时候" in li.screen
    assert "在一个新的 Telegram 账号上登录" in li.screen
    assert "住址：北京" in li.screen
    await li.press("保存")
    assert "好的，已保存" in li.screen
    await li.send("/sessions")
    assert "在一个新的 Telegram 账号上登录" in li.screen


async def test_after_a_logout_nothing_is_pushed_and_the_next_login_reads_it_once(clinic: Clinic) -> None:
    li = await clinic.person(phone="13812345678")
    await register(li)
    await li.send("/logout")
    clinic.clock.advance(hours=1)
    await tell(clinic, NoticeKind.PASSWORD_RESET)
    await clinic.app.idle()
    await li.refresh()
    assert not any("密码已重新设置" in message.text for message in li.visible)
    clinic.clock.advance(hours=1)
    for told in (True, False):
        await li.send("/login")
        await li.press("患者")
        await li.send("13812345678")
        await li.send(PASSWORD)
        assert ("密码已重新设置" in li.screen) is told
        await li.send("/logout")


async def test_who_had_blocked_the_bot_reads_at_the_next_start_what_was_told_meanwhile(clinic: Clinic) -> None:
    li = await clinic.person(phone="13812345678")
    await register(li)
    await li.block()
    await tell(clinic, NoticeKind.LOGIN_NEW_CHAT)
    await clinic.app.idle()
    await li.unblock()
    for told in (True, False):
        await li.send("/start")
        assert ("您不在的时候" in li.screen) is told
        assert ("在一个新的 Telegram 账号上登录" in li.screen) is told
        assert "您想做什么" in li.screen
