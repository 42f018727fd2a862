"""What admins do in the chat: find, suspend, restore, read the records (DIALOGS.md Commands, SECURITY.md Admins)."""

import asyncio

import pytest
from sqlalchemy import select

from core.audit import Action
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone
from sandbox.client import Chat
from storage.tables.accounts import audit
from tests.bot.conftest import PASSWORD, Clinic, register
from tests.bot.test_sessions import press_forged

FSI, PDI = "\u2068", "\u2069"
REASON = "多次冒用他人手机号"


async def admin(clinic: Clinic, phone: str = "13900000001", name: str = "王芳") -> Chat:
    """An admin, made on the machine, who has logged in."""
    app = clinic.app
    hashed = await app.core.passwords.hash(Password.parse(PASSWORD))
    async with app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.CLI)
        await app.core.accounts.create_admin(uow, phone=Phone(phone), name=PersonName.parse(name), password_hash=hashed)
    chat = await clinic.person(name, phone=phone)
    await sign_in(chat, phone)
    await chat.press("我同意")
    return chat


async def sign_in(chat: Chat, phone: str = "13900000001") -> None:
    await chat.send("/login")
    await chat.press("工作人员")
    await chat.send(phone)
    await chat.send(PASSWORD)


@pytest.fixture
async def wang(clinic: Clinic) -> Chat:
    """A1."""
    return await admin(clinic)


@pytest.fixture
async def li(clinic: Clinic, wang: Chat) -> Chat:
    """P2, logged in."""
    chat = await clinic.person("李雷", phone="13812345678")
    await register(chat, name="李雷")
    return chat


async def audited(clinic: Clinic, action: Action) -> list[str | None]:
    """The reasons of all entries of this kind."""
    async with clinic.app.database.read() as conn:
        rows = await conn.execute(select(audit.c.reasons).where(audit.c.action == action))
        return list(rows.scalars())


async def test_an_admin_finds_suspends_reads_the_records_and_restores(clinic: Clinic, wang: Chat, li: Chat) -> None:
    await wang.send("/find 李")
    assert wang.screen == (
        f"P2 {FSI}李雷{PDI}（患者，使用中）\n手机号：13812345678（已验证）\n注册时间：2026-03-01 12:00\n\n"
        "接下来可以：/audit P2 看记录，/suspend P2 加上原因来停用。"
    )

    await wang.send(f"/suspend p2 {REASON}")
    assert "对方会收到停用的通知" in wang.screen
    assert f"账号：P2 {FSI}李雷{PDI}（患者，使用中）" in wang.screen
    assert f"原因：{REASON}" in wang.screen
    assert wang.buttons == ["停用这个账号", "改原因", "返回", "取消"]
    await wang.press("改原因")
    await wang.send(f"{REASON}，已核实")
    await wang.press("停用这个账号")
    assert f"已停用：P2 {FSI}李雷{PDI}（患者，已停用）" in wang.screen

    told = await li.expect("您的账号已停用")
    assert REASON not in told.text
    await li.send("/me")
    assert "请先登录" in li.screen
    await li.press("患者")
    await li.send("13812345678")
    await li.send(PASSWORD)
    assert "这个账号已停用" in li.screen

    await wang.send("/find P2")
    assert "/restore P2 恢复" in wang.screen
    await wang.send("/audit P2")
    assert f"账号记录：P2 {FSI}李雷{PDI}" in wang.screen
    assert "2026-03-01 12:00 停用（A1）" in wang.screen
    assert f"备注：{FSI}{REASON}，已核实{PDI}" in wang.screen
    assert "2026-03-01 12:00 注册（本人）" in wang.screen
    for _ in range(4):
        await wang.send("/audit P2")
    assert "注册（本人）" not in wang.screen
    await wang.press("更早的")
    assert "2026-03-01 12:00 注册（本人）" in wang.screen
    await wang.press("最新的")
    assert "记录被查看（A1）" in wang.screen

    await wang.send("/restore Ｐ２")
    await wang.press("恢复这个账号")
    assert "已恢复：P2" in wang.screen
    await li.expect("您的账号已恢复")
    await li.send(PASSWORD)
    assert "登录成功" in li.screen


async def test_in_english_it_reads_as_well(clinic: Clinic, wang: Chat, li: Chat) -> None:
    await wang.send("/language")
    await wang.press("English")
    await wang.send("/find 13812345678")
    assert f"P2 {FSI}李雷{PDI} (Patient, in use)" in wang.screen
    await wang.send("/suspend P2")
    assert "(1/2) Why is it suspended?" in wang.screen
    await wang.send("a reason")
    await wang.press("Suspend this account")
    assert "Suspended: P2" in wang.screen
    await wang.send("/audit P2")
    assert "2026-03-01 12:00 suspended (A1)" in wang.screen


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/find", "/find 王小明"),
        ("/suspend", "/suspend P12"),
        ("/restore", "/restore P12"),
        ("/audit", "/audit P12"),
        ("/find 赵敏", "没有找到"),
        ("/audit C-7K3M2Q", "没有这个编号的证件"),
        ("/suspend D2 原因", "没有这个账号"),
        ("/restore 李雷", "账号是一个字母加数字"),
        (f"/suspend P2 {'长' * 301}", "最多 300 个"),
        ("/audit\u3000P2", "账号记录"),
    ],
)
async def test_what_cannot_be_read_is_answered_with_how_to_write_it(
    wang: Chat, li: Chat, typed: str, said: str
) -> None:
    await wang.send(typed)
    assert said in wang.screen
    assert "菜单" in wang.buttons or "找人" in wang.buttons


