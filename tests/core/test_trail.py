"""Admins suspend with a note, and read what the audit has about an account (SECURITY.md Admins, REVIEW.md Audit)."""

import asyncio

import pytest
from sqlalchemy import select, update

from core.account import Account
from core.audit import Action
from core.core import Core
from core.errors import AccountError, CoreError, Forbidden, Unauthenticated
from core.notes import Note
from core.sessions import Signed
from core.trail import By
from core.unit import Channel
from core.values import Phone, Role
from storage.tables import accounts as tables
from tests.conftest import Desk
from tests.core.conftest import MakeAccount
from tests.core.review_people import FINAL, Clinic

NOTE = Note.parse("多次冒用他人手机号。\n已电话核实。")


@pytest.fixture
async def admins(core: Core, desk: Desk, make_account: MakeAccount) -> list[Signed]:
    """Three admins, logged in."""
    made = [await make_account(Phone(f"1390000000{number}"), role=Role.ADMIN) for number in range(3)]
    async with desk.write() as uow:
        return [await core.sessions.open_in_bot(uow, admin, 7001 + number) for number, admin in enumerate(made)]


async def suspend(core: Core, desk: Desk, account: Account, by: Signed) -> str:
    """`done`, or why not."""
    try:
        async with desk.write() as uow:
            await core.accounts.suspend(uow, account.id, by=by, note=NOTE)
    except CoreError as refused:
        return refused.code
    return "done"


