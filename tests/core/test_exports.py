"""Exports: who may ask for one, who has it made, what is in it, and what becomes of it (SECURITY.md Privacy)."""

import asyncio
import io
import json
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from core.account import Account
from core.audit import Action
from core.consents import ConsentKind
from core.core import Core
from core.errors import Conflict, Throttled, Unauthenticated
from core.export_data import OwnData, PhotoFile
from core.export_parts import Part, shared_out
from core.exports import A_DAY_AT_MOST, GIVE_UP_AFTER, LEASE, MOST_ATTEMPTS, is_hopeless
from core.notes import Note
from core.notices import NoticeKind
from core.profile_values import Address, MedicalHistory
from core.profiles import Field
from core.reasons import Message, Reason
from core.review_states import State
from core.sessions import Signed
from core.settings import Review, Secrets, Settings
from core.trail import By
from core.unit import Channel
from core.values import Phone, Role
from storage.exports import ExportJob
from storage.tables.accounts import outbox
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, MakeAccount
from tests.core.review_people import FINAL, Clinic

LI = 7001
HISTORY = "2019 年做过阑尾手术，对青霉素过敏"


class Plain:
    """Words that name what they are for."""

    def act(self, action: Action) -> str:
        return f"act {action}"

    def by(self, who: By, channel: Channel) -> str:
        return f"by {who} {channel}"

    def reason(self, reason: Reason) -> str:
        return f"reason {reason}"

    def news(self, kind: NoticeKind, params: Mapping[str, str | int]) -> str:
        return f"news {kind} {len(params)}"


async def logged_in(core: Core, desk: Desk, account: Account, telegram_user_id: int = LI) -> Signed:
    async with desk.write() as uow:
        return await core.sessions.open_in_bot(uow, account, telegram_user_id)


