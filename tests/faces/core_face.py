"""The core, asked as a face asks it."""

from typing import Any, ClassVar

from core.errors import AccountError, Busy, CoreError, Forbidden, InvalidValue, Throttled, Unauthenticated
from core.login import LoggedIn, Source
from core.profiles import PARSERS, Field
from core.sessions import Issued
from core.unit import Channel
from core.values import Age, Email, Password, PersonName, Phone, Role, Sex, Username
from tests.faces.face import FORBIDDEN, NO, OK, OUT, PASSWORD, PHONE, WAIT, Face, Login, Seen


class CoreFace(Face):
    """Tokens in, as over HTTP; without HTTP."""

    name: ClassVar[str] = "core"
    places = 0

    async def register(
        self, phone: str = PHONE, *, role: Role = Role.PATIENT, name: str = "王小明", password: str = PASSWORD
    ) -> str:
        try:
            to_be, who = Phone.parse(phone), PersonName.parse(name)
            hashed = await self.core.passwords.hash(Password.parse(password, own=(to_be.value, who.value)))
            async with self.desk.write(Channel.HTTP) as uow:
                await self.core.accounts.register_by_phone(
                    uow, role=role, phone=to_be, phone_verified=False, name=who, password_hash=hashed
                )
        except CoreError as error:
            return word(error)
        return OK

    async def register_by_email(
        self, username: str, email: str, *, password: str = PASSWORD, sex: str = "0", age: str = "24"
    ) -> str:
        try:
            fields: dict[str, Any] = {
                "username": Username.parse(username),
                "email": Email.parse(email),
                "sex": Sex.parse(sex),
                "age": Age.parse(age),
                "password_hash": await self.core.passwords.hash(Password.parse(password)),
            }
            async with self.desk.write(Channel.HTTP) as uow:
                await self.core.accounts.register_by_email(uow, **fields)
        except CoreError as error:
            return word(error)
        return OK

    async def try_login(self, identifier: str = PHONE, password: str = PASSWORD, *, role: Role = Role.PATIENT) -> Any:
        self.places += 1
        return await self._try(identifier, password, role, f"198.51.100.{self.places}")

    async def try_again(self, times: int, identifier: str, *, role: Role = Role.PATIENT) -> list[str]:
        return [await self._try(identifier, f"wrong password {n}", role, "203.0.113.1") for n in range(times)]

    async def see(self, login: Login, role: Role = Role.PATIENT) -> Seen | str:
        try:
            async with self.desk.read(Channel.HTTP) as uow:
                signed = await self.core.sessions.authenticate(uow, login)
                account = await self.core.accounts.me(uow, signed)
        except CoreError as error:
            return word(error)
        return Seen(account.name, account.phone, account.role)

    async def log_out(self, login: Login, role: Role = Role.PATIENT) -> str:
        try:
            async with self.desk.write(Channel.HTTP) as uow:
                await self.core.sessions.logout(uow, await self.core.sessions.authenticate(uow, login))
        except CoreError as error:
            return word(error)
        return OK

    async def change(self, login: Login, role: Role = Role.PATIENT, *, phone: str = PHONE, **fields: str | None) -> str:
        try:
            values = {
                Field(name): text if text is None else PARSERS[Field(name)](text) for name, text in fields.items()
            }
            async with self.desk.write(Channel.HTTP) as uow:
                signed = await self.core.sessions.authenticate(uow, login)
                await self.core.profiles.change(uow, signed, role, values)
                await self.core.profiles.check_own_phone(uow, signed, Phone.parse(phone))
        except CoreError as error:
            return word(error)
        return OK

    async def refresh(self, login: Login) -> Any:
        try:
            async with self.desk.write(Channel.HTTP) as uow:
                issued = await self.core.sessions.refresh(uow, login)
        except CoreError as error:
            return word(error)
        return issued.access_token if isinstance(issued, Issued) else OUT

    async def _try(self, identifier: str, password: str, role: Role, place: str) -> Any:
        try:
            who = Email.parse(identifier) if "@" in identifier else Phone.parse(identifier)
            async with self.desk.write(Channel.HTTP) as uow:
                attempt = await self.core.login.begin(
                    uow, role=role, identifier=who, password=password, source=Source.http(place)
                )
            await attempt.verify()
            async with self.desk.write(Channel.HTTP) as uow:
                outcome = await self.core.login.finish(uow, attempt)
        except CoreError as error:
            return word(error)
        if not isinstance(outcome, LoggedIn):
            return NO
        assert outcome.issued is not None
        return outcome.issued.access_token


def word(error: CoreError) -> str:
    """What scenarios call this error."""
    match error:
        case Throttled() | Busy():
            return WAIT
        case Unauthenticated():
            return OUT
        case Forbidden():
            return FORBIDDEN
        case InvalidValue():
            return f"bad {error.field}"
        case AccountError() if error.code.endswith(".taken"):
            return f"taken {error.field}"
    raise error
