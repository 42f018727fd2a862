"""Accounts and logins, done with in any order: who is logged in is whom a simple book of our own says.

`make fuzz-stories` tries longer. Waits for who has failed are left out here: they have stories.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pyotp
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from core.core import Core
from core.errors import AccountError, CoreError, Unauthenticated
from core.keys import KEY_NAMES, KeyRing, new_key_text
from core.login import CodeNeeded, LoggedIn, Source
from core.second_factors import Enrolment, SecondFactorCode
from core.sessions import Issued
from core.settings import Clinic, Login, Passwords, Secrets, Settings, Storage
from core.tokens import LIFE, WINDOW
from core.unit import Channel, UnitOfWork
from core.values import Password, PersonName, Phone, Role
from storage.database import Database
from tests.databases import copy_sqlite

T = TypeVar("T")
PHONES = tuple(Phone(f"1380013800{number}") for number in range(3))
PEOPLE = (7001, 7002, 7003)
WORDS = ("correct horse battery", "another long password")
IDLE = {Role.PATIENT: timedelta(days=14), Role.ADMIN: timedelta(hours=12)}
people = st.sampled_from(PEOPLE)
phones = st.sampled_from(PHONES)
most = st.sampled_from([True, True, True, True, False])


@dataclass(eq=False)
class Owner:
    """An account, as the book has it."""

    id: int
    role: Role
    phone: Phone
    password: str
    active: bool = True
    factor: Enrolment | None = None
    step: int = 0
    spent: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Entry:
    """A login. `person` None: over HTTP, by the newest of its tokens."""

    owner: Owner
    person: int | None
    session_id: str
    began: datetime
    used: datetime
    tokens: list[str] = field(default_factory=list)
    ended: bool = False

    def lives(self, now: datetime) -> bool:
        if self.ended or not self.owner.active:
            return False
        if self.person is None:
            return now < min(self.used + LIFE, self.began + WINDOW)
        return now < min(self.began + WINDOW, self.used + IDLE[self.owner.role])


@pytest.fixture(scope="module", autouse=True)
def template(sqlite_template: Path) -> None:
    """A machine is made by hypothesis, and asks for no fixture."""
    Logins.template = sqlite_template


class Logins(RuleBasedStateMachine):
    """People, an operator and the clock."""

    template: ClassVar[Path]
    entries = Bundle("entries")
    owners = Bundle("owners")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(prefix="logins-")
        self.database = Database(copy_sqlite(self.template, Path(self.folder.name) / "clinic.db"))
        self.core = Core(
            Settings(
                clinic=Clinic(name="仁和诊所", contact="010-12345678", privacy_url="https://clinic.example/privacy"),
                storage=Storage(photos_url=self.folder.name),
                passwords=Passwords(bcrypt_cost=4),
                login=Login(free_failures=100, free_failures_per_address=10_000, registrations_per_day=1000),
            ),
            Secrets(**{name: KeyRing.parse(new_key_text()) for name in KEY_NAMES}),
        )
        self.now = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
        self.book: list[Entry] = []
        self.accounts: list[Owner] = []
        self.hashes = {word: self.run(self.core.passwords.hash(Password.parse(word))) for word in WORDS}

    def run(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)

    def do(self, act: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        """One use case in one transaction."""

        async def done() -> Any:
            async with self.database.write() as conn:
                return await act(UnitOfWork(conn, self.now, Channel.BOT), *args, **kwargs)

        return self.run(done())

    def teardown(self) -> None:
        self.run(self.database.dispose())
        self.core.close()
        self.loop.close()
        self.folder.cleanup()

    @initialize(target=owners)
    def an_admin_with_a_second_factor(self) -> Any:
        admin = self.new_admin(PHONES[0], WORDS[0])
        self.second_factor(admin, away=False)
        return admin

    @rule(target=owners, phone=phones, word=st.sampled_from(WORDS))
    def new_admin(self, phone: Phone, word: str) -> Any:
        return self.made(Role.ADMIN, phone, word, self.core.accounts.create_admin, {})

    @rule(target=owners, phone=phones, word=st.sampled_from(WORDS))
    def register(self, phone: Phone, word: str) -> Any:
        how = {"role": Role.PATIENT, "phone_verified": False}
        return self.made(Role.PATIENT, phone, word, self.core.accounts.register_by_phone, how)

    def made(
        self, role: Role, phone: Phone, word: str, make: Callable[..., Awaitable[Any]], how: dict[str, Any]
    ) -> Any:
        taken = any((owner.role, owner.phone) == (role, phone) for owner in self.accounts)
        try:
            name = PersonName("王小明")
            account = self.do(make, phone=phone, name=name, password_hash=self.hashes[word], **how)
        except AccountError:
            assert taken
            return multiple()
        assert not taken
        self.accounts.append(Owner(account.id, role, phone, word))
        return self.accounts[-1]

    @rule(target=entries, owner=owners, right=most, person=people | st.none(), code=st.integers(0, 4))
    def log_in(self, owner: Owner, right: bool, person: int | None, code: int) -> Any:
        word = owner.password if right else "a wrong password"
        source = Source.http("203.0.113.7") if person is None else Source.telegram(person)
        attempt = self.do(self.core.login.begin, role=owner.role, identifier=owner.phone, password=word, source=source)
        self.run(attempt.verify())
        outcome = self.do(self.core.login.finish, attempt)
        holder = next((one for one in self.accounts if (one.role, one.phone) == (owner.role, owner.phone)), None)
        if holder is None:  # erased, and the phone is nobody's
            assert not isinstance(outcome, LoggedIn | CodeNeeded)
            return multiple()
        right = holder.active and word == holder.password
        if holder.factor and person is not None:
            assert isinstance(outcome, CodeNeeded) == right
            if not right:
                return multiple()
            outcome, right = self.code_given(holder, outcome, person, code)
        elif holder.factor:
            right = False  # HTTP has no field for a code
        assert isinstance(outcome, LoggedIn) == right
        return self.entered(holder, person, outcome) if right else multiple()

    def code_given(self, owner: Owner, needed: CodeNeeded, person: int, which: int) -> tuple[Any, bool]:
        """A code of now, of before, of a recovery, of nothing; and whether it is good by the book."""
        assert owner.factor
        totp = pyotp.TOTP(owner.factor.secret)
        step = totp.timecode(self.now) + {0: 0, 1: -1, 2: -5}.get(which, 0)
        typed = totp.generate_otp(step) if which < 3 else owner.factor.recovery_codes[which - 3]
        outcome = self.do(self.core.login_codes.finish, needed, SecondFactorCode(typed), person)
        good = typed not in owner.spent if which >= 3 else which != 2 and step > owner.step
        if good and which >= 3:
            owner.spent.add(typed)
        elif good:
            owner.step = step
        return outcome, good

    def entered(self, owner: Owner, person: int | None, outcome: LoggedIn) -> Entry:
        for entry in self.book:
            if person is not None and entry.person == person:
                entry.ended = True  # one living login a Telegram user
        issued = outcome.issued
        session_id = issued.session_id if issued else outcome.signed.session_id if outcome.signed else ""
        tokens = [issued.access_token] if issued else []
        self.book.append(Entry(owner, person, session_id, self.now, self.now, tokens))
        return self.book[-1]

    def signed(self, entry: Entry) -> Any:
        """Who they are, if they still are."""
        if entry.person is None:
            return self.do(self.core.sessions.authenticate, entry.tokens[-1])
        signed = self.do(self.core.sessions.of_people, [entry.person]).get(entry.person)
        if signed is None or signed.session_id != entry.session_id or signed.lapsed:
            raise Unauthenticated
        return signed

    def tried(self, entry: Entry, act: Callable[..., Awaitable[Any]], *args: Any) -> bool:
        """Something that only who is logged in may do; whether it was done."""
        try:
            self.do(act, self.signed(entry), *args)
        except Unauthenticated:
            assert not entry.lives(self.now)
            return False
        assert entry.lives(self.now)
        return True

    @rule(entry=entries)
    def refresh(self, entry: Entry) -> None:
        if entry.person is not None:
            return
        try:
            outcome = self.do(self.core.sessions.refresh, entry.tokens[-1])
        except Unauthenticated:
            assert not entry.lives(self.now)
            return
        assert entry.lives(self.now)
        assert isinstance(outcome, Issued)
        entry.tokens.append(outcome.access_token)
        entry.used = self.now

    @rule(entry=entries)
    def log_out(self, entry: Entry) -> None:
        if self.tried(entry, self.core.sessions.logout):
            entry.ended = True

    @rule(entry=entries)
    def log_out_everywhere(self, entry: Entry) -> None:
        if self.tried(entry, self.core.sessions.logout_everywhere):
            self.end_all(entry.owner)

    @rule(entry=entries, word=st.sampled_from(WORDS))
    def change_password(self, entry: Entry, word: str) -> None:
        if not self.tried(entry, self.core.password_changes.finish, self.hashes[word]):
            return
        self.end_all(entry.owner)
        entry.owner.password = word
        if entry.person is not None:  # where it was changed, a login begins anew
            signed = self.do(self.core.sessions.of_people, [entry.person])[entry.person]
            entry.session_id, entry.began, entry.used, entry.ended = signed.session_id, self.now, self.now, False

    @rule(owner=owners, active=st.booleans())
    def suspend_or_restore(self, owner: Owner, active: bool) -> None:
        act = self.core.accounts.restore if active else self.core.accounts.suspend
        last = owner.role is Role.ADMIN and self.active_admins() == [owner]
        allowed = owner in self.accounts and owner.active is not active and (active or not last)
        try:
            self.do(act, owner.id)
        except AccountError:
            assert not allowed
            return
        assert allowed
        owner.active = active
        if not active:
            self.end_all(owner)

    @rule(entry=entries)
    def erase(self, entry: Entry) -> None:
        last = entry.owner.role is Role.ADMIN and self.active_admins() == [entry.owner]
        try:
            if not self.tried(entry, self.core.erasing.erase):
                return
        except AccountError:
            assert last
            return
        assert not last
        self.accounts.remove(entry.owner)
        self.end_all(entry.owner)

    @rule(owner=owners, away=st.booleans())
    def second_factor(self, owner: Owner, away: bool) -> None:
        number = f"{'A' if owner.role is Role.ADMIN else 'P'}{owner.id}"
        factors = self.core.second_factors
        allowed = owner in self.accounts and owner.role is Role.ADMIN and (owner.factor is not None or not away)
        try:
            made = self.do(factors.remove if away else factors.set, number)
        except CoreError:
            assert not allowed
            return
        assert allowed
        owner.factor, owner.step, owner.spent = None if away else made, 0, set()
        self.end_all(owner)

    @rule(target=entries, owner=owners, person=people, code=st.sampled_from([0, 0, 1, 3]))
    def log_in_with_a_code(self, owner: Owner, person: int, code: int) -> Any:
        """Once more for who has a second factor: codes are tried again."""
        return self.log_in(owner, True, person, code) if owner.factor else multiple()

    @rule(seconds=st.sampled_from([1, 30, 30, 3599, 3601, 13 * 3600, 7 * 86400]))
    def later(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def end_all(self, owner: Owner) -> None:
        for entry in self.book:
            if entry.owner is owner:
                entry.ended = True

    def active_admins(self) -> list[Owner]:
        return [owner for owner in self.accounts if owner.role is Role.ADMIN and owner.active]

    @invariant()
    def who_is_logged_in_is_who_the_book_says(self) -> None:
        found = self.do(self.core.sessions.of_people, PEOPLE)
        living = {signed.session_id for signed in found.values() if not signed.lapsed}
        assert living == {entry.session_id for entry in self.book if entry.person and entry.lives(self.now)}

    @invariant()
    def a_token_lives_if_and_only_if_it_is_the_newest_of_a_living_login(self) -> None:
        for entry in self.book[-6:]:
            for token in entry.tokens:
                try:
                    signed = self.do(self.core.sessions.authenticate, token)
                except Unauthenticated:
                    assert not (entry.lives(self.now) and token == entry.tokens[-1])
                else:
                    assert signed.account_id == entry.owner.id
                    assert entry.lives(self.now)
                    assert token == entry.tokens[-1]


TestAnyLogins = pytest.mark.slow(Logins.TestCase)
TestAnyLogins.settings = settings(
    max_examples=int(os.environ.get("EXAMPLES", "25")),
    stateful_step_count=60,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
