"""The second factor of admins: codes that are good once, counted like passwords (SECURITY.md Second factor)."""

import asyncio
import hmac
from dataclasses import replace

import pyotp
import pytest
from sqlalchemy import select

from core import at_rest
from core.account import Account
from core.audit import Action
from core.core import Core
from core.errors import AccountError, InvalidValue, LoginError, Throttled, Unauthenticated
from core.login import CodeNeeded, LoggedIn, LoginRefused, Source
from core.login_codes import LAPSED
from core.notices import NoticeKind
from core.sealing import Sealer
from core.second_factors import RECOVERY_CODES, Enrolment, SecondFactorCode
from core.sessions import EndReason
from core.settings import Admins, Secrets, Settings
from core.unit import Channel
from core.values import Password, Phone, Role
from storage import accounts as account_store
from storage.tables import accounts as tables
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, PHONE, MakeAccount

FANG, GUESSER = 700_000_000_001, 700_000_000_666
WRONG = "000000"


@pytest.fixture
async def admin(make_account: MakeAccount) -> Account:
    return await make_account(role=Role.ADMIN)


async def enrolled(core: Core, desk: Desk, admin: Account) -> Enrolment:
    async with desk.write(Channel.CLI) as uow:
        return await core.second_factors.set(uow, admin.number)


async def prove(
    core: Core, desk: Desk, source: Source | None = None, password: str = PASSWORD, phone: Phone = PHONE
) -> LoggedIn | LoginRefused | CodeNeeded:
    async with desk.write() as uow:
        attempt = await core.login.begin(
            uow, role=Role.ADMIN, identifier=phone, password=password, source=source or Source.telegram(FANG)
        )
    await attempt.verify()
    async with desk.write() as uow:
        return await core.login.finish(uow, attempt)


async def needed(core: Core, desk: Desk, person: int = FANG, phone: Phone = PHONE) -> CodeNeeded:
    outcome = await prove(core, desk, Source.telegram(person), phone=phone)
    assert isinstance(outcome, CodeNeeded)
    return outcome


async def give(core: Core, desk: Desk, half: CodeNeeded, code: str, person: int = FANG) -> LoggedIn | LoginRefused:
    async with desk.write() as uow:
        return await core.login_codes.finish(uow, half, SecondFactorCode.parse(code), person)


def digits(made: Enrolment, clock: SetClock, steps: int = 0) -> str:
    return pyotp.TOTP(made.secret).at(clock(), counter_offset=steps)


async def audited(desk: Desk) -> list[tuple[str, str | None]]:
    async with desk.read() as uow:
        rows = await uow.conn.execute(select(tables.audit.c.action, tables.audit.c.reasons).order_by(tables.audit.c.id))
        return [(action, reasons) for action, reasons in rows]


async def told(desk: Desk) -> list[tuple[int, str]]:
    async with desk.read() as uow:
        rows = await uow.conn.execute(select(tables.outbox.c.telegram_user_id, tables.outbox.c.kind))
        return [(person, kind) for person, kind in rows]


async def is_logged_in(core: Core, desk: Desk, person: int = FANG) -> bool:
    async with desk.read() as uow:
        signed = (await core.sessions.of_people(uow, [person])).get(person)
    return signed is not None and not signed.lapsed


async def test_an_admin_who_has_none_logs_in_by_the_password_alone(core: Core, desk: Desk, admin: Account) -> None:
    assert isinstance(await prove(core, desk), LoggedIn)


async def test_the_code_comes_after_the_password_and_nothing_is_open_before(
    core: Core, desk: Desk, admin: Account, clock: SetClock
) -> None:
    made = await enrolled(core, desk, admin)
    half = await needed(core, desk)
    assert not await is_logged_in(core, desk)
    assert isinstance(await give(core, desk, half, digits(made, clock)), LoggedIn)
    assert await is_logged_in(core, desk)


