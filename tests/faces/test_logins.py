"""Logging in and out, the same on every face (CONTRACT.md 3.4, TOKENS Logout, Account events)."""

import asyncio

import pytest
from sqlalchemy import delete, update

from core.values import Role
from storage.tables.accounts import accounts, sessions
from tests.faces.face import NO, OK, OUT, PHONE, WAIT, Face, Seen
from tests.faces.rules import proves

OTHER = "13912345678"


@proves("CONTRACT.md 3.4", "CONTRACT.md 4")
async def test_an_unknown_account_and_a_wrong_password_are_one_answer(face: Face) -> None:
    assert await face.register() == OK
    assert await face.try_login(PHONE, "a wrong password") == NO
    assert await face.try_login(OTHER, "a wrong password") == NO
    assert await face.try_login(PHONE, role=Role.DOCTOR) == NO
    assert await face.try_login("nobody@example.com") == NO


@proves("CONTRACT.md 3.4")
async def test_after_five_failures_one_waits_whether_there_is_an_account_or_not(face: Face) -> None:
    assert await face.register() == OK
    of_known = await face.try_again(7, PHONE)
    of_unknown = await face.try_again(7, OTHER)
    assert of_known == [NO] * 5 + [WAIT] * 2
    assert of_unknown == of_known


@proves("CONTRACT.md 3.4")
async def test_a_wait_is_over_when_it_is_over(face: Face) -> None:
    assert await face.register() == OK
    assert (await face.try_again(6, PHONE))[-1] == WAIT
    face.clock.advance(seconds=16)
    await face.log_in()


@proves("CONTRACT.md 3.4")
async def test_many_wrong_passwords_at_once_get_no_more_looks_than_the_limit(face: Face) -> None:
    assert await face.register() == OK
    came = await asyncio.gather(*(face.try_login(PHONE, f"wrong password {n}") for n in range(12)))
    assert sorted(came) == [NO] * 5 + [WAIT] * 7


@proves("TOKENS T12")
async def test_t12_a_suspended_account_is_out_at_once_and_cannot_come_in(face: Face) -> None:
    login = await face.newcomer()
    await face.suspend()
    assert await face.see(login) == OUT
    assert await face.try_login() == NO
    await face.restore()
    await face.log_in()
    assert await face.see(login) == OUT


@proves("TOKENS T12", "CONTRACT.md 3.4")
async def test_t12_an_erased_account_is_out_at_once_and_then_one_that_never_was(face: Face) -> None:
    login = await face.newcomer()
    await face.erase()
    assert await face.see(login) == OUT
    assert await face.try_login() == NO
    assert [NO, *await face.try_again(6, PHONE)] == await face.try_again(7, OTHER)
    assert await face.register() == OK


@proves("TOKENS T14")
async def test_t14_a_logout_ends_the_login_at_once(face: Face) -> None:
    login = await face.newcomer()
    assert await face.log_out(login) == OK
    assert await face.see(login) == OUT
    assert await face.log_out(login) == OUT


@proves("TOKENS T15")
async def test_t15_other_logins_of_the_account_stay_alive(face: Face) -> None:
    one = await face.newcomer()
    other = await face.log_in()
    assert await face.log_out(one) == OK
    assert await face.see(other) == Seen("王小明", PHONE, Role.PATIENT)


@proves("TOKENS T17", "TOKENS T18")
async def test_t18_what_has_ended_stays_ended_until_it_is_purged(face: Face) -> None:
    login = await face.newcomer()
    assert await face.log_out(login) == OK
    for days in (1, 14):
        face.clock.advance(days=days)
        async with face.desk.write() as uow:
            await face.core.sessions.purge(uow)
        assert await face.log_out(login) == OUT


@proves("TOKENS T13")
async def test_t13_where_no_session_can_be_found_nobody_is_logged_in(face: Face) -> None:
    login = await face.newcomer()
    async with face.desk.write() as uow:
        await uow.conn.execute(delete(sessions))
    assert await face.see(login) == OUT


@proves("TOKENS T11")
async def test_t11_the_role_is_read_from_the_account_on_each_use(face: Face) -> None:
    """No act changes a role: a row written by hand stands for whatever else might."""
    login = await face.newcomer()
    async with face.desk.write() as uow:
        await uow.conn.execute(update(accounts).values(role=Role.ADMIN))
    seen = await face.see(login)
    if face.name == "bot":  # its login names no role: what the account may is what it sees
        assert isinstance(seen, Seen)
        assert seen.role == Role.ADMIN
    else:
        assert seen == OUT


@proves("TOKENS T23")
async def test_t23_a_login_lasts_no_longer_than_the_window(face: Face) -> None:
    login = await face.newcomer()
    face.clock.advance(days=14)
    assert await face.see(login) == OUT


@proves("TOKENS T25")
async def test_t25_a_reset_password_ends_every_login(face: Face) -> None:
    logins = [await face.newcomer(), await face.log_in()]
    await face.reset_password("a new long password")
    assert [await face.see(login) for login in logins] == [OUT, OUT]
    assert await face.try_login() == NO
    await face.log_in(PHONE, "a new long password")


@proves("TOKENS T26")
async def test_t26_logging_out_everywhere_ends_this_login_too(face: Face) -> None:
    logins = [await face.newcomer(), await face.log_in()]
    await face.end_everywhere()
    assert [await face.see(login) for login in logins] == [OUT, OUT]


@proves("TOKENS T27")
async def test_t27_what_changes_in_the_account_is_seen_at_the_next_call(face: Face) -> None:
    login = await face.newcomer()
    async with face.desk.write() as uow:
        await uow.conn.execute(update(accounts).values(name="新名字"))
    seen = await face.see(login)
    assert isinstance(seen, Seen)
    assert seen.name == "新名字"


@proves("TOKENS T15")
async def test_t15_one_persons_logout_is_nothing_to_another(face: Face) -> None:
    mine, theirs = await face.newcomer(), await face.newcomer(OTHER)
    assert await face.log_out(mine) == OK
    seen = await face.see(theirs)
    assert isinstance(seen, Seen)
    assert seen.phone == OTHER


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR])
@proves("CONTRACT.md 1 role")
async def test_a_login_is_of_the_role_it_was_asked_for(face: Face, role: Role) -> None:
    for each in (Role.PATIENT, Role.DOCTOR):
        assert await face.register(role=each) == OK
    seen = await face.see(await face.log_in(role=role), role)
    assert isinstance(seen, Seen)
    assert seen.role == role
