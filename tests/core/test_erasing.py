"""Erasing an account: what goes, what stays, who is told (SECURITY.md Privacy)."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update
from structlog.testing import capture_logs

from core.account import Account, AccountState
from core.audit import Action
from core.consents import ConsentKind
from core.core import Core
from core.errors import AccountError, Forbidden, Unauthenticated
from core.login import LoggedIn, LoginRefused, Source
from core.notes import Note
from core.profiles import Field
from core.reasons import Refusal
from core.removals import Removal, remove_later
from core.review_states import State
from core.settings import Settings
from core.unit import Channel
from core.values import Email, Role
from storage.errors import StorageError
from storage.tables import accounts as tables
from storage.tables.erasures import erasures, photo_removals
from storage.tables.submissions import decisions, submission_files, submissions
from storage.tables.updates import chats, inbox
from tests.conftest import Desk, SetClock
from tests.core.conftest import PHONE, MakeAccount
from tests.core.erased import OTHER, TOLD, erase, everything, opened, rows, run_jobs, send_certificate, tell_all
from tests.core.review_people import Clinic
from tests.core.test_imports import PATIENT, bring
from tests.core.test_login import HAN, LI, log_in


@pytest.fixture
async def patient(make_account: MakeAccount) -> Account:
    return await make_account(telegram_user_id=LI, phone_verified=True)


@pytest.fixture
async def doctor(make_account: MakeAccount) -> Account:
    return await make_account(OTHER, role=Role.DOCTOR)


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR])
async def test_all_that_was_told_is_gone_and_only_an_empty_account_stays(
    core: Core, desk: Desk, make_account: MakeAccount, role: Role
) -> None:
    account = await make_account(role=role, telegram_user_id=LI, phone_verified=True)
    signed = await opened(core, desk, account)
    await tell_all(core, desk, signed)
    assert (await everything(desk)).count("MARK-") >= len(TOLD[role]) - 2
    await erase(core, desk, signed)
    after = (await everything(desk)).replace(f"'people': [{LI}]", "")  # that is kept for an hour
    for gone in ("MARK", "1971", "87654321", PHONE.value, str(LI)):
        assert gone not in after
    (row,) = await rows(desk, tables.accounts)
    assert row["state"] == AccountState.ERASED
    assert row["pseudonym"] == account.pseudonym
    for table in (tables.sessions, tables.account_chats, tables.consents, tables.news, tables.outbox):
        assert await rows(desk, table) == []


async def test_logins_are_dead_at_once_and_a_login_is_answered_as_one_that_never_was(
    core: Core, desk: Desk, patient: Account
) -> None:
    signed = await opened(core, desk, patient)
    async with desk.write(Channel.HTTP) as uow:
        token = (await core.sessions.open_over_http(uow, patient)).access_token
    await erase(core, desk, signed)
    async with desk.read(Channel.HTTP) as uow:
        with pytest.raises(Unauthenticated):
            await core.sessions.authenticate(uow, token)
        with pytest.raises(AccountError, match=r"account\.unknown"):
            await core.accounts.get(uow, patient.id)
    for source in (Source.telegram(LI), Source.http("198.51.100.1")):
        assert await log_in(core, desk, source=source) == LoginRefused()


async def test_phone_and_email_are_free_again_and_the_new_account_is_another(
    core: Core, desk: Desk, doctor: Account, make_account: MakeAccount
) -> None:
    signed = await opened(core, desk, doctor)
    await tell_all(core, desk, signed)
    await erase(core, desk, signed)
    again = await make_account(OTHER, role=Role.DOCTOR)
    assert again.id > doctor.id
    async with desk.write() as uow:
        await core.accounts.check_email_free(uow, Email.parse(TOLD["doctor"][Field.EMAIL]))


async def test_the_next_import_of_the_same_file_does_not_bring_the_account_back(core: Core, desk: Desk) -> None:
    assert await bring(core, desk, PATIENT) == ["imported"]
    async with desk.read() as uow:
        account = await core.accounts.find(uow, "P1")
    await erase(core, desk, await opened(core, desk, account))
    assert await bring(core, desk, PATIENT) == ["here already"]
    assert [row["phone"] for row in await rows(desk, tables.accounts)] == [None]


async def test_the_other_chats_are_told_once_and_the_row_names_no_account(
    core: Core, desk: Desk, patient: Account
) -> None:
    await opened(core, desk, patient, HAN)
    signed = await opened(core, desk, patient)
    async with desk.write() as uow:
        expiry = uow.now + timedelta(hours=24)
        await remove_later(uow, Removal.EXPORT, account_id=patient.id, telegram_user_id=LI, message_id=7, at=expiry)
    await erase(core, desk, signed)
    told = [(row["telegram_user_id"], row["account_id"], row["kind"]) for row in await rows(desk, tables.outbox)]
    assert sorted(told) == [(LI, None, "remove.export"), (HAN, None, "account_erased")]


async def test_the_audit_says_who_and_when_under_the_pseudonym_and_its_notes_are_gone(
    core: Core, desk: Desk, patient: Account
) -> None:
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.suspend(uow, patient.id, note=Note("MARK: called us names"))
        await core.accounts.restore(uow, patient.id)
    await erase(core, desk, await opened(core, desk, patient))
    assert await rows(desk, tables.notes) == []
    entry = (await rows(desk, tables.audit))[-1]
    assert (entry["action"], entry["actor"], entry["subject"]) == (Action.ERASE, patient.pseudonym, patient.pseudonym)
    assert (entry["from_state"], entry["to_state"]) == ("active", "erased")
    async with desk.write() as uow:
        await core.audit.seal(uow)
        await core.audit.verify(uow)


async def test_drafts_elsewhere_go_and_the_chat_where_it_was_done_is_left_to_its_own_answer(
    core: Core, desk: Desk, patient: Account, clock: SetClock
) -> None:
    signed = await opened(core, desk, patient)
    await opened(core, desk, patient, HAN)
    common = {"keyboard": False, "updated_at": clock(), "draft": b"MARK", "flow": "profile", "draft_of": patient.id}
    guest = {**common, "draft_of": None, "flow": "register"}
    async with desk.write() as uow:
        for person, values in ((LI, common), (HAN, {**common, "pending": b"MARK"}), (5, guest)):
            await uow.conn.execute(insert(chats).values(person_id=person, revision=3, **values))
        for number, done in ((1, clock()), (2, None)):
            values = {"bot_id": 1, "update_id": number, "person_id": HAN, "received_at": clock(), "done_at": done}
            await uow.conn.execute(insert(inbox).values(values))
    await erase(core, desk, signed)
    kept = {
        row["person_id"]: (row["revision"], row["flow"], row["draft"], row["pending"])
        for row in await rows(desk, chats)
    }
    assert kept == {LI: (3, "profile", b"MARK", None), HAN: (4, None, None, None), 5: (3, "register", b"MARK", None)}
    assert {row["update_id"]: row["person_id"] for row in await rows(desk, inbox)} == {1: None, 2: HAN}


async def test_what_is_open_in_the_review_is_closed_its_photos_go_and_the_hash_stays(
    core: Core, desk: Desk, doctor: Account, clock: SetClock, settings: Settings
) -> None:
    signed = await opened(core, desk, doctor)
    number = await send_certificate(core, desk, signed)
    folder = Path(settings.storage.photos_url)
    assert [path for path in folder.rglob("*") if path.is_file()]
    await erase(core, desk, signed)
    (attempt,) = await rows(desk, submissions)
    assert (attempt["number"], attempt["state"], attempt["name"]) == (number, State.WITHDRAWN, None)
    (file,) = await rows(desk, submission_files)
    assert (file["path"], file["likeness"], len(file["sha256"])) == (None, None, 64)
    closed = next(row for row in await rows(desk, tables.audit) if row["action"] == Action.WITHDRAW_CERTIFICATE)
    assert (closed["subject"], closed["actor"], closed["reasons"]) == (number, doctor.pseudonym, "erased")
    await run_jobs(core, desk, clock)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert await rows(desk, photo_removals) == []


async def test_who_had_claimed_it_is_told_and_decides_nothing_any_more(clinic: Clinic, core: Core, desk: Desk) -> None:
    wang, admin = await clinic.doctor(), await clinic.admin()
    refused = await clinic.send(wang)
    await clinic.refuse(admin, refused, Refusal.parse("BLR", "MARK: 王医生，请重拍 // MARK"))
    number = await clinic.send(wang)
    await clinic.open(admin, number)
    await erase(core, desk, wang)
    assert await clinic.told(admin) == ["review_closed"]
    assert await clinic.state(number) is State.WITHDRAWN
    assert await clinic.state(refused) is State.NEEDS_RESUBMIT
    assert await clinic.tried(core.reviews.approve, admin, number) != "done"
    assert [(row["outcome"], row["reasons"], row["message"]) for row in await rows(desk, decisions)] == [
        ("needs_resubmit", "BLR", None)
    ]
    assert await rows(desk, tables.notes) == []
    assert "王小明" not in await everything(desk)


@pytest.mark.parametrize("leaves", ["erased", "suspended"])
async def test_what_an_admin_who_leaves_had_claimed_is_free_again(
    clinic: Clinic, core: Core, desk: Desk, leaves: str
) -> None:
    wang, one, other = await clinic.doctor(), await clinic.admin(), await clinic.admin()
    number = await clinic.send(wang)
    await clinic.open(one, number)
    if leaves == "erased":
        await erase(core, desk, one)
    else:
        await clinic.do(core.accounts.suspend, one.account_id, by=other)
    assert await clinic.state(number) is State.PENDING
    assert await clinic.approve(other, number) is State.APPROVED


async def test_a_photo_that_cannot_be_deleted_now_is_tried_again(
    core: Core, desk: Desk, doctor: Account, clock: SetClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = await opened(core, desk, doctor)
    await send_certificate(core, desk, signed)
    await erase(core, desk, signed)

    async def away(_path: str) -> None:
        raise StorageError("The photo store is away.")

    with monkeypatch.context() as patched:
        patched.setattr(core.photos, "delete", away)
        await run_jobs(core, desk, clock)
    assert len(await rows(desk, photo_removals)) == 1
    clock.advance(minutes=6)
    await run_jobs(core, desk, clock)
    assert await rows(desk, photo_removals) == []


async def test_the_log_names_who_erased_their_account_at_once_and_once(
    core: Core, desk: Desk, patient: Account, clock: SetClock
) -> None:
    await erase(core, desk, await opened(core, desk, patient))
    with capture_logs() as lines:
        await run_jobs(core, desk, clock)
        clock.advance(minutes=1)
        await run_jobs(core, desk, clock)
    named = [line["accounts"] for line in lines if line["event"] == "erased.accounts"]
    assert named == [[patient.id]]  # for `db erase-again`, when an older backup is put back


async def test_an_hour_later_the_account_is_gone_over_once_more_and_its_people_are_forgotten(
    core: Core, desk: Desk, patient: Account, clock: SetClock
) -> None:
    await opened(core, desk, patient, HAN)
    await erase(core, desk, await opened(core, desk, patient))
    await run_jobs(core, desk, clock)
    async with desk.write() as uow:  # what was in flight in another transaction
        await core.consents.give(uow, patient.id, ConsentKind.HEALTH)
        await uow.conn.execute(update(tables.outbox).values(sent_at=uow.now))
        gone = {"bot_id": 1, "update_id": 1, "person_id": LI, "received_at": uow.now, "done_at": uow.now}
        await uow.conn.execute(insert(inbox).values(gone))
    assert [row["people"] for row in await rows(desk, erasures)] == [[LI, HAN]]
    clock.advance(minutes=59)
    await run_jobs(core, desk, clock)
    assert len(await rows(desk, tables.consents)) == 1
    clock.advance(minutes=2)
    await run_jobs(core, desk, clock)
    for table in (erasures, tables.consents, tables.outbox):
        assert await rows(desk, table) == []
    assert str(LI) not in await everything(desk)


async def test_the_last_active_admin_stays_and_of_two_who_go_at_once_one_does(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    ann = await make_account(role=Role.ADMIN)
    signed = await opened(core, desk, ann)
    for act in (core.erasing.check_may, core.erasing.erase):
        async with desk.write() as uow:
            with pytest.raises(AccountError, match=r"account\.last_admin"):
                await act(uow, signed)
    both = [signed, await opened(core, desk, await make_account(OTHER, role=Role.ADMIN), HAN)]
    done = await asyncio.gather(*(erase(core, desk, each) for each in both), return_exceptions=True)
    assert sorted(getattr(each, "code", "done") for each in done) == ["account.last_admin", "done"]


async def test_nor_does_the_operator_erase_the_last_active_admin_again(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    ann, wang = await make_account(role=Role.ADMIN), await make_account(OTHER, role=Role.ADMIN)
    async with desk.write(Channel.CLI) as uow:
        await core.erasing.erase_again(uow, ann.id)
        with pytest.raises(AccountError, match=r"account\.last_admin"):
            await core.erasing.erase_again(uow, wang.id)


async def test_a_lapsed_login_erases_nothing(core: Core, desk: Desk, patient: Account, clock: SetClock) -> None:
    await opened(core, desk, patient)
    clock.advance(days=14)
    async with desk.read() as uow:
        lapsed = (await core.sessions.of_people(uow, [LI]))[LI]
    with pytest.raises(Forbidden):
        await erase(core, desk, lapsed)
    assert isinstance(await log_in(core, desk), LoggedIn)