async def test_a_wrong_password_does_not_lead_to_the_code(core: Core, desk: Desk, admin: Account) -> None:
    await enrolled(core, desk, admin)
    assert await prove(core, desk, password="a wrong one") == LoginRefused()


async def test_a_clock_may_be_half_a_minute_off(core: Core, desk: Desk, admin: Account, clock: SetClock) -> None:
    made = await enrolled(core, desk, admin)
    for steps in (-1, 0, 1):  # in this order: no code of an earlier time is taken after a later one
        assert isinstance(await give(core, desk, await needed(core, desk), digits(made, clock, steps)), LoggedIn)


async def test_and_no_more(core: Core, desk: Desk, admin: Account, clock: SetClock) -> None:
    made = await enrolled(core, desk, admin)
    for steps in (-3, -2, 2, 3):
        assert await give(core, desk, await needed(core, desk), digits(made, clock, steps)) == LoginRefused()


async def test_a_code_is_good_once_and_none_of_an_earlier_time_after_it(
    core: Core, desk: Desk, admin: Account, clock: SetClock
) -> None:
    made = await enrolled(core, desk, admin)
    code, before = digits(made, clock), digits(made, clock, -1)
    assert isinstance(await give(core, desk, await needed(core, desk), code), LoggedIn)
    assert await give(core, desk, await needed(core, desk), code) == LoginRefused()
    assert await give(core, desk, await needed(core, desk), before) == LoginRefused()
    clock.advance(seconds=30)
    assert isinstance(await give(core, desk, await needed(core, desk), digits(made, clock)), LoggedIn)


async def test_a_recovery_code_is_good_once_and_its_owner_is_told_elsewhere(
    core: Core, desk: Desk, admin: Account
) -> None:
    made = await enrolled(core, desk, admin)
    assert len(set(made.recovery_codes)) == RECOVERY_CODES
    first, second = made.recovery_codes[:2]
    assert isinstance(await give(core, desk, await needed(core, desk), first.lower()), LoggedIn)
    assert isinstance(await give(core, desk, await needed(core, desk, GUESSER), second, GUESSER), LoggedIn)
    assert (FANG, NoticeKind.RECOVERY_CODE_USED) in await told(desk)
    assert await give(core, desk, await needed(core, desk), first) == LoginRefused()
    assert (Action.USE_RECOVERY_CODE, None) in await audited(desk)


async def test_wrong_codes_wait_as_wrong_passwords_do_and_the_right_password_gives_no_tries_back(
    core: Core, desk: Desk, admin: Account, clock: SetClock
) -> None:
    made = await enrolled(core, desk, admin)
    for _ in range(4):
        assert await give(core, desk, await needed(core, desk), WRONG) == LoginRefused()
    half = await needed(core, desk)
    assert await give(core, desk, half, WRONG) == LoginRefused()
    with pytest.raises(Throttled):
        await give(core, desk, half, digits(made, clock))
    with pytest.raises(Throttled):
        await prove(core, desk)
    clock.advance(seconds=16)
    assert isinstance(await give(core, desk, half, digits(made, clock)), LoggedIn)
    assert isinstance(await prove(core, desk), CodeNeeded)


async def test_wrong_codes_count_for_the_account_from_whichever_telegram_user_they_come(
    core: Core, desk: Desk, admin: Account
) -> None:
    await enrolled(core, desk, admin)
    for person in range(GUESSER, GUESSER + 5):
        assert await give(core, desk, await needed(core, desk, person), WRONG, person) == LoginRefused()
    with pytest.raises(Throttled):
        await needed(core, desk, GUESSER + 5)


async def test_wrong_codes_count_for_the_telegram_user_whosever_they_are(
    core: Core, desk: Desk, admin: Account, make_account: MakeAccount
) -> None:
    await enrolled(core, desk, admin)
    other = await make_account(replace(PHONE, value="13900000000"), role=Role.ADMIN)
    await enrolled(core, desk, other)
    halves = [await needed(core, desk), await needed(core, desk, phone=Phone("13900000000"))]
    for number in range(5):
        assert await give(core, desk, halves[number % 2], WRONG) == LoginRefused()
    for half in halves:
        with pytest.raises(Throttled):
            await give(core, desk, half, WRONG)


