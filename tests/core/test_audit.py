"""The audit: what it holds, and what its chain gives away (REVIEW.md Audit)."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from core.account import AccountState
from core.audit import Action, Audit, AuditBroken
from core.core import Core
from core.errors import Forbidden
from core.keys import KeyRing, new_key_text
from core.permissions import Permission, may, require
from core.settings import Secrets
from core.unit import Channel
from core.values import Role
from storage.tables.accounts import audit as table
from tests.conftest import Desk, SetClock
from tests.core.conftest import PHONE, MakeAccount

ENTRIES = 5


@pytest.fixture
async def chain(core: Core, desk: Desk, clock: SetClock) -> str:
    """Five sealed entries; their head."""
    for number in range(ENTRIES):
        clock.advance(seconds=1)
        async with desk.write() as uow:
            await core.audit.append(uow, Action.LOG_IN, actor=f"actor{number}", subject="subject", reasons=["a", "b"])
    async with desk.write(Channel.JOB) as uow:
        assert await core.audit.seal(uow) == ENTRIES
        return str(await core.audit.head(uow))


async def verify(audit: Audit, desk: Desk, head: str | None = None) -> str:
    """`whole`, or how it is broken and at which entry."""
    async with desk.read() as uow:
        try:
            await audit.verify(uow, head)
        except AuditBroken as broken:
            return f"{broken.code} {broken.params['number']}"
    return "whole"


async def tamper(desk: Desk, number: int, /, **values: object) -> None:
    async with desk.write() as uow:
        await uow.conn.execute(update(table).where(table.c.number == number).values(**values))


async def test_a_sealed_chain_is_whole_and_ends_at_its_head(core: Core, desk: Desk, chain: str) -> None:
    assert await verify(core.audit, desk) == "whole"
    number, _, mac = chain.partition(":")
    assert number == str(ENTRIES)
    for head in (chain, mac, mac.rpartition(":")[2]):
        assert await verify(core.audit, desk, head) == "whole"


async def test_entries_sealed_in_two_rounds_are_one_chain(core: Core, desk: Desk, chain: str) -> None:
    async with desk.write() as uow:
        await core.audit.append(uow, Action.LOG_OUT)
    assert await verify(core.audit, desk, chain) == "whole"
    async with desk.write(Channel.JOB) as uow:
        assert await core.audit.seal(uow) == 1
        assert await core.audit.seal(uow) == 0
    assert await verify(core.audit, desk, chain) == "whole"


@pytest.mark.parametrize(
    "values",
    [
        {"actor": "someone"},
        {"actor": None},
        {"action": "login.failed"},
        {"subject": "else"},
        {"from_state": "x"},
        {"to_state": "x"},
        {"reasons": "a"},
        {"file_hashes": "0" * 64},
        {"version": 2},
        {"channel": "cli"},
        {"note_mac": "x"},
    ],
    ids=lambda values: next(iter(values)),
)
async def test_a_changed_entry_is_found(core: Core, desk: Desk, chain: str, values: dict[str, object]) -> None:
    await tamper(desk, 3, **values)
    assert await verify(core.audit, desk) == "audit.changed 3"


async def test_a_changed_time_is_found(core: Core, desk: Desk, chain: str, clock: SetClock) -> None:
    await tamper(desk, 3, at=clock())
    assert await verify(core.audit, desk) == "audit.changed 3"


async def test_a_removed_entry_is_found(core: Core, desk: Desk, chain: str) -> None:
    async with desk.write() as uow:
        await uow.conn.execute(delete(table).where(table.c.number == 3))
    assert await verify(core.audit, desk) == "audit.missing 3"


async def test_a_removed_entry_is_found_though_the_rest_was_numbered_anew(core: Core, desk: Desk, chain: str) -> None:
    async with desk.write() as uow:
        await uow.conn.execute(delete(table).where(table.c.number == 3))
    await tamper(desk, 4, number=3)
    await tamper(desk, 5, number=4)
    assert await verify(core.audit, desk) == "audit.changed 3"


async def test_entries_put_in_another_order_are_found(core: Core, desk: Desk, chain: str) -> None:
    for number, other in ((2, 99), (3, 2), (99, 3)):
        await tamper(desk, number, number=other)
    assert await verify(core.audit, desk) == "audit.changed 2"


async def test_a_chain_cut_short_is_found_by_its_head_alone(core: Core, desk: Desk, chain: str) -> None:
    async with desk.write() as uow:
        await uow.conn.execute(delete(table).where(table.c.number > 3))
    assert await verify(core.audit, desk) == "whole"
    assert await verify(core.audit, desk, chain) == "audit.head_missing 3"


async def test_a_chain_recomputed_without_the_key_is_found(
    core: Core, desk: Desk, secrets: Secrets, chain: str
) -> None:
    kid = secrets.audit.now.current
    forger = Audit(KeyRing(kid, {kid: bytes(range(32))}))
    await tamper(desk, 1, actor="someone")
    async with desk.write() as uow:
        await uow.conn.execute(update(table).values(number=None, mac=None))
        await forger.seal(uow)
    assert await verify(forger, desk) == "whole"
    assert await verify(core.audit, desk) == "audit.changed 1"


async def test_a_chain_recomputed_with_the_key_is_found_by_its_head(core: Core, desk: Desk, chain: str) -> None:
    await tamper(desk, 1, actor="someone")
    async with desk.write() as uow:
        await uow.conn.execute(update(table).values(number=None, mac=None))
        await core.audit.seal(uow)
    assert await verify(core.audit, desk) == "whole"
    assert await verify(core.audit, desk, chain) == f"audit.head_missing {ENTRIES}"


async def test_a_chain_goes_on_over_a_change_of_keys(core: Core, desk: Desk, secrets: Secrets, chain: str) -> None:
    old, new = secrets.audit.now, KeyRing.parse(new_key_text())
    rotated = Audit(KeyRing(new.current, new.keys | old.keys))
    async with desk.write() as uow:
        await rotated.append(uow, Action.LOG_OUT)
        await rotated.seal(uow)
    assert await verify(rotated, desk, chain) == "whole"
    assert await verify(core.audit, desk) == "audit.unknown_key 6"


async def test_of_two_sealers_at_once_one_gives_the_numbers(core: Core, desk: Desk) -> None:
    async with desk.write() as uow:
        for _ in range(20):
            await core.audit.append(uow, Action.LOG_IN)

    async def seal() -> int:
        async with desk.write(Channel.JOB) as uow:
            return await core.audit.seal(uow)

    outcomes = await asyncio.gather(seal(), seal(), return_exceptions=True)
    assert 20 in outcomes
    assert all(outcome in {0, 20} or isinstance(outcome, IntegrityError) for outcome in outcomes)
    assert await verify(core.audit, desk) == "whole"


async def test_an_act_taken_back_leaves_no_entry(core: Core, desk: Desk) -> None:
    async def act_and_fail() -> None:
        async with desk.write() as uow:
            await core.audit.append(uow, Action.LOG_IN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await act_and_fail()
    async with desk.read() as uow:
        assert (await uow.conn.execute(select(table))).all() == []


async def test_entries_hold_pseudonyms_and_no_personal_data(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    account = await make_account(telegram_user_id=700_000_000_001, phone_verified=True, name="王小明")
    async with desk.write() as uow:
        await core.audit.append(uow, Action.SUSPEND, subject=account.pseudonym, note="rang him at home")
        rows = (await uow.conn.execute(select(table))).all()
    written = repr(rows)
    assert account.pseudonym in written
    assert not [secret for secret in (PHONE.value, "王小明", "700000000001", "at home") if secret in written]


NOT_FOR_ALL = {
    Permission.SEE_OWN_PATIENT: Role.PATIENT,
    Permission.CHANGE_OWN_PATIENT: Role.PATIENT,
    Permission.SEE_OWN_DOCTOR: Role.DOCTOR,
    Permission.CHANGE_OWN_DOCTOR: Role.DOCTOR,
    Permission.SEE_OWN_CERTIFICATE: Role.DOCTOR,
    Permission.SEND_OWN_CERTIFICATE: Role.DOCTOR,
    Permission.MANAGE_ACCOUNTS: Role.ADMIN,
    Permission.REVIEW: Role.ADMIN,
}
"""Written out once more: who widens core's table says so here, too."""


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("permission", list(Permission))
async def test_each_role_may_what_the_table_says_and_a_refusal_is_an_entry(
    core: Core, desk: Desk, make_account: MakeAccount, role: Role, permission: Permission
) -> None:
    account = await make_account(role=Role.ADMIN)
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, 1)
        try:
            require(replace(signed, role=role), permission)
            allowed = True
        except Forbidden as refused:
            await core.permissions.record(uow, refused)
            allowed = False
        refusals = (await uow.conn.execute(select(table).where(table.c.action == Action.REFUSED))).all()
    assert allowed is (role is not Role.EXPERT and NOT_FOR_ALL.get(permission, role) is role)
    assert [(row.actor, row.reasons) for row in refusals] == ([] if allowed else [(account.pseudonym, permission)])


async def test_a_guest_a_lapsed_login_and_a_closed_account_may_nothing(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account(role=Role.ADMIN)
    async with desk.write() as uow:
        signed = await core.sessions.open_in_bot(uow, account, 1)
    lapsed, suspended = replace(signed, lapsed=True), replace(signed, state=AccountState.SUSPENDED)
    assert may(signed, Permission.MANAGE_ACCOUNTS)
    assert not any(may(who, permission) for who in (None, lapsed, suspended) for permission in Permission)
