"""The HTTP routes, called over real HTTP: every login comes from another address of the loopback network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import httpx

from core.core import Core
from core.values import Role
from storage.database import Database
from tests.api.conftest import bearer
from tests.conftest import SetClock
from tests.faces.face import FORBIDDEN, NO, OK, OUT, PASSWORD, PHONE, WAIT, Face, Login, Seen

_WIRE: Final = {"sex": "gender"}
_TAKEN: Final = "已经被使用"


class HttpFace(Face):
    """The routes that each role's document has."""

    name: ClassVar[str] = "http"

    def __init__(self, core: Core, database: Database, clock: SetClock, client: httpx.AsyncClient) -> None:
        super().__init__(core, database, clock)
        self.client = client
        self.places = 1

    async def register(
        self, phone: str = PHONE, *, role: Role = Role.PATIENT, name: str = "王小明", password: str = PASSWORD
    ) -> str:
        body = {"phone": phone, "password": password, "name": name}
        return word(await self.client.post(f"/{role}/register", json=body))

    async def register_by_email(
        self, username: str, email: str, *, password: str = PASSWORD, sex: str = "0", age: str = "24"
    ) -> str:
        body = {"username": username, "email": email, "password": password, "sex": int(sex), "age": int(age)}
        return word(await self.client.post("/api/auth/register", json=body))

    async def try_login(self, identifier: str = PHONE, password: str = PASSWORD, *, role: Role = Role.PATIENT) -> Any:
        async with self._elsewhere() as client:
            return await self._try(client, identifier, password, role)

    async def try_again(self, times: int, identifier: str, *, role: Role = Role.PATIENT) -> list[str]:
        async with self._elsewhere() as client:
            return [await self._try(client, identifier, f"wrong password {n}", role) for n in range(times)]

    async def see(self, login: Login, role: Role = Role.PATIENT) -> Seen | str:
        answer = await self.client.post("/api/auth/me", headers=bearer(login))
        if answer.status_code != 200:
            return word(answer)
        me = answer.json()
        roles = {0: Role.DOCTOR, 1: Role.PATIENT, 3: Role.ADMIN}
        return Seen(me["username"], me["mobile"], roles[me["type"]])

    async def log_out(self, login: Login, role: Role = Role.PATIENT) -> str:
        return word(await self.client.post("/api/auth/logout", headers=bearer(login)))

    async def change(self, login: Login, role: Role = Role.PATIENT, *, phone: str = PHONE, **fields: str | None) -> str:
        wire = {_WIRE.get(name, name): value for name, value in fields.items()}
        body = {"phone": phone, "name": "王小明", **wire}
        return word(await self.client.patch(f"/{role}/{role}_manage", headers=bearer(login), json=body))

    async def refresh(self, login: Login) -> Any:
        answer = await self.client.post("/api/auth/refresh", headers=bearer(login))
        return answer.json()["access_token"] if answer.status_code == 200 else word(answer)

    async def _try(self, client: httpx.AsyncClient, identifier: str, password: str, role: Role) -> Any:
        if "@" in identifier:
            answer = await client.post("/api/auth/login", json={"email": identifier, "password": password})
            return answer.json()["access_token"] if answer.status_code == 200 else word(answer)
        answer = await client.post(f"/{role}/login", json={"phone": identifier, "password": password})
        return answer.json()["data"]["token"] if answer.status_code == 200 else word(answer)

    @asynccontextmanager
    async def _elsewhere(self) -> AsyncIterator[httpx.AsyncClient]:
        self.places += 1
        transport = httpx.AsyncHTTPTransport(local_address=f"127.0.{self.places // 256}.{self.places % 256}")
        async with httpx.AsyncClient(transport=transport, base_url=self.client.base_url, timeout=20) as client:
            yield client


def word(answer: httpx.Response) -> str:
    """What scenarios call this answer."""
    body = answer.json()
    says = body.get("message") or body.get("msg")
    match answer.status_code:
        case 200:
            return OK
        case 401:
            return NO if says == "登录验证失败" else OUT
        case 403:
            return FORBIDDEN
        case 409:
            return "taken phone" if "手机号" in says else "taken internal_id"
        case 422:
            errors = body.get("errors") or body["data"]["errors"]
            field, (text, *_) = next(iter(errors.items()))
            return f"{'taken' if _TAKEN in text else 'bad'} {field}"
        case 429:
            return WAIT
    raise AssertionError(f"{answer.status_code} {answer.text}")
