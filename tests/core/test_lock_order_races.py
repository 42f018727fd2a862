"""Two acts on one account, one of them cut at any of its statements: neither may wait for the other in a circle.

PostgreSQL's alone: SQLite has one writer. Nothing is committed, so that each pair begins with the same clinic.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import event, text
from sqlalchemy.util.concurrency import await_only

from core.consents import ConsentKind
from core.core import Core
from core.errors import CoreError
from core.login import Source
from core.profiles import PARSERS, Field
from core.sessions import Issued
from core.unit import Channel, UnitOfWork
from core.values import Password, Phone, Role
from storage.database import Database
from tests.conftest import Desk, SetClock, new_database
from tests.core.conftest import PASSWORD
from tests.core.review_people import RETRY, Clinic

Act = Callable[[UnitOfWork], Awaitable[object]]

HOME, ELSEWHERE, NEW = 7001, 9101, 9102
"""Telegram users: the doctor's first login, their other one, and one who logs in only now."""
NAMES: Final = (
    "erase",
    "change the phone",
    "have a new phone confirmed",
    "change the password",
    "suspend",
    "suspend the admin",
    "erase the admin",
    "change the profile",
    "end the other login",
    "end the login over HTTP",
    "log out",
    "log out everywhere",
    "use a stolen token",
    "log in",
    "ask for a password",
    "deliver the export",
    "give the export up",
    "give consent",
    "refuse the certificate",
)


@dataclass
class Cut:
    """Where an act is stopped: before its statement of this number, until it may go on."""

    before: int | None = None
    statements: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def pass_by(self, statement: str) -> None:
        """Waits here, inside of SQLAlchemy, if this is where."""
        self.statements.append(statement)
        if len(self.statements) - 1 == self.before:
            self.reached.set()
            await_only(self.go_on.wait())

    def places(self) -> list[int]:
        """Where it holds a lock already and is about to ask for another."""
        locking = [number for number, statement in enumerate(self.statements) if _locks(statement)]
        return locking[1:]


_WAITING: Final = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
CUT: Final[ContextVar[Cut | None]] = ContextVar("cut", default=None)


