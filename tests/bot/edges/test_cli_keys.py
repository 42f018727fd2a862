"""`keys`: other keys take the place of the present ones, and nobody who chats with the bot notices."""

import asyncio
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from core import key_files
from core.audit import Audit
from core.clock import utc_now
from core.exits import Exit
from core.keys import KeyRing
from core.photos import Photos
from core.sealing import Sealer
from core.unit import Channel, UnitOfWork
from sandbox.client import Chat, Sandbox
from sandbox.server import serve
from storage.database import Database
from storage.photos import PhotoStore
from storage.tables.accounts import audit
from storage.tables.submissions import submission_files
from tests import pictures
from tests.bot.edges.machine import Machine
from tests.bot.edges.telegram_stub import TOKEN

PASSWORD = "correct horse battery"


def ring(machine: Machine, name: str) -> KeyRing:
    return KeyRing.parse((machine.folder / f"secrets/{name}_keys").read_text(encoding="ascii"))


def audited(machine: Machine) -> list[str]:
    async def read() -> list[str]:
        database = Database(machine.environment["CLINIC_BOT__STORAGE__DATABASE_URL"])
        async with database.read() as conn:
            rows = await conn.execute(select(audit).where(audit.c.action.like("keys.%")).order_by(audit.c.id))
            found = [f"{row.action} {row.subject} {row.channel}" for row in rows]
        await database.dispose()
        return found

    return asyncio.run(read())


@pytest.fixture(autouse=True)
def _at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other process is, nobody has to be waited for."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(key_files, "SEEN_AFTER", 0.0)


def test_a_key_is_added_put_in_front_and_its_forerunner_retired(clinic: Machine) -> None:
    old = ring(clinic, "health").current
    assert clinic.run("keys", "add", "health", "--behind").code == Exit.OK
    [new] = set(ring(clinic, "health").keys) - {old}
    assert ring(clinic, "health").current == old
    assert clinic.run("keys", "promote", "health", new).code == Exit.OK
    listed = clinic.run("keys", "list").out
    assert re.search(rf"health.*{new}.*signs and seals", listed)
    assert re.search(rf"health.*{old}.*opens", listed)
    assert clinic.run("keys", "retire", "health", old).code == Exit.OK
    assert list(ring(clinic, "health").keys) == [new]
    assert audited(clinic) == [
        f"keys.{act} health {kid} cli" for act, kid in (("add", new), ("promote", new), ("retire", old))
    ]
    for name in ("signing", "pepper", "photo", "health", "inbox", "audit"):
        assert (clinic.folder / f"secrets/{name}_keys").read_text().partition(":")[2][:20] not in listed


def test_what_cannot_be_done_is_said_and_changes_nothing(clinic: Machine) -> None:
    before = {name: ring(clinic, name) for name in ("health", "inbox")}
    kid = before["health"].current
    for words, code, said in (
        (("retire", "health", kid), Exit.FAILED, f"{kid} is the one that signs and seals: put another one in front"),
        (("retire", "health", "k0"), Exit.FAILED, "The health keys have no k0: `python -m bot keys list` shows them."),
        (("promote", "health", "k0"), Exit.FAILED, "The health keys have no k0"),
        (("reseal", "signing"), Exit.USAGE, "The signing keys seal nothing"),
    ):
        ended = clinic.run("keys", *words)
        assert (ended.code, said in ended.sentence) == (code, True), ended
    assert clinic.run("keys", "add", "fingerprints").code == Exit.USAGE
    assert {name: ring(clinic, name) for name in before} == before
    assert audited(clinic) == []


def test_keys_of_the_environment_are_for_its_owner_to_change(clinic: Machine) -> None:
    text = ring(clinic, "inbox").text
    clinic.unset("SECRETS__INBOX_KEYS_FILE")
    clinic.set(SECRETS__INBOX_KEYS=text)
    ended = clinic.run("keys", "add", "inbox")
    assert ended.code == Exit.CONFIGURATION
    assert "come from the environment" in ended.sentence
    assert text.partition(":")[2] not in ended.err