async def test_nobody_suspends_themselves_and_who_is_not_suspended_is_not_restored(wang: Chat, li: Chat) -> None:
    for command in ("/suspend A1 休假", "/restore A1"):
        await wang.send(command)
        assert "不能对自己的账号这样做" in wang.screen
    await wang.send("/restore P2")
    await wang.press("恢复这个账号")
    assert "这个账号没有停用" in wang.screen


async def test_of_two_admins_at_once_one_reads_that_it_is_suspended_already(
    clinic: Clinic, wang: Chat, li: Chat
) -> None:
    zhao = await admin(clinic, "13900000002", "赵敏")
    for chat in (wang, zhao):
        await chat.send(f"/suspend P2 {REASON}")
    await asyncio.gather(*(chat.press("停用这个账号") for chat in (wang, zhao)))
    assert sorted("已停用：P2" in chat.screen for chat in (wang, zhao)) == [False, True]
    assert sorted("已经是停用的" in chat.screen for chat in (wang, zhao)) == [False, True]


@pytest.mark.parametrize("command", ["/find 王芳", "/suspend A1 原因", "/restore", "/audit A1"])
async def test_a_patient_who_tries_is_refused_and_that_is_audited(clinic: Clinic, li: Chat, command: str) -> None:
    await li.send(command)
    assert "您的账号没有这项权限" in li.screen
    assert "王芳" not in li.screen
    assert await audited(clinic, Action.REFUSED) == ["account.manage"]


async def test_a_patients_forged_buttons_do_nothing_and_that_is_audited(clinic: Clinic, wang: Chat, li: Chat) -> None:
    await wang.send("/suspend P2 原因")
    for data in ("find:0.王芳", "audit:A1", "cmd:suspend"):
        await li.send("/start")
        revision = li.last.rows[0][0]["callback_data"].split(":")[1]
        await press_forged(li, f"menu:{revision}:{data}")
        assert "您的账号没有这项权限" in li.screen
    assert await audited(clinic, Action.REFUSED) == ["account.manage"] * 3
    revision = li.last.rows[0][0]["callback_data"].split(":")[1]
    await press_forged(li, f"suspend:{revision}:next")
    assert "这个按钮过期了" in li.alerts[-1]
    await li.send("/me")
    assert "您的账号 P2" in li.screen


async def test_in_mid_dialog_it_asks_whether_to_leave_and_then_does_what_was_typed(wang: Chat, li: Chat) -> None:
    await wang.send("/suspend P2")
    await wang.send("/find 李雷")
    assert "还没做完" in wang.screen
    await wang.press("放弃")
    assert "李雷\u2069（患者，使用中）" in wang.screen


async def test_an_admin_whose_login_lapsed_logs_in_and_comes_to_what_was_typed(
    clinic: Clinic, wang: Chat, li: Chat
) -> None:
    await wang.send(f"/suspend P2 {REASON}")
    clinic.clock.advance(days=14)
    await wang.press("停用这个账号")
    await li.send("/start")
    assert "账号已停用" not in li.screen
    await wang.send("/cancel")
    await wang.send("/audit P2")
    assert "登录已过期" in wang.screen
    await wang.press("工作人员")
    await wang.send("13900000001")
    await wang.send(PASSWORD)
    assert "账号记录：P2" in wang.screen


async def nine_of_one_name(clinic: Clinic, name: str) -> None:
    app = clinic.app
    hashed = await app.core.passwords.hash(Password.parse(PASSWORD))
    async with app.database.write() as conn:
        for number in range(9):
            uow = UnitOfWork(conn, clinic.clock(), Channel.CLI)
            phone = Phone(f"1370000000{number}")
            await app.core.accounts.create_admin(uow, phone=phone, name=PersonName(name), password_hash=hashed)


async def test_rule_23_many_of_one_name_come_in_pages(clinic: Clinic, wang: Chat) -> None:
    await nine_of_one_name(clinic, "张伟")
    await wang.send("/find 张伟")
    assert wang.screen.count("张伟") == 8
    assert "13700000008" not in wang.screen
    await wang.press("下一页")
    assert "13700000008" in wang.screen
    await wang.press("上一页")
    assert wang.screen.count("张伟") == 8


async def test_a_name_too_long_for_a_button_says_how_to_go_on(clinic: Clinic, wang: Chat) -> None:
    await nine_of_one_name(clinic, "阿" * 14)
    await wang.send("/find " + "阿" * 14)
    assert "还有更多，这里放不下" in wang.screen
    assert wang.buttons == ["菜单"]