async def test_many_wrong_codes_at_once_get_no_more_looks(core: Core, desk: Desk, admin: Account) -> None:
    await enrolled(core, desk, admin)
    half = await needed(core, desk)
    results = await asyncio.gather(*(give(core, desk, half, WRONG) for _ in range(20)), return_exceptions=True)
    assert sum(result == LoginRefused() for result in results) <= 6
    assert all(result == LoginRefused() or isinstance(result, Throttled) for result in results)


async def test_of_two_who_send_one_code_at_once_one_is_let_in(
    core: Core, desk: Desk, admin: Account, clock: SetClock
) -> None:
    made = await enrolled(core, desk, admin)
    for code in (digits(made, clock), made.recovery_codes[0]):
        halves = [(await needed(core, desk, person), person) for person in (FANG, GUESSER)]
        results = await asyncio.gather(*(give(core, desk, half, code, person) for half, person in halves))
        assert sorted(isinstance(result, LoggedIn) for result in results) == [False, True]


async def test_the_owner_is_told_that_somebody_has_the_password(
    core: Core, desk: Desk, admin: Account, clock: SetClock
) -> None:
    made = await enrolled(core, desk, admin)
    await give(core, desk, await needed(core, desk), made.recovery_codes[0])
    for _ in range(3):
        await prove(core, desk, Source.telegram(GUESSER), "a wrong one")
    half = await needed(core, desk, GUESSER)
    wrong = []
    for _ in range(4):
        await give(core, desk, half, WRONG, GUESSER)
        clock.advance(minutes=2)
        wrong.append([person for person, kind in await told(desk) if kind == NoticeKind.SECOND_FACTOR_WRONG])
    assert wrong == [[], [], [FANG], [FANG]]
    assert (Action.FAIL_LOGIN, "second_factor") in await audited(desk)


async def test_who_types_the_wrong_codes_is_not_told_of_them(core: Core, desk: Desk, admin: Account) -> None:
    made = await enrolled(core, desk, admin)
    await give(core, desk, await needed(core, desk), made.recovery_codes[0])
    for _ in range(3):
        assert await give(core, desk, await needed(core, desk), WRONG) == LoginRefused()
    assert NoticeKind.SECOND_FACTOR_WRONG not in [kind for _, kind in await told(desk)]


async def test_half_a_login_ends_after_ten_minutes(core: Core, desk: Desk, admin: Account, clock: SetClock) -> None:
    made = await enrolled(core, desk, admin)
    half = await needed(core, desk)
    clock.advance(minutes=9, seconds=59)
    assert await give(core, desk, half, WRONG) == LoginRefused()
    clock.advance(seconds=1)
    with pytest.raises(LoginError, match=LAPSED):
        await give(core, desk, half, digits(made, clock))


async def test_half_a_login_is_worth_nothing_after_another_password(
    core: Core, desk: Desk, admin: Account, clock: SetClock
) -> None:
    made = await enrolled(core, desk, admin)
    half = await needed(core, desk)
    hashed = await core.passwords.hash(Password.parse("another long password"))
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.reset_password(uow, admin.id, hashed)
    with pytest.raises(LoginError, match=LAPSED):
        await give(core, desk, half, digits(made, clock))


async def test_nobody_makes_the_half_of_one_account_another_s(
    core: Core, desk: Desk, admin: Account, make_account: MakeAccount, clock: SetClock
) -> None:
    """The draft is sealed; were it not, the proof would fit no other account's password all the same."""
    other = await make_account(replace(PHONE, value="13900000000"), role=Role.ADMIN)
    await enrolled(core, desk, admin)
    theirs = await enrolled(core, desk, other)
    half = replace(await needed(core, desk), account_id=other.id)
    with pytest.raises(LoginError, match=LAPSED):
        await give(core, desk, half, digits(theirs, clock))