@pytest.fixture
async def li(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    """A patient, logged in."""
    return await logged_in(core, desk, await make_account(telegram_user_id=LI))


async def ask(core: Core, desk: Desk, signed: Signed) -> None:
    async with desk.write() as uow:
        await core.exports.ask(uow, signed)


async def claim(core: Core, desk: Desk, holder: str = "one") -> list[ExportJob]:
    async with desk.write(Channel.JOB) as uow:
        return await core.exports.claim(uow, holder, 5)


async def asked(core: Core, desk: Desk, signed: Signed) -> ExportJob:
    await ask(core, desk, signed)
    [job] = await claim(core, desk)
    return job


async def read(core: Core, desk: Desk, signed: Signed) -> tuple[OwnData, list[dict[str, Any]]]:
    """All of it, and the audit's entries."""
    async with desk.read(Channel.JOB) as uow:
        own = await core.exports.read(uow, signed, Plain())
        return own, [entry async for page in core.exports.trail(uow, own, Plain()) for entry in page]


async def waiting(desk: Desk) -> list[tuple[int, datetime]]:
    """Which messages are to be taken away, and when."""
    async with desk.read() as uow:
        rows = await uow.conn.execute(
            select(outbox.c.params, outbox.c.due_at).where(outbox.c.kind == "remove.export").order_by(outbox.c.id)
        )
        return [(params["message_id"], due_at) for params, due_at in rows]


async def test_one_export_is_made_at_a_time(core: Core, desk: Desk, li: Signed) -> None:
    await ask(core, desk, li)
    for refused in (core.exports.ask, core.exports.check_may_ask):
        async with desk.write() as uow:
            with pytest.raises(Conflict, match=r"export\.under_way"):
                await refused(uow, li)
    [job] = await claim(core, desk)
    async with desk.write() as uow:
        assert await core.exports.end(uow, job, "one")
    await ask(core, desk, li)


async def test_of_many_who_ask_at_once_one_is_taken(core: Core, desk: Desk, li: Signed) -> None:
    outcomes = await asyncio.gather(*(ask(core, desk, li) for _ in range(10)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(Conflict) == 9
    assert len(await claim(core, desk)) == 1


async def test_an_export_can_be_asked_for_five_times_a_day(core: Core, desk: Desk, clock: SetClock, li: Signed) -> None:
    for _ in range(A_DAY_AT_MOST):
        job = await asked(core, desk, li)
        async with desk.write() as uow:
            await core.exports.end(uow, job, "one")
    async with desk.write() as uow:
        with pytest.raises(Throttled, match=r"export\.too_many"):
            await core.exports.ask(uow, li)
        await uow.conn.rollback()
    clock.advance(days=1)
    await ask(core, desk, li)


async def test_whose_login_was_ended_meanwhile_asks_for_nothing(core: Core, desk: Desk, li: Signed) -> None:
    async with desk.write() as uow:
        await core.sessions.logout(uow, li)
    async with desk.write() as uow:
        with pytest.raises(Unauthenticated):
            await core.exports.ask(uow, li)
    assert await claim(core, desk) == []


async def test_one_process_has_a_job_until_it_is_gone(core: Core, desk: Desk, clock: SetClock, li: Signed) -> None:
    first = await asked(core, desk, li)
    assert first.attempts == 1
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert await claim(core, desk, "two") == []
    async with desk.write() as uow:
        assert await core.exports.keep(uow, first, "one")
    clock.advance(seconds=LEASE.total_seconds() - 1)
    assert await claim(core, desk, "two") == []
    clock.advance(seconds=1)
    [second] = await claim(core, desk, "two")
    assert (second.id, second.attempts) == (first.id, 2)
    async with desk.write() as uow:  # and who was only slow can do nothing about it any more
        assert not await core.exports.keep(uow, first, "one")
        assert not await core.exports.end(uow, first, "one")
        await core.exports.put_back(uow, first, "one", timedelta(0))
        assert await core.exports.keep(uow, second, "two")


async def test_it_is_delivered_to_nobody_but_who_is_logged_in_to_that_account_there(
    core: Core, desk: Desk, clock: SetClock, li: Signed, make_account: MakeAccount
) -> None:
    job = await asked(core, desk, li)

    async def owner() -> Signed | None:
        async with desk.read() as uow:
            return await core.exports.owner(uow, job)

    assert (await owner()) == li
    other = await make_account(Phone("13912345678"), name="韩梅梅")
    await logged_in(core, desk, other)
    assert await owner() is None
    async with desk.write() as uow:
        account = await core.accounts.get(uow, li.account_id)
    again = await logged_in(core, desk, account)
    assert await owner() == again
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.suspend(uow, account.id)
    assert await owner() is None
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.restore(uow, account.id)
    await logged_in(core, desk, account)
    assert await owner() is not None
    clock.advance(days=14)
    assert await owner() is None  # the login has lapsed


async def test_everything_a_patient_has_told_is_in_it_in_the_clinics_time(core: Core, desk: Desk, li: Signed) -> None:
    async with desk.write() as uow:
        await core.consents.give(uow, li.account_id, ConsentKind.HEALTH)
        told = {Field.ADDRESS: Address("和平路 18 号"), Field.MEDICAL_HISTORY: MedicalHistory(HISTORY)}
        await core.profiles.change(uow, li, Role.PATIENT, told)
    own, trail = await read(core, desk, li)
    data = json.loads(json.dumps(own.data, ensure_ascii=False))
    assert data["made_at"] == "2026-03-01T12:00:00+08:00"
    account = data["account"]
    assert (account["number"], account["name"], account["phone"]) == ("P1", "王小明", "13812345678")
    assert data["profile"]["address"] == "和平路 18 号"
    assert data["profile"]["medical_history"] == HISTORY
    assert {consent["kind"] for consent in data["consents"]} >= {"health"}
    [login] = data["logins"]
    assert (login["channel"], login["telegram_user_id"]) == ("bot", LI)
    [chat] = data["telegram_users"]
    assert chat["telegram_user_id"] == LI
    whole = json.dumps([own.data, trail])
    assert PASSWORD not in whole
    assert "$2b$" not in whole
    assert "jti" not in whole
    assert li.session_id not in whole


async def test_the_audit_says_what_was_done_by_whom_without_naming_an_admin(
    core: Core, desk: Desk, li: Signed, make_account: MakeAccount
) -> None:
    boss = await make_account(Phone("13712345678"), role=Role.ADMIN, name="管理员")
    admin = await logged_in(core, desk, boss, 7002)
    async with desk.write() as uow:
        await core.accounts.suspend(uow, li.account_id, by=admin, note=Note("冒用他人手机号"))
        account = await core.accounts.restore(uow, li.account_id, by=admin)
    again = await logged_in(core, desk, account)
    own, trail = await read(core, desk, again)
    suspended = next(entry for entry in trail if entry["action"] == Action.SUSPEND)
    assert suspended["what"] == "act account.suspend"
    assert (suspended["by"], suspended["actor"]) == ("by admin bot", "admin")
    assert suspended["subject"] == "account"
    assert trail == sorted(trail, key=lambda entry: entry["at"])
    assert [news["text"] for news in own.data["news"]][-2:] == ["news suspended 0", "news restored 0"]
    whole = json.dumps([own.data, trail], ensure_ascii=False)
    for others in (boss.pseudonym, boss.name, "13712345678", "A2", "冒用"):
        assert others not in whole


async def test_a_doctor_reads_what_was_decided_and_written_to_them_and_nothing_between_colleagues(
    core: Core, desk: Desk, clock: SetClock, make_account: MakeAccount
) -> None:
    clinic = Clinic(core, desk, make_account, clock)
    wang, admin, other = await clinic.doctor(), await clinic.admin(), await clinic.doctor("韩梅梅")
    theirs = await clinic.send(other)
    number = await clinic.send(wang)
    await clinic.refuse(admin, number, FINAL)
    await clinic.do(core.certificates.appeal, wang, Message("编号是新的"))
    own, trail = await read(core, desk, wang)
    [attempt] = own.data["certificates"]
    assert (attempt["number"], attempt["state"]) == (number, "pending")
    [decision] = attempt["decisions"]
    assert (decision["outcome"], decision["reasons"]) == ("rejected", ["reason NOT"])
    assert decision["message"] == "名册中没有这个编号"
    assert attempt["appeal_message"] == "编号是新的"
    assert [photo.name for photo in own.photos] == [f"photos/{number}-1.jpg"]
    assert {entry["subject"] for entry in trail} == {"account", number}
    [entry] = [entry for entry in trail if entry["action"] == Action.REFUSE_CERTIFICATE]
    assert (entry["from_state"], entry["to_state"], entry["reasons"]) == ("in_review", "rejected", [])
    whole = json.dumps([own.data, trail], ensure_ascii=False)
    for not_theirs in ("已电话核实两次", "管理员", admin.pseudonym, "韩梅梅", theirs, other.pseudonym):
        assert not_theirs not in whole


async def test_that_a_second_admin_looks_is_told_to_no_doctor(
    settings: Settings, secrets: Secrets, desk: Desk, clock: SetClock, make_account: MakeAccount
) -> None:
    four_eyes = settings.model_copy(update={"review": Review(four_eyes=True)})
    with closing(Core(four_eyes, secrets)) as core:
        clinic = Clinic(core, desk, make_account, clock)
        wang, admin = await clinic.doctor(), await clinic.admin()
        number = await clinic.send(wang)
        await clinic.refuse(admin, number, FINAL)
        assert await clinic.state(number) is State.SECOND_REVIEW
        own, trail = await read(core, desk, wang)
    [attempt] = own.data["certificates"]
    assert (attempt["state"], attempt["decisions"]) == ("in_review", [])
    whole = json.dumps([own.data, trail])
    assert "second_review" not in whole
    assert "propose" not in whole


async def test_a_long_trail_is_whole(core: Core, desk: Desk, li: Signed) -> None:
    _, before = await read(core, desk, li)
    async with desk.write() as uow:
        await core.audit.append_each(uow, Action.FAIL_LOGIN, [li.pseudonym] * 1200, to_state="x")
    _, after = await read(core, desk, li)
    assert len(after) == len(before) + 1200


async def test_a_file_goes_from_the_chat_after_a_day_and_at_once_when_it_is_wanted_no_more(
    core: Core, desk: Desk, clock: SetClock, li: Signed
) -> None:
    job = await asked(core, desk, li)
    async with desk.write(Channel.JOB) as uow:
        assert await core.exports.delivered(uow, job, "one", 101)
    assert await waiting(desk) == [(101, clock() + timedelta(hours=24))]
    async with desk.write(Channel.JOB) as uow:
        await core.exports.end(uow, job, "one")
        assert not await core.exports.delivered(uow, job, "one", 102)
    assert (102, clock()) in await waiting(desk)


async def test_what_a_killed_process_had_delivered_is_taken_away_when_all_comes_anew(
    core: Core, desk: Desk, clock: SetClock, li: Signed
) -> None:
    earlier = await asked(core, desk, li)
    async with desk.write(Channel.JOB) as uow:
        await core.exports.delivered(uow, earlier, "one", 100)
        await core.exports.end(uow, earlier, "one")
    kept_until = clock() + timedelta(hours=24)
    clock.advance(hours=1)
    job = await asked(core, desk, li)
    async with desk.write(Channel.JOB) as uow:
        await core.exports.begin(uow, job)
        await core.exports.delivered(uow, job, "one", 101)
    clock.advance(minutes=3)
    [again] = await claim(core, desk, "two")
    async with desk.write(Channel.JOB) as uow:
        await core.exports.begin(uow, again)
    assert await waiting(desk) == [(100, kept_until), (101, clock())]


async def test_one_that_is_given_up_is_told_and_can_be_asked_for_again(core: Core, desk: Desk, li: Signed) -> None:
    job = await asked(core, desk, li)
    async with desk.write(Channel.JOB) as uow:
        await core.exports.fail(uow, job, "one")
        await core.exports.fail(uow, job, "one")  # and only once
    own, _ = await read(core, desk, li)
    assert [news["kind"] for news in own.data["news"]] == [NoticeKind.EXPORT_FAILED]
    await ask(core, desk, li)


def test_what_never_works_is_given_up_in_the_end() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    job = ExportJob(1, 1, 1, now, 1, None)
    assert not is_hopeless(job, now + GIVE_UP_AFTER - timedelta(seconds=1))
    assert is_hopeless(job, now + GIVE_UP_AFTER)
    assert is_hopeless(ExportJob(1, 1, 1, now, MOST_ATTEMPTS, None), now)  # it kills every process that takes it up


def photo(name: str, size: int) -> PhotoFile:
    return PhotoFile(name, f"certificate/{name}", size, "0" * 64)


@pytest.mark.parametrize(
    ("sizes", "used", "shares"),
    [
        ([], 10, [""]),
        ([10, 10], 10, ["ab"]),
        ([5000, 5000], 5000, ["", "a", "b"]),
        ([5000, 4000, 900], 100, ["ab", "c"]),
        ([9000, 100, 20000, 100], 0, ["ab", "c", "d"]),  # one alone may be too large: then that cannot be helped
    ],
)
def test_photos_are_shared_out_to_files_of_bounded_size(sizes: list[int], used: int, shares: list[str]) -> None:
    photos = [photo(name, size) for name, size in zip("abcd", sizes, strict=False)]
    parts = shared_out(photos, used, limit=10_300)
    assert ["".join(each.name for each in part) for part in parts] == shares


def test_a_file_has_at_most_45_megabytes() -> None:
    megabyte = 1024 * 1024
    assert len(shared_out([photo("a", 22 * megabyte), photo("b", 22 * megabyte)], 0)) == 1
    assert len(shared_out([photo("a", 23 * megabyte), photo("b", 23 * megabyte)], 0)) == 2


async def test_a_file_is_a_zip_that_anybody_can_open() -> None:
    async def pages() -> Any:
        yield [{"什么": "登录"}]
        yield [{"什么": "退出"}]

    async def none() -> Any:
        return
        yield

    with Part(datetime(2026, 3, 1, 12, 30, tzinfo=UTC)) as part:
        await part.add_text("说明.txt", "您的资料")
        await part.add_json("data.json", {"姓名": "王小明"})
        await part.add_json_list("audit.json", pages())
        await part.add_json_list("none.json", none())
        await part.add_photo("photos/a.jpg", b"\xff\xd8" * 1000)
        await part.close()
        content = part.file.read()
    assert part.file.closed
    with ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        assert opened.read("说明.txt").decode("utf-8-sig") == "您的资料"
        assert json.loads(opened.read("data.json")) == {"姓名": "王小明"}
        assert json.loads(opened.read("audit.json")) == [{"什么": "登录"}, {"什么": "退出"}]
        assert json.loads(opened.read("none.json")) == []
        assert opened.read("photos/a.jpg") == b"\xff\xd8" * 1000
        assert opened.getinfo("data.json").date_time == (2026, 3, 1, 12, 30, 0)
