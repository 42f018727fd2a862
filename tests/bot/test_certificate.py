"""`/certificate`: what doctors send, see and do about it (REVIEW.md, DIALOGS.md certificate, rules 12, 16, 18-24)."""

import io
from pathlib import Path

import pytest
from sqlalchemy import select

from core.photos import PhotoKind, new_name
from core.reasons import Refusal
from core.sessions import Signed
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone
from sandbox.client import Chat
from storage.tables.submissions import submission_files, submissions
from tests import pictures
from tests.bot.conftest import Clinic
from tests.bot.test_profile import doctor
from tests.bot.test_sessions import data_of, press_forged


@pytest.fixture
async def wang(clinic: Clinic) -> Chat:
    """A doctor, logged in."""
    return await doctor(clinic)


def photo(text: str, size: tuple[int, int] = (1280, 960)) -> bytes:
    """A photo that is told from others by its text."""
    return pictures.jpeg(pictures.page(size, text))


def kept(clinic: Clinic) -> list[Path]:
    """The files in the photo store."""
    return [path for path in Path(clinic.app.settings.storage.photos_url).rglob("*") if path.is_file()]


async def attempts(clinic: Clinic) -> list[tuple[str, int]]:
    """State and number of photos of each attempt."""
    async with clinic.app.database.read() as conn:
        found = []
        for row in (await conn.execute(select(submissions).order_by(submissions.c.id))).all():
            files = select(submission_files.c.path).where(submission_files.c.submission_id == row.id)
            found.append((row.state, len((await conn.execute(files)).all())))
        return found


async def test_me_says_how_a_doctor_stands(clinic: Clinic, wang: Chat) -> None:
    await wang.send("/me")
    assert "您还没有提交证件" in wang.screen
    await wang.send("/certificate")
    await wang.press("提交证件")
    await wang.send("/me")
    assert "您还没有提交证件" in wang.visible[-2].text
    assert "（1/2）请发证件照片" in wang.screen
    await wang.send_photo(photo("one page"))
    await wang.press("发完了")
    await wang.press("提交审核")
    await wang.send("/me")
    assert "您的账号 D" in wang.screen
    assert "已提交，正在排队等审核" in wang.screen
    await wang.send("/language")
    await wang.press("English")
    await wang.send("/me")
    assert "has been sent and waits for its review" in wang.screen


async def test_a_doctor_sends_replaces_looks_and_withdraws(clinic: Clinic, wang: Chat) -> None:
    await wang.send_photo(photo("too early"))
    assert "提交证件请点“我的证件”" in wang.screen
    await wang.press("我的证件")
    assert "您还没有提交证件" in wang.screen
    await wang.press("提交证件")
    assert "请准备好《医师执业证书》原件" in wang.screen
    assert "（1/2）请发证件照片，1 到 4 张" in wang.screen
    await wang.send_photo(photo("first page"))
    assert "已收到 1 张，最多 4 张" in wang.screen
    await wang.send_document(pictures.png(pictures.page((900, 1200), "second page")), "scan.png")
    assert "已收到 2 张" in wang.screen
    await wang.press("发完了")
    assert "证件：2 张照片" in wang.screen
    album = wang.visible[-3:-1]
    assert all(message.media and message.protected for message in album)
    assert len({message.album for message in album}) == 1
    await wang.press("提交审核")
    assert "收到了，谢谢您" in wang.screen
    assert "已提交，正在排队等审核" in wang.screen
    assert "一般 1 个工作日内有结果" in wang.screen
    assert wang.buttons == ["换照片", "撤回", "看照片", "菜单"]
    assert await attempts(clinic) == [("pending", 2)]

    await wang.press("换照片")
    assert "会自动撤回" in wang.screen
    await wang.send_photo(photo("better"))
    await wang.press("发完了")
    await wang.press("提交审核")
    assert await attempts(clinic) == [("withdrawn", 2), ("pending", 1)]
    await wang.press("看照片")
    assert "只有您和审核人员能看到" in wang.screen
    assert wang.visible[-2].protected
    await wang.press("返回")
    await wang.press("撤回")
    await wang.press("确定撤回")
    assert "已撤回" in wang.screen
    assert "您还没有提交证件" in wang.screen
    assert await attempts(clinic) == [("withdrawn", 2), ("withdrawn", 1)]


async def test_an_album_is_one_sending_and_has_one_answer(clinic: Clinic, wang: Chat) -> None:
    await wang.send("/certificate")
    await wang.press("提交证件")
    before = len(wang.visible)
    await wang.send_album([photo(str(page)) for page in range(3)])
    assert "已收到 3 张" in wang.screen
    assert len(wang.visible) == before + 3 + 1
    await wang.press("发完了")
    assert "3 张照片" in wang.screen


async def newest(uow: UnitOfWork) -> str:
    """The newest attempt's number."""
    numbers = select(submissions.c.number).order_by(submissions.c.id.desc()).limit(1)
    return str((await uow.conn.execute(numbers)).scalar_one())


async def submit(wang: Chat, text: str = "page") -> None:
    """One photo, sent for review."""
    await wang.send("/certificate")
    await wang.press("提交证件")
    await wang.send_photo(photo(text))
    await wang.press("发完了")
    await wang.press("提交审核")
    assert "收到了" in wang.screen


