"""Logging in: one answer for every failure, few looks for those who guess, no lock-out for the owner."""

import asyncio
from unicodedata import normalize

import bcrypt
import pytest
from sqlalchemy import select, update

from core.audit import Action
from core.core import Core
from core.errors import Throttled, Unauthenticated
from core.login import CodeNeeded, LoggedIn, LoginRefused, Source
from core.sessions import EndReason
from core.settings import Login, Passwords, Secrets, Settings
from core.unit import Channel
from core.values import Email, Password, Phone, Role
from storage.tables import accounts as tables
from tests.conftest import Desk, SetClock
from tests.core.conftest import PASSWORD, PHONE, MakeAccount

LI = 700_000_000_001
HAN = 700_000_000_002
GUESSER = 700_000_000_666


async def log_in(
    core: Core,
    desk: Desk,
    password: str = PASSWORD,
    *,
    who: Phone | Email = PHONE,
    role: Role | None = Role.PATIENT,
    source: Source | None = None,
) -> LoggedIn | LoginRefused | CodeNeeded:
    async with desk.write() as uow:
        attempt = await core.login.begin(
            uow, role=role, identifier=who, password=password, source=source or Source.telegram(LI)
        )
    await attempt.verify()
    async with desk.write() as uow:
        return await core.login.finish(uow, attempt)


async def waits(core: Core, desk: Desk, **how: object) -> int:
    """How long one who tries now is told to wait; 0 when the try is taken."""
    try:
        await log_in(core, desk, "a wrong one", **how)  # type: ignore[arg-type]
    except Throttled as refusal:
        return refusal.wait_seconds
    return 0


async def audited(desk: Desk) -> list[str]:
    async with desk.read() as uow:
        return list((await uow.conn.execute(select(tables.audit.c.action).order_by(tables.audit.c.id))).scalars())


async def outbox(desk: Desk) -> list[tuple[int, str]]:
    async with desk.read() as uow:
        rows = await uow.conn.execute(select(tables.outbox.c.telegram_user_id, tables.outbox.c.kind))
        return [(person, kind) for person, kind in rows]


