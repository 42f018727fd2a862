"""What must be there before an example can be sent: accounts, logins, hospital 3; and how an example is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from sqlalchemy import insert, select

from storage.database import Database
from storage.tables import accounts as tables
from storage.tables.profiles import hospitals, profiles
from tests.contract import s0, s1, s2
from tests.contract.facts import Json, Operation

PASSWORD: Final = "12345678"
PATIENT_PHONE: Final[str] = (s1.MANAGE.body or {})["phone"]
DOCTOR_PHONE: Final[str] = (s2.MANAGE.body or {})["phone"]
AVATAR: Final = "https://example.com/avatars/u001.jpg"
OPERATIONS: Final = (*s0.OPERATIONS, *s1.OPERATIONS, *s2.OPERATIONS)
PROTECTED: Final = tuple(one for one in OPERATIONS if one.who != "anyone")


def real_body(operation: Operation) -> dict[str, Json]:
    """The printed body with real values where only `"string"` is printed."""
    phone = PATIENT_PHONE if operation.document == "S1" else DOCTOR_PHONE
    values = {"phone": phone, "password": PASSWORD, "name": "张三"}
    return {name: values[name] if value == "string" else value for name, value in (operation.body or {}).items()}


def named(answer: httpx.Response) -> set[str]:
    """The fields that a 422 names; empty for any other answer."""
    if answer.status_code != 422:
        return set()
    body = answer.json()
    errors = body["errors"] if "errors" in body else body["data"]["errors"]
    assert all(texts and all(isinstance(text, str) and text for text in texts) for texts in errors.values())
    return set(errors)


@dataclass(frozen=True)
class Stage:
    """A server with a database behind it."""

    client: httpx.AsyncClient
    database: Database

    async def send(self, operation: Operation, body: Json = None, token: str | None = None) -> httpx.Response:
        """Sends an operation with its printed headers; bytes as they are, no body where `body` is None."""
        headers = operation.printed_headers
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return await self.client.request(operation.method, operation.path, headers=headers, content=body)

    async def register(self, operation: Operation, **values: Json) -> None:
        """Makes an account by one of the three register operations."""
        answer = await self.send(operation, real_body(operation) | values)
        assert answer.status_code == 200, answer.text

    async def log_in(self, operation: Operation, **values: Json) -> str:
        """A token, by one of the three login operations."""
        answer = await self.send(operation, real_body(operation) | values)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return str(body["access_token"] if "access_token" in body else body["data"]["token"])

    async def patient(self, phone: str = PATIENT_PHONE) -> str:
        """A patient's token."""
        await self.register(s1.REGISTER, phone=phone)
        return await self.log_in(s1.LOGIN, phone=phone)

    async def doctor(self, phone: str = DOCTOR_PHONE) -> str:
        """A token of a doctor registered as S2 has it."""
        await self.register(s2.REGISTER, phone=phone)
        return await self.log_in(s2.LOGIN, phone=phone)

    async def doctor_by_email(self, **values: Json) -> str:
        """A token of the doctor that S0's example of `me` shows."""
        values = {"username": "example", "email": "me@example.com", "age": 0} | values
        await self.register(s0.REGISTER, **values)
        return await self.log_in(s0.LOGIN, email=values["email"])

    async def hospital(self, number: int = 3) -> None:
        """A hospital that a doctor can choose."""
        async with self.database.write() as conn:
            await conn.execute(insert(hospitals).values(id=number, name="第三医院"))

    async def ready_for(self, operation: Operation) -> str | None:
        """Makes what the operation needs to succeed; its token where a login is needed."""
        match operation:
            case s0.LOGIN:
                await self.register(s0.REGISTER, email=real_body(s0.LOGIN)["email"])
            case s1.LOGIN:
                await self.register(s1.REGISTER)
            case s2.LOGIN:
                await self.register(s2.REGISTER)
            case s2.MANAGE:
                await self.hospital()
            case _:
                pass
        return await self.token_for(operation)

    async def filled(self, operation: Operation) -> str | None:
        """Ready for the operation; where it writes a record, the record holds the printed example."""
        token = await self.ready_for(operation)
        if operation.method == "PATCH":
            answer = await self.send(operation, real_body(operation), token)
            assert answer.status_code == 200, answer.text
        return token

    async def token_for(self, operation: Operation) -> str | None:
        """The login of whom the operation is for."""
        if operation.who == "anyone":
            return None
        if operation.who == "patient":
            return await self.patient()
        return await (self.doctor_by_email() if operation.document == "S0" else self.doctor())

    async def tell_all(self, token: str) -> None:
        """Fills a patient's profile: the printed example, and an avatar."""
        answer = await self.send(s1.MANAGE, real_body(s1.MANAGE) | {"avatar_url": AVATAR}, token)
        assert answer.status_code == 200, answer.text

    async def profile(self, token: str) -> Mapping[str, Any]:
        """A patient's profile as they read it."""
        answer = await self.send(s1.PROFILE, token=token)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    async def kept(self) -> list[list[tuple[Any, ...]]]:
        """All that is kept of people: to see that a refusal changed nothing."""
        async with self.database.read() as conn:
            return [
                [tuple(row) for row in await conn.execute(select(table).order_by(*table.primary_key))]
                for table in (tables.accounts, profiles, tables.consents)
            ]