async def refuse(clinic: Clinic, codes: str, rest: str = "") -> None:
    """What an admin decides."""
    core = clinic.app.core
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.BOT)
        admin = await admin_signed_in(clinic, uow)
        number = await newest(uow)
        await core.reviews.claim(uow, admin, number)
        await core.reviews.refuse(uow, admin, number, Refusal.parse(codes, rest))
    await clinic.app.idle()  # the doctor is told


async def admin_signed_in(clinic: Clinic, uow: UnitOfWork) -> Signed:
    core = clinic.app.core
    hashed = await core.passwords.hash(Password.parse("a strong enough one"))
    phone, name = Phone.parse("13600000001"), PersonName.parse("审核员")
    account = await core.accounts.create_admin(uow, phone=phone, name=name, password_hash=hashed)
    return await core.sessions.authenticate(uow, (await core.sessions.open_over_http(uow, account)).access_token)


async def test_a_refusal_is_told_with_how_to_mend_it_and_the_next_try_leads_on(clinic: Clinic, wang: Chat) -> None:
    await submit(wang)
    await refuse(clinic, "BLR,OTH", "请用后置摄像头 <b>拍</b>")
    await wang.send("/certificate")
    assert "需要重新提交" in wang.screen
    assert "· 照片模糊，看不清字。请在亮处拿稳手机" in wang.screen
    assert "请用后置摄像头 <b>拍</b>" in wang.screen
    assert "还可以提交 4 次" in wang.screen
    assert "审核员" not in wang.screen
    assert wang.buttons == ["提交证件", "看照片", "菜单"]
    await wang.press("提交证件")
    await wang.send_photo(photo("page"))  # the very one that was refused
    await wang.press("发完了")
    await wang.press("提交审核")
    assert "之前没通过的同一张" in wang.screen
    assert "已收到" not in wang.screen
    await wang.send_photo(photo("sharp"))
    await wang.press("发完了")
    await wang.press("提交审核")
    assert await attempts(clinic) == [("needs_resubmit", 1), ("pending", 1)]


async def test_a_final_refusal_can_be_appealed_against_once(clinic: Clinic, wang: Chat) -> None:
    await submit(wang)
    await refuse(clinic, "NOT", "// 官网查不到")
    await wang.send("/certificate")
    assert "没有通过审核" in wang.screen
    assert "官网查不到" not in wang.screen
    assert "申诉一次" in wang.screen
    assert wang.buttons == ["申诉", "看照片", "菜单"]
    await wang.press("申诉")
    await wang.send("编号在官网可以查到，我附上了截图说明。")
    await wang.press("提交申诉")
    assert "申诉已提交" in wang.screen
    assert "正在处理中" in wang.screen
    assert "撤回" not in wang.buttons


async def test_forged_presses_do_what_core_allows_and_nothing_else(clinic: Clinic, wang: Chat) -> None:
    await wang.send("/certificate")
    for action in ("withdraw", "sure", "appeal", "replace", "nonsense"):
        revision = data_of(wang, "提交证件").split(":")[1]
        await press_forged(wang, f"menu:{revision}:certificate:{action}")
        assert "certificate" not in wang.screen.replace("/certificate", "")
        await wang.send("/certificate")
    assert await attempts(clinic) == []


@pytest.mark.slow
async def test_claimed_meanwhile_nothing_is_withdrawn_or_replaced(clinic: Clinic, wang: Chat) -> None:
    await submit(wang)
    await wang.press("撤回")
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.BOT)
        await clinic.app.core.reviews.claim(uow, await admin_signed_in(clinic, uow), await newest(uow))
    await wang.press("确定撤回")
    assert "正在审核" in wang.screen
    await wang.send("/certificate")
    assert "正在审核中" in wang.screen
    assert wang.buttons == ["看照片", "菜单"]


@pytest.mark.slow
async def test_in_english_and_in_the_other_language_in_the_middle(clinic: Clinic) -> None:
    ann = await doctor(clinic, phone="13700000002", language="en")
    await ann.send("/certificate")
    await ann.press("Send certificate")
    await ann.send_photo(photo("page"))
    assert "1 photo so far, 4 at most" in ann.screen
    await ann.send("/language")
    await ann.press("中文")
    assert "已收到 1 张" in ann.screen
    await ann.press("发完了")
    await ann.press("提交审核")
    assert "收到了，谢谢您" in ann.screen


@pytest.mark.slow
async def test_what_was_sent_elsewhere_meanwhile_ends_the_dialog_in_words(clinic: Clinic, wang: Chat) -> None:
    await wang.send("/certificate")
    await wang.press("提交证件")
    await wang.send_photo(photo("page"))
    await wang.press("发完了")
    core = clinic.app.core
    async with clinic.app.database.write() as conn:
        uow = UnitOfWork(conn, clinic.clock(), Channel.HTTP)
        signed = (await core.sessions.of_people(uow, [wang.id]))[wang.id]
        taken = await core.photos.take(io.BytesIO(photo("elsewhere")))
        await core.certificates.submit(uow, signed, [await core.photos.keep(new_name(PhotoKind.CERTIFICATE), taken)])
        await core.reviews.claim(uow, await admin_signed_in(clinic, uow), await newest(uow))
    await wang.press("提交审核")
    assert "您的证件正在审核" in wang.screen
    assert "看照片" in wang.buttons