async def test_the_right_password_logs_in(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    account = await make_account()
    outcome = await log_in(core, desk)
    assert isinstance(outcome, LoggedIn)
    assert outcome.account_id == account.id
    async with desk.read() as uow:
        assert (await core.sessions.of_people(uow, [LI]))[LI].account_id == account.id
    assert (await audited(desk))[-1] == Action.LOG_IN


async def test_over_http_a_token_is_issued(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account()
    outcome = await log_in(core, desk, source=Source.http("203.0.113.7"))
    assert isinstance(outcome, LoggedIn)
    assert outcome.issued is not None
    async with desk.read() as uow:
        assert (await core.sessions.authenticate(uow, outcome.issued.access_token)).account_id == outcome.account_id


async def test_a_password_is_the_same_in_every_normal_form(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    account = await make_account()
    hashed = await core.passwords.hash(Password.parse(normalize("NFC", "éclair éclair")))
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.reset_password(uow, account.id, hashed)
    assert isinstance(await log_in(core, desk, normalize("NFD", "éclair éclair")), LoggedIn)


@pytest.mark.parametrize(
    "given",
    ["", "wrong", PASSWORD.upper(), PASSWORD + " ", PASSWORD[:-1], PASSWORD + "\0", "x" * 100_000, "\ud800" * 8],
    ids=["empty", "wrong", "case", "space", "cut", "nul", "huge", "half surrogates"],
)
async def test_any_other_password_is_refused(core: Core, desk: Desk, make_account: MakeAccount, given: str) -> None:
    await make_account()
    assert await log_in(core, desk, given) == LoginRefused(suspended=False)
    assert (await audited(desk))[-1] == Action.FAIL_LOGIN


async def test_the_answer_for_an_unknown_account_is_the_same_and_costs_as_much(
    core: Core, desk: Desk, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_account()
    real, checked = bcrypt.checkpw, []

    def counting(password: bytes, hashed: bytes) -> bool:
        checked.append(hashed[:7])
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    known = await log_in(core, desk, "wrong")
    unknown = await log_in(core, desk, "wrong", who=Phone("13999999999"))
    assert known == unknown == LoginRefused()
    assert checked == [b"$2b$04$"] * 2


async def test_a_cheaper_hash_of_an_imported_account_costs_what_an_unknown_account_does(
    settings: Settings, secrets: Secrets, desk: Desk, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        old = bcrypt.hashpw(b"an imported one", bcrypt.gensalt(4)).decode()
        await uow.conn.execute(update(tables.accounts).values(password_hash=old, password_scheme="bcrypt"))
    core = Core(settings.model_copy(update={"passwords": Passwords(bcrypt_cost=7)}), secrets)
    work = {"checkpw": 0, "hashpw": 0}
    check, hash_ = bcrypt.checkpw, bcrypt.hashpw

    def checking(password: bytes, hashed: bytes) -> bool:
        work["checkpw"] += 2 ** int(hashed[4:6])
        return check(password, hashed)

    def hashing(password: bytes, salt: bytes) -> bytes:
        work["hashpw"] += 2 ** int(salt[4:6])
        return hash_(password, salt)

    monkeypatch.setattr(bcrypt, "checkpw", checking)
    monkeypatch.setattr(bcrypt, "hashpw", hashing)
    for who in (PHONE, Phone("13999999999")):
        work.update(checkpw=0, hashpw=0)
        assert await log_in(core, desk, "wrong", who=who) == LoginRefused()
        assert sum(work.values()) == 2**7, account.phone
    core.close()


async def test_the_waits_for_an_unknown_account_are_the_same(
    core: Core, desk: Desk, make_account: MakeAccount, clock: SetClock
) -> None:
    await make_account()
    waited = {}
    for phone in (PHONE, Phone("13999999999")):
        waited[phone] = [
            await waits(core, desk, who=phone, source=Source.telegram(GUESSER + int(phone.value) + number))
            for number in range(8)
        ]
    assert waited[PHONE] == waited[Phone("13999999999")] == [0, 0, 0, 0, 0, 15, 15, 15]


async def test_delays_double_from_the_fifth_failure_up_to_a_quarter_of_an_hour(
    core: Core, desk: Desk, make_account: MakeAccount, clock: SetClock
) -> None:
    await make_account()
    for _ in range(5):
        assert await waits(core, desk) == 0
    told = []
    for _ in range(9):
        told.append(await waits(core, desk))
        clock.advance(seconds=told[-1])
        assert await waits(core, desk) == 0
    assert told == [15, 30, 60, 120, 240, 480, 900, 900, 900]


async def test_a_day_without_failures_wipes_the_slate(core: Core, desk: Desk, clock: SetClock) -> None:
    for _ in range(5):
        await waits(core, desk)
    clock.advance(hours=24, seconds=1)
    assert [await waits(core, desk) for _ in range(6)] == [0, 0, 0, 0, 0, 15]


async def test_fifty_wrong_passwords_at_once_get_five_looks(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account()
    guesses = (log_in(core, desk, f"guess {n}", source=Source.telegram(GUESSER + n)) for n in range(50))
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(outcome == LoginRefused() for outcome in outcomes) == 5
    assert sum(isinstance(outcome, Throttled) for outcome in outcomes) == 45


async def test_one_telegram_user_who_tries_many_accounts_is_slowed_down(core: Core, desk: Desk) -> None:
    tries = [await waits(core, desk, who=Phone(f"1390000000{number}")) for number in range(6)]
    assert tries == [0, 0, 0, 0, 0, 15]


async def test_one_address_that_tries_many_accounts_is_slowed_down_later_for_many_may_share_it(
    core: Core, desk: Desk
) -> None:
    place = Source.http("203.0.113.7")
    tries = [await waits(core, desk, who=Phone(f"139000000{number}"), source=place) for number in range(10, 31)]
    assert tries == [0] * 20 + [15]
    assert await waits(core, desk, who=Phone("13900000099"), source=Source.http("203.0.113.8")) == 0


async def test_a_login_of_ones_own_between_guesses_buys_no_looks(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    """The guesser's own right password gives back its own count, not those of the guesses."""
    await make_account()
    own = Phone("13900000001")
    await make_account(own)
    for number in range(4):
        assert await waits(core, desk, who=Phone(f"1370000000{number}"), source=Source.telegram(GUESSER)) == 0
        assert isinstance(await log_in(core, desk, who=own, source=Source.telegram(GUESSER)), LoggedIn)
    assert await waits(core, desk, source=Source.telegram(GUESSER)) == 0
    assert await waits(core, desk, source=Source.telegram(GUESSER)) == 15


async def test_nobody_can_lock_the_owner_out(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account()
    await log_in(core, desk)
    for number in range(8):
        await waits(core, desk, source=Source.telegram(GUESSER + number))
    assert await waits(core, desk, source=Source.telegram(HAN)) > 0
    assert isinstance(await log_in(core, desk), LoggedIn)


async def test_a_success_forgets_the_failures_before(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account()
    for _ in range(3):
        for number in range(4):
            assert await waits(core, desk, source=Source.telegram(GUESSER + number)) == 0
        assert isinstance(await log_in(core, desk, source=Source.http("203.0.113.7")), LoggedIn)


async def test_a_suspended_account_is_told_only_after_the_right_password(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.suspend(uow, account.id)
    assert await log_in(core, desk, "wrong") == LoginRefused(suspended=False)
    assert await log_in(core, desk) == LoginRefused(suspended=True)
    async with desk.read() as uow:
        assert await core.sessions.of_people(uow, [LI]) == {}


async def test_an_account_suspended_while_the_password_was_compared_stays_out(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        attempt = await core.login.begin(
            uow, role=Role.PATIENT, identifier=PHONE, password=PASSWORD, source=Source.telegram(LI)
        )
    await attempt.verify()
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.suspend(uow, account.id)
    async with desk.write() as uow:
        assert await core.login.finish(uow, attempt) == LoginRefused(suspended=True)


async def test_a_password_changed_while_the_old_one_was_compared_wins(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    account = await make_account()
    async with desk.write() as uow:
        attempt = await core.login.begin(
            uow, role=Role.PATIENT, identifier=PHONE, password=PASSWORD, source=Source.telegram(LI)
        )
    await attempt.verify()
    hashed = await core.passwords.hash(Password.parse("quite another one"))
    async with desk.write(Channel.CLI) as uow:
        await core.accounts.reset_password(uow, account.id, hashed)
    async with desk.write() as uow:
        assert await core.login.finish(uow, attempt) == LoginRefused()


@pytest.mark.parametrize("what", ["reset", "suspend", "everywhere"])
async def test_a_login_that_is_being_opened_is_ended_by_what_ends_them_all(
    core: Core, desk: Desk, make_account: MakeAccount, what: str
) -> None:
    """TOKENS T25: whoever comes second waits, so that no login slips between."""
    account = await make_account()
    hashed = await core.passwords.hash(Password.parse("quite another one"))

    async def end() -> None:
        async with desk.write(Channel.CLI) as uow:
            if what == "reset":
                await core.accounts.reset_password(uow, account.id, hashed)
            elif what == "suspend":
                await core.accounts.suspend(uow, account.id)
            else:
                await core.sessions.end_all(uow, account, EndReason.LOGOUT_EVERYWHERE)

    async with desk.write(Channel.HTTP) as uow:
        attempt = await core.login.begin(
            uow, role=Role.PATIENT, identifier=PHONE, password=PASSWORD, source=Source.http("192.0.2.1")
        )
    await attempt.verify()
    async with desk.write(Channel.HTTP) as uow:
        outcome = await core.login.finish(uow, attempt)
        ending = asyncio.create_task(end())
        await asyncio.sleep(0.2)
        assert not ending.done()
    await ending
    assert isinstance(outcome, LoggedIn)
    assert outcome.issued is not None
    async with desk.read() as uow:
        with pytest.raises(Unauthenticated):
            await core.sessions.authenticate(uow, outcome.issued.access_token)


async def test_many_logins_of_one_account_from_one_place_all_get_in(
    settings: Settings, secrets: Secrets, desk: Desk, make_account: MakeAccount
) -> None:
    many = settings.model_copy(update={"login": Login(free_failures=100, free_failures_per_address=100)})
    core = Core(many, secrets)
    await make_account()
    place = Source.http("192.0.2.1")
    for _ in range(3):
        came = await asyncio.gather(
            *(log_in(core, desk, PASSWORD if n % 2 else "wrong", source=place) for n in range(16)),
        )
        assert [isinstance(one, LoggedIn) for one in came] == [bool(n % 2) for n in range(16)]
    core.close()


async def test_an_attempt_that_was_not_verified_logs_nobody_in(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    await make_account()
    async with desk.write() as uow:
        attempt = await core.login.begin(
            uow, role=Role.PATIENT, identifier=PHONE, password=PASSWORD, source=Source.telegram(LI)
        )
        assert await core.login.finish(uow, attempt) == LoginRefused()


async def test_the_phone_of_another_role_is_another_account(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account(role=Role.DOCTOR)
    assert await log_in(core, desk) == LoginRefused()
    assert isinstance(await log_in(core, desk, role=Role.DOCTOR), LoggedIn)


async def test_an_e_mail_logs_in_whatever_the_role_but_not_as_another(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    await make_account(role=Role.DOCTOR)
    async with desk.write() as uow:
        await uow.conn.execute(update(tables.accounts).values(email="me@example.com", email_folded="me@example.com"))
    email = Email.parse("ME@example.com")
    assert isinstance(await log_in(core, desk, who=email, role=None), LoggedIn)
    assert await log_in(core, desk, who=email, role=Role.PATIENT) == LoginRefused()


async def test_an_expert_cannot_log_in_anywhere(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account()
    async with desk.write() as uow:
        await uow.conn.execute(update(tables.accounts).values(role="expert"))
    assert await log_in(core, desk, role=Role.EXPERT) == LoginRefused()


async def test_the_other_chats_are_told_of_a_login_from_a_new_telegram_user(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    await make_account()
    await log_in(core, desk)
    assert await outbox(desk) == []
    await log_in(core, desk, source=Source.telegram(HAN))
    await log_in(core, desk, source=Source.telegram(HAN))
    assert await outbox(desk) == [(LI, "login_new_chat")]


async def test_the_owner_is_told_of_a_login_after_failures(core: Core, desk: Desk, make_account: MakeAccount) -> None:
    await make_account()
    await log_in(core, desk)
    for _ in range(3):
        await log_in(core, desk, "wrong", source=Source.http("203.0.113.7"))
    await log_in(core, desk, source=Source.http("203.0.113.7"))
    assert await outbox(desk) == [(LI, "login_after_failures")]


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
async def test_an_imported_hash_is_taken_once_and_upgraded(
    core: Core, desk: Desk, make_account: MakeAccount, prefix: bytes
) -> None:
    """Made over the raw UTF-8 cut to 72 bytes, as its maker did: these 25 Han characters are 75."""
    await make_account()
    password = "一二三四五六七八九十" * 2 + "甲乙丙丁戊"
    made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).replace(b"2b", prefix, 1).decode()
    async with desk.write() as uow:
        await uow.conn.execute(
            update(tables.accounts).values(password_hash=made, password_scheme="bcrypt", pepper_id=None)
        )
    assert isinstance(await log_in(core, desk, password), LoggedIn)
    async with desk.read() as uow:
        stored = (await uow.conn.execute(select(tables.accounts))).one()
    assert (stored.password_scheme, stored.password_hash != made) == ("bcrypt-sha384", True)
    assert isinstance(await log_in(core, desk, password), LoggedIn)
    assert await log_in(core, desk, password[:-1]) == LoginRefused()


async def test_after_a_rise_of_the_cost_the_right_password_is_hashed_anew_and_a_wrong_one_is_not(
    settings: Settings, secrets: Secrets, desk: Desk, make_account: MakeAccount
) -> None:
    await make_account()
    raised = Core(settings.model_copy(update={"passwords": Passwords(bcrypt_cost=5)}), secrets)
    for password, cost in (("wrong", "$2b$04$"), (PASSWORD, "$2b$05$"), (PASSWORD, "$2b$05$")):
        assert isinstance(await log_in(raised, desk, password), LoggedIn) is (password == PASSWORD)
        async with desk.read() as uow:
            stored = (await uow.conn.execute(select(tables.accounts.c.password_hash))).scalar_one()
        assert stored.startswith(cost)
    raised.close()


async def test_no_counter_can_be_read_back_to_a_phone(core: Core, desk: Desk) -> None:
    await waits(core, desk)
    async with desk.read() as uow:
        keys = (await uow.conn.execute(select(tables.counters.c.key))).scalars().all()
    assert len(keys) == 2
    assert all(len(key) == 64 and PHONE.value not in key and str(LI) not in key for key in keys)


async def test_a_try_that_nobody_could_look_at_does_not_count(
    core: Core, desk: Desk, make_account: MakeAccount
) -> None:
    await make_account()
    for _ in range(20):
        async with desk.write() as uow:
            attempt = await core.login.begin(
                uow, role=Role.PATIENT, identifier=PHONE, password=PASSWORD, source=Source.telegram(LI)
            )
        async with desk.write() as uow:
            await core.login.give_up(uow, attempt)
    assert isinstance(await log_in(core, desk), LoggedIn)