async def test_a_new_one_takes_the_place_of_the_old_and_ends_every_login(
    core: Core, desk: Desk, admin: Account, clock: SetClock
) -> None:
    old = await enrolled(core, desk, admin)
    await give(core, desk, await needed(core, desk), digits(old, clock))
    new = await enrolled(core, desk, admin)
    assert not await is_logged_in(core, desk)
    assert (FANG, NoticeKind.SECOND_FACTOR_SET) in await told(desk)
    assert (Action.LOG_OUT_EVERYWHERE, EndReason.SECOND_FACTOR_CHANGED) in await audited(desk)
    for code in (digits(old, clock), old.recovery_codes[0]):
        assert await give(core, desk, await needed(core, desk), code) == LoginRefused()
    assert isinstance(await give(core, desk, await needed(core, desk), digits(new, clock)), LoggedIn)


async def test_it_can_be_taken_away(core: Core, desk: Desk, admin: Account) -> None:
    made = await enrolled(core, desk, admin)
    await give(core, desk, await needed(core, desk), made.recovery_codes[0])
    async with desk.write(Channel.CLI) as uow:
        await core.second_factors.remove(uow, admin.number)
    assert not await is_logged_in(core, desk)
    assert (FANG, NoticeKind.SECOND_FACTOR_REMOVED) in await told(desk)
    async with desk.read() as uow:
        assert not (await uow.conn.execute(select(tables.recovery_codes))).all()
    assert isinstance(await prove(core, desk), LoggedIn)


