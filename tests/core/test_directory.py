"""Admins find accounts by what is known of them; each look is audited (SECURITY.md Admins)."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select

from core.account import Account, AccountState
from core.audit import Action
from core.core import Core
from core.directory import Found
from core.errors import AccountError, Forbidden
from core.passwords import PasswordHash
from core.sessions import Signed
from core.unit import Channel
from core.values import Age, Email, Phone, Role, Sex, Username
from storage.tables import accounts as tables
from tests.conftest import Desk
from tests.core.conftest import PHONE, MakeAccount

WANG, LI = 7001, 7002
Look = Callable[..., Awaitable[Found]]


@pytest.fixture
async def wang(core: Core, desk: Desk, make_account: MakeAccount) -> Signed:
    """An admin, logged in."""
    admin = await make_account(Phone("13900000000"), role=Role.ADMIN, name="王芳")
    async with desk.write() as uow:
        return await core.sessions.open_in_bot(uow, admin, WANG)


@pytest.fixture
def look(core: Core, desk: Desk, wang: Signed) -> Look:
    """What the admin finds."""

    async def find(who: str, page: int = 0) -> Found:
        async with desk.write() as uow:
            return await core.directory.find(uow, wang, who, page)

    return find


async def make_doctor(core: Core, desk: Desk, username: str, email: str) -> Account:
    async with desk.write(Channel.HTTP) as uow:
        return await core.accounts.register_by_email(
            uow,
            username=Username.parse(username),
            email=Email.parse(email),
            sex=Sex.FEMALE,
            age=Age(40),
            password_hash=PasswordHash("x", "bcrypt", None),
        )


def names(found: Found) -> list[str]:
    return [account.name for account in found.accounts]


async def entries(desk: Desk) -> list[tuple[str | None, str | None]]:
    """Who looked up whom, by pseudonym."""
    async with desk.read() as uow:
        rows = await uow.conn.execute(
            select(tables.audit).where(tables.audit.c.action == Action.FIND).order_by(tables.audit.c.id)
        )
        return [(row.actor, row.subject) for row in rows]


@pytest.mark.parametrize("who", ["P2", " ｐ 2 ", "p-02", "138 1234 5678", "+86 13812345678", "王小明", "小", "王小"])
async def test_a_patient_is_found_however_they_are_written(look: Look, make_account: MakeAccount, who: str) -> None:
    await make_account(name="王小明")
    assert names(await look(who)) == ["王小明"]


@pytest.mark.parametrize("who", ["DR_HAN", "dr_han", "Han@Example.COM", "han"])
async def test_a_doctor_is_found_by_username_and_email(core: Core, desk: Desk, look: Look, who: str) -> None:
    await make_doctor(core, desk, "dr_han", "han@example.com")
    assert names(await look(who)) == ["dr_han"]


@pytest.mark.parametrize(
    "who", ["", "D2", "P99", "%", "_", "王%", "13812345679", "nobody@example.com", "x" * 5000, "\0"]
)
async def test_what_fits_nobody_finds_nobody(look: Look, make_account: MakeAccount, who: str) -> None:
    await make_account(name="王小明")
    assert await look(who) == Found([], more=False)


async def test_one_phone_finds_all_its_accounts(look: Look, make_account: MakeAccount) -> None:
    await make_account(role=Role.PATIENT, name="甲")
    await make_account(role=Role.DOCTOR, name="乙")
    assert [account.role for account in (await look(PHONE.value)).accounts] == [Role.DOCTOR, Role.PATIENT]


async def test_a_name_that_somebody_has_finds_them_and_not_those_who_have_it_in_theirs(
    look: Look, make_account: MakeAccount
) -> None:
    await make_account(name="Anna")
    await make_account(Phone("13800000001"), name="Anna Smith")
    assert names(await look("Anna")) == ["Anna"]
    assert names(await look("anna")) == ["Anna", "Anna Smith"]


async def test_a_username_does_not_hide_people_of_that_name(
    core: Core, desk: Desk, look: Look, make_account: MakeAccount
) -> None:
    await make_doctor(core, desk, "王小明", "squat@example.com")
    await make_account(name="王小明")
    assert names(await look("王小明")) == ["王小明", "王小明"]


@pytest.mark.parametrize("who", ["张三", "张"])
async def test_rule_23_many_come_in_pages_of_eight(look: Look, make_account: MakeAccount, who: str) -> None:
    made = [await make_account(Phone(f"138000000{number:02}"), name="张三") for number in range(10)]
    pages = [await look(who, page) for page in (0, 1, 2)]
    assert [len(page.accounts) for page in pages] == [8, 2, 0]
    assert [page.more for page in pages] == [True, False, False]
    assert {account.id for page in pages for account in page.accounts} == {account.id for account in made}


async def test_who_looked_up_whom_is_audited_and_what_was_asked_is_not(
    core: Core, desk: Desk, look: Look, wang: Signed, make_account: MakeAccount
) -> None:
    account = await make_account(name="王小明")
    await look("王小明")
    await look("赵敏")
    async with desk.write() as uow:
        await core.directory.one(uow, wang, account.number)
    found = (wang.pseudonym, account.pseudonym)
    assert await entries(desk) == [found, (wang.pseudonym, None), found]
    async with desk.read() as uow:
        assert "赵敏" not in str((await uow.conn.execute(select(tables.audit))).all())


async def test_an_erased_account_is_not_found(desk: Desk, look: Look, make_account: MakeAccount) -> None:
    await make_account(name="王小明")
    async with desk.write() as uow:
        gone = tables.accounts.update().where(tables.accounts.c.role == "patient")
        await uow.conn.execute(gone.values(state=AccountState.ERASED.value))
    for who in ("王小明", "小明", "P2", PHONE.value):
        assert names(await look(who)) == []


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR])
async def test_nobody_else_may_look(core: Core, desk: Desk, make_account: MakeAccount, role: Role) -> None:
    account = await make_account(role=role)
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, LI)
        for ask in (
            core.directory.find(uow, signed, account.number),
            core.directory.one(uow, signed, account.number),
            core.trail.of(uow, signed, account.number),
            core.accounts.suspend(uow, account.id, by=signed),
            core.accounts.restore(uow, account.id, by=signed),
        ):
            with pytest.raises(Forbidden):
                await ask
    assert await entries(desk) == []


@pytest.mark.parametrize(
    ("number", "code"),
    [("C-7K3M2Q", "is_submission"), ("c7k3m2q", "is_submission"), ("7", "wrong_number"), ("D2", "unknown")],
)
async def test_a_number_of_the_wrong_kind_says_which(
    core: Core, desk: Desk, wang: Signed, number: str, code: str
) -> None:
    async with desk.write() as uow:
        with pytest.raises(AccountError, match=rf"account\.{code}"):
            await core.directory.one(uow, wang, number)