async def test_a_note_is_for_colleagues_and_lies_sealed(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    account = await make_account()
    assert await suspend(core, desk, account, admins[0]) == "done"
    async with desk.write() as uow:
        page = await core.trail.of(uow, admins[1], account.number)
        (entry,) = (await uow.conn.execute(select(tables.audit).where(tables.audit.c.action == Action.SUSPEND))).all()
        (kept,) = (await uow.conn.execute(select(tables.notes))).all()
    assert [(each.action, each.by, each.admin, each.note) for each in page.entries] == [
        (Action.SUSPEND, By.ADMIN, f"A{admins[0].account_id}", NOTE.value),
        (Action.GIVE_CONSENT, By.OWNER, None, None),
        (Action.REGISTER, By.OWNER, None, None),
    ]
    assert entry.note_mac
    assert NOTE.value not in str(entry)
    assert NOTE.value.encode() not in kept.note


async def test_who_did_what_is_told_without_naming_other_people(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    account, other = await make_account(), await make_account(Phone("13800000001"))
    async with desk.write() as uow:
        await core.audit.append(uow, Action.LOSE_PHONE, actor=other.pseudonym, subject=account.pseudonym)
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.suspend(uow, account.id)
    async with desk.write() as uow:
        page = await core.trail.of(uow, admins[0], account.number)
    told = [(each.by, each.admin, each.channel) for each in page.entries]
    assert told[:2] == [(By.NOBODY, None, Channel.CLI), (By.OTHER, None, Channel.BOT)]


async def test_pages_go_back_to_the_beginning_and_reading_is_an_entry(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    account = await make_account()
    for _ in range(8):
        async with desk.write() as uow:
            await core.audit.append(uow, Action.FAIL_LOGIN, subject=account.pseudonym)
    async with desk.write() as uow:
        first = await core.trail.of(uow, admins[0], account.number)
        second = await core.trail.of(uow, admins[0], account.number, before=first.entries[-1].id)
        again = await core.trail.of(uow, admins[1], account.number)
    assert ([each.action for each in first.entries], first.older) == ([Action.FAIL_LOGIN] * 8, True)
    assert ([each.action for each in second.entries], second.older) == ([Action.GIVE_CONSENT, Action.REGISTER], False)
    assert [each.action for each in again.entries[:2]] == [Action.READ_AUDIT] * 2


async def test_a_refused_attempt_stands_in_the_trail_of_who_made_it(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, 7100)
        with pytest.raises(Forbidden) as refused:
            await core.accounts.suspend(uow, admins[0].account_id, by=signed)
        await core.permissions.record(uow, refused.value)
        page = await core.trail.of(uow, admins[0], account.number)
    assert page.entries[0].action is Action.REFUSED


async def test_of_two_admins_who_suspend_one_account_at_once_one_is_late(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    account = await make_account()
    outcomes = await asyncio.gather(*(suspend(core, desk, account, admin) for admin in admins))
    assert sorted(outcomes) == ["account.is_suspended", "account.is_suspended", "done"]
    async with desk.read() as uow:
        assert len((await uow.conn.execute(select(tables.notes))).all()) == 1


async def test_of_two_admins_who_suspend_each_other_one_stays(core: Core, desk: Desk, admins: list[Signed]) -> None:
    async with desk.read() as uow:
        first, second = [await core.accounts.get(uow, admin.account_id) for admin in admins[:2]]
    outcomes = await asyncio.gather(suspend(core, desk, second, admins[0]), suspend(core, desk, first, admins[1]))
    assert sorted(outcomes) == ["done", "session.unauthenticated"]


async def test_an_admin_who_was_logged_out_meanwhile_changes_nothing(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        await core.sessions.logout(uow, admins[0])
    async with desk.write() as uow:
        with pytest.raises(Unauthenticated):
            await core.accounts.suspend(uow, account.id, by=admins[0])


async def test_what_is_not_suspended_cannot_be_restored(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        with pytest.raises(AccountError, match="is_active"):
            await core.accounts.restore(uow, account.id, by=admins[0])
        with pytest.raises(AccountError, match=r"account\.own"):
            await core.accounts.restore(uow, admins[0].account_id, by=admins[0])


async def test_a_note_that_was_put_elsewhere_does_not_open(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    account, other = await make_account(), await make_account(Phone("13800000001"))
    for each in (account, other):
        assert await suspend(core, desk, each, admins[0]) == "done"
    async with desk.write() as uow:
        first, second = (await uow.conn.execute(select(tables.notes).order_by(tables.notes.c.audit_id))).all()
        await uow.conn.execute(
            update(tables.notes).where(tables.notes.c.audit_id == first.audit_id).values(note=second.note)
        )
        with pytest.raises(Exception, match="does not belong"):
            await core.trail.of(uow, admins[0], account.number)


async def test_the_trail_of_a_submission_names_admins_and_not_its_doctor(clinic: Clinic) -> None:
    doctor, admin = await clinic.doctor(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.refuse(admin, number, FINAL)
    page = await clinic.do(clinic.core.trail.of, admin, number.lower())
    assert (page.number, page.account) == (number, None)
    assert FINAL.note is not None
    assert [(entry.action, entry.by, entry.admin, entry.note) for entry in page.entries] == [
        (Action.REFUSE_CERTIFICATE, By.ADMIN, f"A{admin.account_id}", FINAL.note.value),
        (Action.CLAIM_CERTIFICATE, By.ADMIN, f"A{admin.account_id}", None),
        (Action.SUBMIT_CERTIFICATE, By.OWNER, None, None),
    ]
    assert await clinic.trail(number) == [
        "submit >pending",
        "claim pending>in_review",
        "refuse in_review>rejected NOT",
        "read >",
    ]


async def test_what_was_done_about_an_account_that_is_erased_can_still_be_read(
    core: Core, desk: Desk, admins: list[Signed], make_account: MakeAccount
) -> None:
    """The audit stays under the pseudonym of its empty row (SECURITY.md Privacy)."""
    account = await make_account()
    async with desk.write() as uow:
        await core.erasing.erase(uow, await core.sessions.open_in_bot(uow, account, 7100))
        page = await core.trail.of(uow, admins[0], account.number)
        with pytest.raises(AccountError, match=r"account\.unknown"):
            await core.directory.one(uow, admins[0], account.number)
    assert page.account
    assert (page.account.name, page.account.phone) == ("", None)
    assert page.entries[0].action is Action.ERASE
