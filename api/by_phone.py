"""What S1 and S2 have in common: accounts that log in by phone (CONTRACT.md 2.9-2.11, 2.14-2.16)."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from api import texts
from api.answers import Codes, Envelope, Responses, envelope, success
from api.edge import Call, Edge
from api.login import log_in
from api.values import Body, GivenPassword, NameText, PasswordText, PhoneText
from core.login import Source
from core.profiles import Field
from core.values import Role, Sex

GENDERS: Final = {Sex.MALE: "male", Sex.FEMALE: "female", Sex.UNDISCLOSED: None}


class PhoneCredentials(Body):
    """A phone and its password."""

    phone: PhoneText
    password: GivenPassword


class PhoneRegistration(Body):
    """A new account."""

    phone: PhoneText
    password: PasswordText
    name: NameText


class LoginData(BaseModel):
    """Who is logged in, and the token."""

    id: int
    name: str
    role: str
    token: str


def log_in_answers(role: Role, name: str) -> Responses:
    """What the logins of S1 and S2 can answer; in the example to somebody of this name."""
    data = {"id": 2, "name": name, "role": role.value, "token": "eyJ…"}
    return {
        **success({"code": 0, "data": data, "msg": texts.LOGGED_IN}),
        **envelope(401, codes={422: "phone.wrong_format"}, login=True),
    }


def register_answers() -> Responses:
    """What the registrations of S1 and S2 can answer."""
    return done_answers(texts.REGISTERED, codes={409: "phone.taken", 422: "password.too_short"})


def done_answers(text: str, *refusals: int, codes: Codes = MappingProxyType({})) -> Responses:
    """What a route can answer whose success is a sentence."""
    return {**success({"code": 0, "data": None, "msg": text}), **envelope(*refusals, codes=codes)}


async def log_in_by_phone(edge: Edge, source: Source, role: Role, given: PhoneCredentials) -> Envelope[LoginData]:
    """Logs an account of this role in (CONTRACT.md 2.9, 2.14)."""
    done = await log_in(edge, source, role=role, identifier=given.phone, password=given.password)
    assert done.issued
    account = done.account
    data = LoginData(id=account.id, name=account.name, role=account.role.value, token=done.issued.access_token)
    return Envelope(data=data, msg=texts.LOGGED_IN)


async def register_by_phone(edge: Edge, role: Role, given: PhoneRegistration) -> Envelope[None]:
    """Makes an account of this role; its phone is unverified (CONTRACT.md 2.10, 2.16)."""
    hashed = await edge.core.passwords.hash(replace(given.password, own=(given.phone.value, given.name.value)))
    async with edge.write() as uow:
        await edge.core.accounts.register_by_phone(
            uow, role=role, phone=given.phone, phone_verified=False, name=given.name, password_hash=hashed
        )
    return Envelope(data=None, msg=texts.REGISTERED)


async def log_out(call: Call) -> Envelope[None]:
    """Ends this login (CONTRACT.md 2.11, 2.15)."""
    await call.core.sessions.logout(call.uow, call.signed)
    return Envelope(data=None, msg=texts.LOGGED_OUT)


class Changes(Body):
    """New values; a key that is not sent leaves its field as it is, null erases it (CONTRACT.md 3.6)."""

    phone: PhoneText | None  # null where the account has none: it is never changed here
    name: NameText

    def by_field(self) -> dict[Field, Any]:
        """What was sent, by the core's names."""
        sent = self.model_fields_set - {"phone"}
        return {Field.SEX if name == "gender" else Field(name): getattr(self, name) for name in sent}


async def change(call: Call, role: Role, changes: Changes) -> Envelope[None]:
    """Writes them to who is asking. The phone must be theirs: it changes elsewhere (CONTRACT.md 2.12, 2.17, 3.5)."""
    await call.core.profiles.check_own_phone(call.uow, call.signed, changes.phone)
    await call.core.profiles.change(call.uow, call.signed, role, changes.by_field())
    return Envelope(data=None, msg=texts.CHANGED)
