"""One whole story: register, read the account, log out, log in again; in Chinese and in English."""

from tests.bot.conftest import PASSWORD, Clinic, register


async def test_a_patient_registers_reads_the_account_logs_out_and_in_again_in_chinese(clinic: Clinic) -> None:
    li = await clinic.person("李雷", phone="13812345678")
    await li.send("/start")
    assert "您想做什么" in li.screen
    assert li.buttons == ["注册", "登录", "忘记密码", "帮助", "语言 Language", "隐私"]

    await li.press("注册")
    assert "（1/9）" in li.screen
    await li.press("患者")
    assert "您同意吗" in li.screen
    await li.press("我同意")
    assert li.keyboard == ["发送我的手机号", "返回", "取消"]
    await li.share_contact()
    assert li.keyboard == []
    await li.send("李雷")
    await li.send("lilei@example.com")
    await li.press("男")
    await li.send("1990年1月31日")
    assert "手机号：13812345678（已验证）" in li.screen
    assert "出生日期：1990-01-31" in li.screen
    await li.press("下一步：设置密码")
    typed = await li.send(PASSWORD)
    assert typed.deleted
    assert "您的账号 P1 已注册好" in li.screen
    assert "您已登录：李雷（患者）" in li.screen

    await li.press("我的账号")
    for line in (
        "您的账号 P1（患者）",
        "姓名：李雷",
        "13812345678（已验证）",
        "lilei@example.com",
        "性别：男",
        "年龄：",
    ):
        assert line in li.screen
    await li.press("退出登录")
    assert "您已退出登录" in li.screen

    await li.press("登录")
    await li.press("患者")
    await li.send("+86 138-1234-5678")
    typed = await li.send(PASSWORD)
    assert typed.deleted
    assert "登录成功" in li.screen


async def test_a_doctor_registers_by_email_and_logs_in_with_it_in_english(clinic: Clinic) -> None:
    ann = await clinic.person("Ann", language="en", phone="13900000001")
    await ann.send("/register")
    await ann.press("Doctor, by e-mail")
    await ann.press("I agree")
    await ann.send("dr_ann")
    await ann.send("ann@example.com")
    await ann.press("Female")
    await ann.send("４１")
    assert "Please check your answers" in ann.screen
    await ann.press("Next: set a password")
    await ann.send(PASSWORD)
    assert "Your account D1 is ready" in ann.screen
    await ann.send("/logout")

    await ann.send("/login")
    await ann.press("Doctor")
    await ann.send("ANN@example.com")
    await ann.send(PASSWORD)
    assert "You are logged in as dr_ann, doctor" in ann.screen


async def test_a_doctor_registers_by_phone(clinic: Clinic) -> None:
    wang = await clinic.person("王", phone="13700000001")
    await wang.send("/register")
    await wang.press("医生")
    await wang.press("我同意")
    await wang.send("137 0000 0001")
    assert "13700000001（未验证）" in wang.visible[-2].text
    await wang.send("王医生")
    for _ in range(3):
        await wang.press("跳过")
    await wang.press("下一步：设置密码")
    await wang.send(PASSWORD)
    assert "您已登录：王医生（医生）" in wang.screen


async def test_one_phone_may_own_a_patient_and_a_doctor_but_not_two_patients(clinic: Clinic) -> None:
    li = await clinic.person("李雷", phone="13812345678")
    await register(li)
    other = await clinic.person("韩梅梅", phone="13912345678")
    await other.send("/register")
    await other.press("患者")
    await other.press("我同意")
    await other.send("13812345678")
    assert "已有账号" in other.screen
    assert "/login" in other.screen
    await other.press("返回")
    await other.press("返回")
    await other.press("医生")
    await other.press("不改")
    await other.send("13812345678")
    assert "姓名" in other.screen


async def test_the_client_lists_the_commands_that_are_the_persons(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/start")
    assert li.commands == ["start", "register", "login", "forgot", "help", "language", "privacy", "cancel"]
    await register(li)
    assert "logout" in li.commands
    assert "register" not in li.commands
    await li.send("/logout")
    assert "register" in li.commands
