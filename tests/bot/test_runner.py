"""The runner: nobody waits for another's flood, a poisoned update is set aside, webhooks bring the same story."""

import asyncio
import socket
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import event, select, update

from bot.sealed import seal_json
from core.settings import Settings
from sandbox.server import Served
from storage import inbox
from storage.database import Database
from storage.inbox import NewUpdate
from storage.tables.updates import chats as chats_table
from storage.tables.updates import inbox as inbox_table
from tests.bot.conftest import PASSWORD, Clinic, register, running
from tests.conftest import SetClock


async def test_a_flood_by_one_delays_nobody_else(clinic: Clinic) -> None:
    flooder, li = await clinic.person("闹", phone="13600000000"), await clinic.person()
    await clinic.sandbox.fail("error", "sendMessage", retry_after=2)  # their first answer takes a while
    await asyncio.gather(*(flooder.send(f"消息 {n}", wait=False) for n in range(200)))
    await li.send("/start", wait=False)
    await li.expect("您想做什么")
    async with clinic.app.database.read() as conn:
        assert await inbox.count_open(conn) > 50


async def test_one_persons_answers_are_taken_in_their_order(clinic: Clinic) -> None:
    li = await clinic.person()
    for text in ("/register", "1", "1", "13812345678", "王小明", "xiaoming@example.com", "2", "1990-01-31"):
        await li.send(text, wait=False)
    review = await li.expect("请核对")
    for line in ("姓名：王小明", "邮箱：xiaoming@example.com", "性别：女", "出生日期：1990-01-31"):
        assert line in review.text


async def test_an_update_that_cannot_be_handled_is_parked_and_the_next_ones_go_on(clinic: Clinic) -> None:
    li = await clinic.person()
    await li.send("/start")
    app = clinic.app
    async with app.database.write() as conn:
        poisoned = seal_json(app.core.inbox_sealer, {"message": "not an update"}, "some other place")
        await inbox.add(conn, app.bot.id, clinic.clock(), [NewUpdate(1, li.id, poisoned)])
    await li.send("/help", wait=False)
    hurrying = asyncio.create_task(_hurry(clinic.clock))
    told = await li.expect("我们这边出了点问题", timeout=20)
    await li.expect("人工帮助")
    hurrying.cancel()
    async with app.database.read() as conn:
        error = (await conn.execute(select(inbox_table.c.error).where(inbox_table.c.update_id == 1))).scalar_one()
    assert error.split()[0] in told.text


async def test_what_was_received_while_the_bot_was_down_is_answered_at_the_next_start(
    bot_settings: Settings, server: Served, clock: SetClock
) -> None:
    async with running(bot_settings, server, clock) as clinic:
        li = await clinic.person()
        await li.send("/register")
        await li.press("患者")
    async with running(bot_settings, server, clock) as clinic:
        again = next(chat for chat in await clinic.sandbox.people() if chat.id == li.id)
        await again.press("我同意")
        assert "（3/9）" in again.screen


async def test_the_same_story_over_a_webhook(bot_settings: Settings, server: Served, clock: SetClock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    telegram = bot_settings.telegram.model_copy(
        update={
            "mode": "webhook",
            "webhook_url": f"http://127.0.0.1:{port}/telegram",
            "webhook_secret": SecretStr("a-long-enough-secret"),
            "listen_port": port,
        }
    )
    settings = bot_settings.model_copy(update={"telegram": telegram})
    async with running(settings, server, clock) as clinic:
        li = await clinic.person()
        await register(li)
        assert "已注册好" in li.screen


@pytest.mark.parametrize("fault", ["cut", "cut_after"])
async def test_a_cut_connection_loses_no_answer(clinic: Clinic, fault: str) -> None:
    li = await clinic.person()
    await li.send("/register")
    await clinic.sandbox.fail(fault, "editMessageText")
    await li.press("患者")
    assert "（2/9）" in li.screen


async def test_telegram_asking_to_wait_is_waited_for(clinic: Clinic) -> None:
    li = await clinic.person()
    await clinic.sandbox.fail("error", "sendMessage", retry_after=1)
    await li.send("/start")
    assert "您想做什么" in li.screen


async def test_no_password_lies_in_the_database(clinic: Clinic, tmp_path: Path) -> None:
    li = await clinic.person()
    await register(li)
    async with clinic.app.database.read() as conn:
        payloads = (await conn.execute(select(inbox_table.c.payload))).scalars().all()
    assert set(payloads) == {None}
    for file in tmp_path.glob("clinic.db*"):
        assert PASSWORD.encode() not in file.read_bytes()


async def _hurry(clock: SetClock) -> None:
    while True:
        await asyncio.sleep(0.1)
        clock.advance(seconds=1)


async def test_an_answer_that_cannot_be_opened_any_more_does_not_stop_the_bot(
    bot_settings: Settings, server: Served, clock: SetClock
) -> None:
    async with running(bot_settings, server, clock) as clinic:
        li = await clinic.person()
        await li.send("/register")
    database = Database(bot_settings.storage.database_url)
    async with database.write() as conn:
        await conn.execute(update(chats_table).values(pending=b"damaged", draft=b"damaged"))
    await database.dispose()
    async with running(bot_settings, server, clock) as clinic:
        again = next(chat for chat in await clinic.sandbox.people() if chat.id == li.id)
        await again.send("/start")
        assert "您想做什么" in again.screen


async def test_a_busy_group_holds_nobody_else_up(clinic: Clinic) -> None:
    crowd = [await clinic.person(f"友{n}", phone=f"136{n:08d}") for n in range(70)]
    await clinic.sandbox.fail("error", "sendMessage", retry_after=3)
    for chat in crowd:
        await clinic.sandbox.request(
            "POST", f"/people/{chat.id}/group", json={"title": "病友群", "text": f"/start@{clinic.app.bot.username}"}
        )
    li = await clinic.person()
    await li.send("/start", wait=False)
    await li.expect("您想做什么", timeout=2.5)


async def test_a_step_of_a_dialog_is_written_in_two_short_transactions(clinic: Clinic) -> None:
    """Received, decided and answered; shown: what more is written, each message of each person pays for."""
    li = await clinic.person()
    await li.send("/register")
    written: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")) and "leases" not in statement:
            written.append(" ".join(statement.replace("INSERT INTO", "INSERT").split()[:2]))

    def end(_conn: object) -> None:
        if written and written[-1] != "COMMIT":
            written.append("COMMIT")

    engine = clinic.app.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", end)
    steps = []
    for step in (li.press("患者"), li.press("我同意"), li.send("13812345678"), li.send("王小明"), li.send("/cancel")):
        written.clear()
        await step
        steps.append(list(written))
    event.remove(engine, "before_cursor_execute", note)
    event.remove(engine, "commit", end)
    # What arrives before the chat is free again is handled by the next look.
    assert ["INSERT inbox", "INSERT chats", "UPDATE inbox", "COMMIT", "UPDATE chats", "COMMIT"] in steps
