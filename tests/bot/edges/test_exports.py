"""Delivering exports: what goes wrong on the way, and what becomes of it (SECURITY.md Privacy)."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select, update

from bot.catalogue import catalogue_of
from bot.exports import Exporting
from bot.telegram import RawBot, build_bot
from core.core import Core
from core.exports import LEASE
from core.notices import NoticeKind
from core.photos import PhotoKind, new_name
from core.removals import Removal
from core.sessions import Signed
from core.settings import Telegram
from core.values import Password, PersonName, Phone, Role
from sandbox.client import Chat, Sandbox
from sandbox.client.message import Message
from sandbox.server import serve
from storage.tables.accounts import news, outbox
from storage.tables.exports import export_jobs
from storage.tables.submissions import submission_files
from tests.conftest import Desk, SetClock
from tests.pictures import certificate, jpeg

TOKEN = "700003:exports-under-test"


@dataclass
class Delivering:
    """People with something to export, and what delivers it; nothing else of the bot runs."""

    core: Core
    desk: Desk
    clock: SetClock
    sandbox: Sandbox
    bot: RawBot
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def person(self, *photos: bytes, phone: str = "13812345678") -> tuple[Chat, Signed]:
        """A doctor who has sent these photos and has asked for an export."""
        chat = await self.sandbox.person("王", phone=phone)
        await chat.send("/export", wait=False)
        hashed = await self.core.passwords.hash(Password("correct horse battery"))
        async with self.desk.write() as uow:
            account = await self.core.accounts.register_by_phone(
                uow,
                role=Role.DOCTOR,
                phone=Phone(phone),
                phone_verified=True,
                name=PersonName("王医生"),
                password_hash=hashed,
                telegram_user_id=chat.id,
            )
            signed = await self.core.sessions.open_in_bot(uow, account, chat.id)
        if photos:
            taken = [await self.core.photos.take(io.BytesIO(content)) for content in photos]
            stored = [await self.core.photos.keep(new_name(PhotoKind.CERTIFICATE), photo) for photo in taken]
            async with self.desk.write() as uow:
                await self.core.certificates.submit(uow, signed, stored)
        async with self.desk.write() as uow:
            await self.core.exports.ask(uow, signed)
        return chat, signed

    def start(self, holder: str = "one", **changes: Any) -> Exporting:
        """A process that delivers."""
        exporting = Exporting(
            **{
                "database": self.desk.database,
                "core": self.core,
                "bot": self.bot,
                "clock": self.clock,
                "catalogue": catalogue_of(self.core.settings),
                "holder": holder,
                **changes,
            }
        )
        self.tasks.append(asyncio.create_task(exporting.run()))
        return exporting

    async def stop(self) -> None:
        """Ends all processes as a signal does."""
        for task in self.tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.tasks.clear()

    async def rows(self, *columns: Any) -> list[tuple[Any, ...]]:
        async with self.desk.read() as uow:
            return [tuple(row) for row in await uow.conn.execute(select(*columns))]


@pytest.fixture
async def delivering(core: Core, desk: Desk, clock: SetClock) -> AsyncIterator[Delivering]:
    async with (
        serve(token=TOKEN, people=()) as server,
        Sandbox.connect(server.url, bot=int(TOKEN.partition(":")[0])) as sandbox,
        build_bot(Telegram(token=SecretStr(TOKEN), api_url=server.url, messages_per_second=0)) as bot,
    ):
        delivering = Delivering(core, desk, clock, sandbox, RawBot(bot))
        yield delivering
        await delivering.stop()


async def files(chat: Chat) -> list[Message]:
    await chat.refresh()
    return [message for message in chat.visible if message.media and message.media["kind"] == "document"]


async def names(chat: Chat) -> list[list[str]]:
    """What is in each of the files."""
    return [ZipFile(io.BytesIO(await chat.save(file))).namelist() for file in await files(chat)]


def pictures(count: int) -> list[bytes]:
    return [jpeg(certificate((900, 600), text=f"page {number}"), quality=95) for number in range(count)]


async def test_what_is_too_large_for_one_file_comes_in_several(delivering: Delivering) -> None:
    wang, _ = await delivering.person(*pictures(3))
    await delivering.start(limit=30_000).idle()
    found = await names(wang)
    assert len(found) > 1
    assert found[0][:3] == ["README.txt", "data.json", "audit.json"]
    photos = [name for part in found for name in part if name.startswith("photos/")]
    assert len(photos) == len(set(photos)) == 3
    first, *_ = sent = await files(wang)
    assert first.media
    assert first.media["file_name"] == f"my-data-2026-03-01-1-of-{len(sent)}.zip"
    assert f"File 1 of {len(sent)}." in first.text
    assert f"{len(sent)} files" in wang.transcript()


async def test_a_photo_that_cannot_be_read_any_more_keeps_no_other_from_its_way(delivering: Delivering) -> None:
    wang, _ = await delivering.person(*pictures(3))
    rows = await delivering.rows(submission_files.c.position, submission_files.c.path)
    first, second, _ = [path for _, path in sorted(rows)]
    store = Path(delivering.core.settings.storage.photos_url)
    (store / first).unlink()
    (store / second).write_bytes((store / second).read_bytes()[:-1])
    await delivering.start().idle()
    [found] = await names(wang)
    assert [name.partition("-")[2].partition("-")[2] for name in found[3:]] == ["1.jpg.txt", "2.jpg.txt", "3.jpg"]


async def test_nothing_is_sent_to_a_chat_that_has_logged_out(delivering: Delivering) -> None:
    wang, signed = await delivering.person(*pictures(3))
    await delivering.sandbox.fail("slow", "sendDocument", seconds=0.3)
    exporting = delivering.start(limit=30_000)
    await wang.expect("Sending file 1 of")
    async with delivering.desk.write() as uow:
        await delivering.core.sessions.logout(uow, signed)
    await exporting.idle()
    assert len(await files(wang)) == 1  # which was on its way
    assert await delivering.rows(export_jobs.c.id) == []
    told = await delivering.rows(outbox.c.kind, outbox.c.due_at)
    assert (Removal.EXPORT, delivering.clock()) in told  # the message that showed how far it was
    assert NoticeKind.EXPORT_FAILED not in {kind for kind, _ in told}
    assert (NoticeKind.EXPORT_FAILED,) in await delivering.rows(news.c.kind)  # to be read at the next login


async def test_who_has_blocked_the_bot_is_left_in_peace(delivering: Delivering) -> None:
    wang, _ = await delivering.person()
    await wang.block(wait=False)
    await delivering.start().idle()
    assert await files(wang) == []
    assert await delivering.rows(export_jobs.c.id) == []
    assert (NoticeKind.EXPORT_FAILED,) in await delivering.rows(news.c.kind)


async def test_while_telegram_is_away_it_waits_and_is_made_again(
    delivering: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.documents._TRIES", 1)
    wang, _ = await delivering.person()
    await delivering.sandbox.fail("error", "sendDocument", status=502, description="Bad Gateway")
    exporting = delivering.start()
    await wang.expect("I will try again in a while")
    await exporting.idle()
    assert await files(wang) == []
    delivering.clock.advance(seconds=5)
    await exporting.idle()
    assert len(await files(wang)) == 1
    assert "1 file, here below" in wang.transcript()


@pytest.mark.slow
async def test_telegram_says_how_long_to_wait_and_is_obeyed(delivering: Delivering) -> None:
    wang, _ = await delivering.person()
    await delivering.sandbox.fail("error", "sendDocument", retry_after=1)
    await delivering.start().idle()
    assert len(await files(wang)) == 1


async def test_a_full_disk_is_waited_out(delivering: Delivering, monkeypatch: pytest.MonkeyPatch) -> None:
    wang, _ = await delivering.person()
    exporting = delivering.start()
    with monkeypatch.context() as full:
        full.setattr(tempfile, "tempdir", "/nowhere")
        await wang.expect("I will try again in a while")
    delivering.clock.advance(seconds=5)
    await exporting.idle()
    assert len(await files(wang)) == 1


async def test_what_never_works_is_given_up_and_told(delivering: Delivering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    wang, _ = await delivering.person()
    exporting = delivering.start()
    await wang.expect("I will try again in a while")
    delivering.clock.advance(hours=24)
    await exporting.idle()
    assert await delivering.rows(export_jobs.c.id) == []
    assert (NoticeKind.EXPORT_FAILED,) in await delivering.rows(outbox.c.kind)


async def test_a_file_of_an_account_that_was_erased_meanwhile_goes_at_once(delivering: Delivering) -> None:
    wang, _ = await delivering.person()
    await delivering.sandbox.fail("slow", "sendDocument", seconds=0.3)
    exporting = delivering.start()
    progress = await wang.expect("Sending file 1 of")
    async with delivering.desk.write() as uow:
        await uow.conn.execute(delete(export_jobs))
    await exporting.idle()
    [file] = await files(wang)
    going = [params["message_id"] for (params,) in await delivering.rows(outbox.c.params)]
    assert going == [file.id, progress.id]


async def test_who_was_only_slow_leaves_it_to_whom_it_belongs_now(
    delivering: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.exports._ACTION_SECONDS", 0.01)
    monkeypatch.setattr("bot.exports._KEEP_EVERY", 0.0)
    wang, _ = await delivering.person(*pictures(3))
    await delivering.sandbox.fail("slow", "sendDocument", seconds=0.3)
    delivering.start(limit=30_000)
    await wang.expect("Sending file 1 of")
    async with delivering.desk.write() as uow:
        await uow.conn.execute(update(export_jobs).values(claimed_by="two", claimed_until=uow.now + LEASE))
    while len(await delivering.rows(outbox.c.id)) < 1:
        await asyncio.sleep(0.02)
    await delivering.stop()
    [file] = await files(wang)
    assert await delivering.rows(outbox.c.params, outbox.c.due_at) == [({"message_id": file.id}, delivering.clock())]
    assert await delivering.rows(export_jobs.c.claimed_by) == [("two",)]


async def test_two_processes_deliver_each_export_once(delivering: Delivering) -> None:
    people = [(await delivering.person(phone=f"1380000000{number}"))[0] for number in range(6)]
    one, two = delivering.start("one"), delivering.start("two")
    await asyncio.gather(one.idle(), two.idle())
    assert [len(await files(chat)) for chat in people] == [1] * 6


async def test_stopped_in_the_middle_it_is_made_anew_and_what_had_come_goes(delivering: Delivering) -> None:
    wang, _ = await delivering.person(*pictures(3))
    await delivering.sandbox.fail("slow", "sendDocument", times=2, seconds=0.2)
    delivering.start(limit=30_000)
    await wang.expect("Sending file 2 of")
    await delivering.stop()
    had_come = [file.id for file in await files(wang)]
    assert had_come
    await delivering.start("two").idle()
    told = await delivering.rows(outbox.c.params, outbox.c.due_at)
    going = [params["message_id"] for params, due_at in told if due_at == delivering.clock()]
    assert going == had_come
    assert await delivering.rows(export_jobs.c.id) == []