async def test_it_is_for_admins_alone(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    patient = await make_account()
    with pytest.raises(AccountError, match=r"account\.not_admin"):
        await enrolled(core, desk, patient)


async def test_where_there_is_none_none_is_taken_away(core: Core, desk: Desk, admin: Account) -> None:
    with pytest.raises(AccountError, match=r"account\.no_second_factor"):
        async with desk.write(Channel.CLI) as uow:
            await core.second_factors.remove(uow, admin.number)


async def test_nothing_that_opens_the_account_lies_readable(
    core: Core, desk: Desk, admin: Account, secrets: Secrets
) -> None:
    made = await enrolled(core, desk, admin)
    async with desk.read() as uow:
        row = await account_store.get(uow.conn, admin.id)
        hashes = (await uow.conn.execute(select(tables.recovery_codes.c.code_hash))).scalars().all()
    assert row is not None
    assert made.secret.encode() not in row.totp_secret
    by_the_pepper = Sealer(secrets.pepper, at_rest.SECOND_FACTORS.purpose)
    assert by_the_pepper.open(row.totp_secret, f"accounts {admin.id} totp_secret".encode()).decode() == made.secret
    by_the_secret = {
        hmac.new(made.secret.encode(), f"recovery code\0{code}".encode(), "sha256").hexdigest()
        for code in made.recovery_codes
    }
    assert set(hashes) == by_the_secret  # without it nobody tries codes on a copy of the database
    assert made.secret not in repr(made)
    assert made.recovery_codes[0] not in repr(made)


async def test_without_the_key_that_sealed_it_no_code_is_right(
    core: Core, desk: Desk, admin: Account, settings: Settings, secrets: Secrets, clock: SetClock
) -> None:
    """As without the pepper no password is (docs/operations.md): the operator sets a new one."""
    made = await enrolled(core, desk, admin)
    half = await needed(core, desk)
    async with desk.write() as uow:
        row = await account_store.get(uow.conn, admin.id)
        assert row is not None
        await uow.conn.execute(
            tables.accounts.update().values(totp_secret=core.inbox_sealer.seal(made.secret.encode(), b"elsewhere"))
        )
    assert await give(core, desk, half, digits(made, clock)) == LoginRefused()


async def test_where_a_dialog_asks_for_the_password_once_more_it_is_enough(
    core: Core, desk: Desk, admin: Account, clock: SetClock
) -> None:
    made = await enrolled(core, desk, admin)
    outcome = await give(core, desk, await needed(core, desk), digits(made, clock))
    assert isinstance(outcome, LoggedIn)
    assert outcome.signed is not None
    async with desk.write() as uow:
        attempt = await core.login.begin_proof(uow, outcome.signed, PASSWORD)
    await attempt.verify()
    async with desk.write() as uow:
        assert await core.login.finish_proof(uow, outcome.signed, attempt)


@pytest.mark.parametrize("required", [True, False])
async def test_over_http_the_right_password_reads_and_counts_as_a_wrong_one(
    core: Core, desk: Desk, admin: Account, required: bool, settings: Settings, secrets: Secrets
) -> None:
    """The documented routes have no field for a code (CONTRACT.md 3.14)."""
    if required:
        object.__setattr__(settings, "admins", Admins(second_factor="required"))
        core = Core(settings, secrets)
    else:
        await enrolled(core, desk, admin)
    free = settings.login.free_failures
    answers = [await prove(core, desk, Source.http("203.0.113.7")) for _ in range(free)]
    assert answers == [LoginRefused()] * free
    with pytest.raises(Throttled):
        await prove(core, desk, Source.http("203.0.113.7"))


async def test_where_it_is_required_who_has_none_is_told_so_after_the_right_password_alone(
    core: Core, desk: Desk, admin: Account, settings: Settings, secrets: Secrets
) -> None:
    object.__setattr__(settings, "admins", Admins(second_factor="required"))
    strict = Core(settings, secrets)
    assert await prove(strict, desk) == LoginRefused(second_factor_missing=True)
    assert await prove(strict, desk, password="a wrong one") == LoginRefused()
    assert isinstance(await prove(core, desk), LoggedIn)


async def test_from_the_start_on_that_requires_it_no_login_without_it_goes_on(
    core: Core, desk: Desk, admin: Account, settings: Settings, secrets: Secrets
) -> None:
    assert isinstance(await prove(core, desk), LoggedIn)
    async with desk.write() as uow:  # no route logs an admin in; were there one, its tokens would end as well
        token = (await core.sessions.open_over_http(uow, admin)).access_token
    object.__setattr__(settings, "admins", Admins(second_factor="required"))
    strict = Core(settings, secrets)
    assert await is_logged_in(core, desk)
    assert not await is_logged_in(strict, desk)
    async with desk.read() as uow:
        await core.sessions.authenticate(uow, token)
        with pytest.raises(Unauthenticated):
            await strict.sessions.authenticate(uow, token)


async def test_others_than_admins_are_never_asked(
    desk: Desk, make_account: MakeAccount, settings: Settings, secrets: Secrets
) -> None:
    await make_account()
    object.__setattr__(settings, "admins", Admins(second_factor="required"))
    strict = Core(settings, secrets)
    async with desk.write() as uow:
        attempt = await strict.login.begin(
            uow, role=Role.PATIENT, identifier=PHONE, password=PASSWORD, source=Source.telegram(FANG)
        )
    await attempt.verify()
    async with desk.write() as uow:
        assert isinstance(await strict.login.finish(uow, attempt), LoggedIn)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("492039", "492039"),
        (" 492 039 ", "492039"),
        ("４９２-０３９", "492039"),
        ("abcd-efgh-jkmn", "ABCDEFGHJKMN"),
        ("abcd efgh jkmo", "ABCDEFGHJKM0"),
    ],
)
def test_a_code_is_taken_as_people_type_it(typed: str, code: str) -> None:
    assert str(SecondFactorCode.parse(typed)) == code


@pytest.mark.parametrize("typed", ["", "49203", "4920399", "٤٩٢٠٣٩", "abcd", "abcd-efgh-jkmu", "4" * 100_000, "\0" * 6])
def test_anything_else_is_none_and_counts_as_no_try(typed: str) -> None:
    with pytest.raises(InvalidValue, match=r"code\.wrong_format"):
        SecondFactorCode.parse(typed)
