"""One way in for people, as scenarios see it: the core itself, the HTTP routes, or the bot.

What comes of an act is a short word, the same on every face: OK, `bad phone` (that input is not taken), `taken phone`,
NO (not logged in), WAIT (too many tries), OUT (whoever asks is not logged in, or no longer), FORBIDDEN.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from core.account import Account
from core.core import Core
from core.sessions import EndReason
from core.unit import Channel
from core.values import Password, Role
from storage import accounts as account_store
from storage.database import Database
from tests.conftest import Desk, SetClock

PHONE: Final = "13812345678"
PASSWORD: Final = "correct horse battery"
OK, NO, WAIT, OUT, FORBIDDEN = "ok", "no", "wait", "out", "forbidden"


@dataclass(frozen=True)
class Seen:
    """What a person sees of their account. On the HTTP face each document shows a part; what it leaves out is None."""

    name: str
    phone: str | None
    role: str | None


Login = Any
"""A login as its face holds it: a token, or a chat."""


class Face(ABC):
    """What people can do on every face, and what scenarios need of the clinic behind it."""

    name: ClassVar[str]

    def __init__(self, core: Core, database: Database, clock: SetClock) -> None:
        self.core = core
        self.database = database
        self.clock = clock
        self.desk = Desk(database, clock)

    @abstractmethod
    async def register(
        self, phone: str = PHONE, *, role: Role = Role.PATIENT, name: str = "王小明", password: str = PASSWORD
    ) -> str:
        """Registers by phone; what came of it."""

    @abstractmethod
    async def register_by_email(
        self, username: str, email: str, *, password: str = PASSWORD, sex: str = "0", age: str = "24"
    ) -> str:
        """Registers a doctor by e-mail; what came of it."""

    @abstractmethod
    async def try_login(self, identifier: str = PHONE, password: str = PASSWORD, *, role: Role = Role.PATIENT) -> Any:
        """A login, or the word for why not. Each from a place of its own; an e-mail logs in where it has an @."""

    @abstractmethod
    async def try_again(self, times: int, identifier: str, *, role: Role = Role.PATIENT) -> list[str]:
        """So many wrong passwords from one place, one after another; what came of each."""

    @abstractmethod
    async def see(self, login: Login, role: Role = Role.PATIENT) -> Seen | str:
        """What this login sees of its account, or the word for why nothing."""

    @abstractmethod
    async def log_out(self, login: Login, role: Role = Role.PATIENT) -> str:
        """Ends this login."""

    async def change(self, login: Login, role: Role = Role.PATIENT, *, phone: str = PHONE, **fields: str | None) -> str:
        """Writes fields of one's own record, by their internal names, beside the phone. Only where that can be done."""
        raise NotImplementedError

    async def refresh(self, login: Login) -> Any:
        """A new token for an old one, or the word for why not. Only where there are tokens."""
        raise NotImplementedError

    async def log_in(self, identifier: str = PHONE, password: str = PASSWORD, *, role: Role = Role.PATIENT) -> Login:
        """A login that must succeed."""
        login = await self.try_login(identifier, password, role=role)
        assert not isinstance(login, str) or login.count(".") == 2, login
        return login

    async def newcomer(self, phone: str = PHONE, *, role: Role = Role.PATIENT) -> Login:
        """Somebody who has just registered and logged in."""
        assert await self.register(phone, role=role) == OK
        return await self.log_in(phone, role=role)

    async def account(self, phone: str = PHONE, role: Role = Role.PATIENT) -> Account | None:
        """What lies in the database under a phone."""
        async with self.desk.read() as uow:
            row = await account_store.by_phone(uow.conn, role, phone)
            return self.core.accounts.of_row(uow, row) if row else None

    async def suspend(self, phone: str = PHONE, role: Role = Role.PATIENT) -> None:
        """The operator suspends an account on the machine."""
        account = await self.account(phone, role)
        assert account is not None
        async with self.desk.write(Channel.CLI) as uow:
            await self.core.accounts.suspend(uow, account.id)

    async def restore(self, phone: str = PHONE, role: Role = Role.PATIENT) -> None:
        """The operator lets an account in again."""
        account = await self.account(phone, role)
        assert account is not None
        async with self.desk.write(Channel.CLI) as uow:
            await self.core.accounts.restore(uow, account.id)

    async def reset_password(self, password: str, phone: str = PHONE, role: Role = Role.PATIENT) -> None:
        """The operator sets a new password on the machine."""
        account = await self.account(phone, role)
        assert account is not None
        hashed = await self.core.passwords.hash(Password.parse(password))
        async with self.desk.write(Channel.CLI) as uow:
            await self.core.accounts.reset_password(uow, account.id, hashed)

    async def erase(self, phone: str = PHONE, role: Role = Role.PATIENT) -> None:
        """The owner erases the account, from a chat where they are logged in."""
        account = await self.account(phone, role)
        assert account is not None
        async with self.desk.write() as uow:
            signed = await self.core.sessions.open_in_bot(uow, account, 700_000_000_777)
            await self.core.erasing.erase(uow, signed)

    async def end_everywhere(self, phone: str = PHONE, role: Role = Role.PATIENT) -> None:
        """The owner logs out everywhere."""
        account = await self.account(phone, role)
        assert account is not None
        async with self.desk.write() as uow:
            await self.core.sessions.end_all(uow, account, EndReason.LOGOUT_EVERYWHERE)