@pytest.fixture(params=["postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield from new_database(request, tmp_path)


@dataclass
class Pairs:
    """Carries acts out side by side and takes all back."""

    database: Database
    desk: Desk

    async def alone(self, act: Act) -> Cut:
        """What an act does when nobody is in its way."""
        cut = Cut()
        assert await self._tried(act, cut) == "done"
        return cut

    async def cut(self, first: Act, where: int, second: Act) -> list[str]:
        """What became of both, when the first was cut there until the second was done or waited for it."""
        cut = Cut(where)
        one = asyncio.create_task(self._tried(first, cut))
        async with asyncio.timeout(10):
            await cut.reached.wait()
        two = asyncio.create_task(self._tried(second, Cut()))
        while not two.done() and not await self._somebody_waits():
            await asyncio.wait([two], timeout=0.003)
        cut.go_on.set()
        return [await one, await two]

    async def _tried(self, act: Act, cut: Cut) -> str:
        async with self.desk.read() as uow:  # which is rolled back
            await uow.conn.execute(text("SET LOCAL deadlock_timeout = '5ms'"))
            CUT.set(cut)
            try:
                await act(uow)
            except CoreError as refused:
                return f"refused: {refused.code}"
            except Exception as error:
                return str(error.__cause__ or error)
            finally:
                CUT.set(None)
        return "done"

    async def _somebody_waits(self) -> bool:
        async with self.database.read() as conn:
            return bool(await conn.scalar(text(_WAITING)))


@pytest.fixture
async def pairs(database: Database, desk: Desk) -> AsyncIterator[Pairs]:
    engine = database._engine.sync_engine

    def pass_by(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        cut = CUT.get()
        if cut is not None:
            cut.pass_by(statement)

    event.listen(engine, "before_cursor_execute", pass_by)
    yield Pairs(database, desk)
    event.remove(engine, "before_cursor_execute", pass_by)


@pytest.fixture
async def acts(clinic: Clinic, core: Core, desk: Desk, clock: SetClock) -> dict[str, Act]:
    """All that goes on around one doctor, ready to be done: their own acts, what admins do, what others begin."""
    doctor = await clinic.doctor()
    assert doctor.telegram_user_id == HOME
    account = await clinic.do(core.accounts.get, doctor.account_id)
    elsewhere = await clinic.do(core.sessions.open_in_bot, account, ELSEWHERE)
    async with desk.write(Channel.HTTP) as uow:
        stolen = (await core.sessions.open_over_http(uow, account)).access_token
        fresh = await core.sessions.refresh(uow, stolen)
        assert isinstance(fresh, Issued)
        web = await core.sessions.authenticate(uow, fresh.access_token)
    reviewer, colleague = await clinic.admin(), await clinic.admin()
    number = await clinic.send(doctor)
    await clinic.open(reviewer, number)
    asked = await clinic.do(core.recovery.ask_for_phone, elsewhere, Phone("13700000001"))
    request = await clinic.do(core.confirmations.look, colleague, asked)
    assert request is not None
    await clinic.do(core.exports.ask, doctor)
    (job,) = await clinic.do(core.exports.claim, "worker", 1)
    phone = Phone(str(account.phone))
    clock.advance(minutes=1)  # a token that was used up a while ago is stolen
    source = Source.telegram(NEW)
    attempt = await clinic.do(core.login.begin, role=Role.DOCTOR, identifier=phone, password=PASSWORD, source=source)
    await attempt.verify()
    password = await core.passwords.hash(Password.parse("another good battery"))
    profile = {Field.NAME: PARSERS[Field.NAME]("王大明"), Field.SCHOOL: PARSERS[Field.SCHOOL]("协和")}
    found: list[Act] = [
        lambda uow: core.erasing.erase(uow, doctor),
        lambda uow: core.phone_changes.by_contact(uow, doctor, Phone("13700000002")),
        lambda uow: core.confirmations.confirm(uow, colleague, request.id, seen_phone=account.phone),
        lambda uow: core.password_changes.finish(uow, doctor, password),
        lambda uow: core.accounts.suspend(uow, doctor.account_id, by=colleague),
        lambda uow: core.accounts.suspend(uow, reviewer.account_id, by=colleague),
        lambda uow: core.erasing.erase(uow, reviewer),
        lambda uow: core.profiles.change(uow, doctor, Role.DOCTOR, profile),
        lambda uow: core.sessions.end_one(uow, doctor, elsewhere.session_id),
        lambda uow: core.sessions.end_one(uow, doctor, web.session_id),
        lambda uow: core.sessions.logout(uow, elsewhere),
        lambda uow: core.sessions.logout_everywhere(uow, elsewhere),
        lambda uow: core.sessions.refresh(uow, stolen),
        lambda uow: core.login.finish(uow, attempt),
        lambda uow: core.recovery.ask(uow, ELSEWHERE, Role.DOCTOR, phone, own_contact=False),
        lambda uow: core.exports.delivered(uow, job, "worker", 77),
        lambda uow: core.exports.fail(uow, job, "worker"),
        lambda uow: core.consents.give(uow, doctor.account_id, ConsentKind.HEALTH),
        lambda uow: core.reviews.refuse(uow, reviewer, number, RETRY),
    ]
    return dict(zip(NAMES, found, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
async def test_wherever_it_is_cut_nobody_waits_in_a_circle(pairs: Pairs, acts: dict[str, Act], name: str) -> None:
    first = acts[name]
    places = (await pairs.alone(first)).places()
    for other, second in acts.items():
        for where in places:
            ended = await pairs.cut(first, where, second)
            fair = all(how == "done" or how.startswith("refused") for how in ended)
            assert fair, f"{name}, cut at {where}, and {other}: {ended}"


def _locks(statement: str) -> bool:
    return not statement.startswith("SELECT") or " FOR " in statement