def test_a_folder_that_cannot_be_written_is_said(clinic: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is read-only, so the part file is in the way as a folder."""
    (clinic.folder / "secrets/.health_keys.part").mkdir()
    ended = clinic.run("keys", "add", "health")
    assert ended.code == Exit.FAILED
    assert "health_keys: " in ended.sentence
    assert audited(clinic) == []


def test_a_stolen_pepper_may_go_and_says_how_many_passwords_go_with_it(clinic: Machine) -> None:
    clinic.run("admin", "create", "--phone", "13800138000", "--name", "王芳", "--password-stdin", given=f"{PASSWORD}\n")
    old = ring(clinic, "pepper").current
    clinic.run("keys", "add", "pepper")
    kept = clinic.run("keys", "retire", "pepper", old)
    assert kept.code == Exit.FAILED
    assert kept.out.startswith("Passwords: 1; each login moves one to the present key")
    assert old in ring(clinic, "pepper").keys
    assert clinic.run("keys", "retire", "pepper", old, "--dry-run").code == Exit.OK
    assert old in ring(clinic, "pepper").keys
    assert clinic.run("keys", "retire", "pepper", old, "--anyway").code == Exit.OK
    assert old not in ring(clinic, "pepper").keys


def test_what_is_sealed_keeps_its_key_whatever_is_said(clinic: Machine) -> None:
    old = ring(clinic, "audit").current
    clinic.run("keys", "add", "health")  # audited, and sealed by the running bot; here by hand
    seal_audit(clinic)
    clinic.run("keys", "add", "audit")
    ended = clinic.run("keys", "retire", "audit", old, "--anyway")
    assert ended.code == Exit.FAILED
    assert "Audit entries: 1; they are verified by it" in ended.out
    assert old in ring(clinic, "audit").keys


def seal_audit(machine: Machine) -> None:
    async def seal() -> None:
        database = Database(machine.environment["CLINIC_BOT__STORAGE__DATABASE_URL"])
        async with database.write() as conn:
            await Audit(ring(machine, "audit")).seal(UnitOfWork(conn, utc_now(), Channel.JOB))
        await database.dispose()

    asyncio.run(seal())


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_every_key_is_changed_while_people_are_in_the_middle_of_something(
    tmp_path: Path, database_url: str
) -> None:
    async with serve(token=TOKEN, people=()) as server:
        machine = Machine.ready(tmp_path, api_url=server.url, database_url=database_url)
        machine.set(STORAGE__PHOTOS_URL=str(tmp_path / "photos"))
        sealing = ("inbox", "photo", "health", "pepper")
        old = {name: ring(machine, name).current for name in (*sealing, "signing")}
        async with machine.bot() as bot, Sandbox.connect(server.url, bot=int(TOKEN.partition(":")[0])) as sandbox:
            await bot.says("The bot runs")
            wang = await sandbox.person("王", phone="13700000001")
            await register_doctor(wang)
            await send_certificate(wang)
            li = await sandbox.person("李", phone="13700000002")
            await say(li, "/register", "（1/9）")
            await press(li, "患者", "（2/9）")
            await press(li, "我同意", "（3/9）")

            for name in old:
                assert (await run(machine, "keys", "add", name))[0] == Exit.OK
            await say(
                li, "13700000002", "（4/9）"
            )  # an answer lies under the old key or the new one, whoever was first
            code, said = await run(machine, "keys", "reseal")
            assert code == Exit.OK, said
            await say(li, "李雷", "（5/9")
            for name in ("inbox", "photo", "health"):
                code, said = await run(machine, "keys", "retire", name, old[name])
                assert code == Exit.OK, said
            assert (await run(machine, "keys", "retire", "signing", old["signing"]))[0] == Exit.OK  # nobody uses HTTP
            await press(li, "跳过", "（6/9")
            await press(li, "跳过", "（7/9")
            await press(li, "跳过", "（8/9）")
            await press(li, "下一步：设置密码", "（9/9）")
            await say(li, PASSWORD, "已注册好")

            kept, told = await run(machine, "keys", "retire", "pepper", old["pepper"])
            assert (kept, told.startswith("Passwords: 1;")) == (Exit.FAILED, True)  # the doctor's
            await say(wang, "/logout", "您已退出登录")
            await say(wang, "/login", "（1/3）")
            await press(wang, "医生", "（2/3）")
            await say(wang, "13700000001", "（3/3）")
            await say(wang, PASSWORD, "登录成功")
            assert (await run(machine, "keys", "retire", "pepper", old["pepper"]))[0] == Exit.OK
            assert "cannot be opened" not in bot.said
            assert [line for line in bot.said.splitlines() if "[error" in line] == []

    photos = Photos(PhotoStore(str(tmp_path / "photos")), Sealer(ring(machine, "photo"), "photos"))
    database = Database(database_url)
    async with database.read() as conn:
        paths = list((await conn.execute(select(submission_files.c.path))).scalars())
    assert [(await photos.read(path))[:2] for path in paths] == [b"\xff\xd8"]
    await database.dispose()
    photos.close()


async def run(machine: Machine, *words: str) -> tuple[int, str]:
    ended = await asyncio.to_thread(machine.run, *words)
    return ended.code, ended.out + ended.err


async def say(chat: Chat, words: str, then: str) -> None:
    await chat.send(words, wait=False)
    await chat.expect(then, 30)


async def press(chat: Chat, label: str, then: str) -> None:
    await chat.press(label, wait=False)
    await chat.expect(then, 30)


async def register_doctor(wang: Chat) -> None:
    await say(wang, "/register", "（1/9）")
    await press(wang, "医生", "（2/9）")
    await press(wang, "我同意", "（3/9）")
    await say(wang, "13700000001", "（4/9）")
    await say(wang, "王医生", "（5/9")
    for step in ("（6/9", "（7/9", "（8/9）"):
        await press(wang, "跳过", step)
    await press(wang, "下一步：设置密码", "（9/9）")
    await say(wang, PASSWORD, "已注册好")


async def send_certificate(wang: Chat) -> None:
    await say(wang, "/certificate", "还没有提交")
    await press(wang, "提交证件", "（1/2）")
    await wang.send_photo(pictures.jpeg(pictures.page()), wait=False)
    await wang.expect("已收到 1 张", 30)
    await press(wang, "发完了", "证件：1 张照片")
    await press(wang, "提交审核", "收到了，谢谢您")
