"""The HTTP face over real HTTP: a server on a port of its own, and people who call it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import pytest

from api.app import create_app
from api.serving import listen, server_of
from core.core import Core
from core.settings import Api, Passwords, Settings
from core.unit import Clock
from storage.database import Database
from tests.conftest import SetClock

PASSWORD = "12345678"
PHONE = "13812345678"
EMAIL = "me@example.com"


@dataclass(frozen=True)
class Http:
    """A running server and a client of it, with what people do first."""

    client: httpx.AsyncClient
    core: Core

    async def register(self, role: str = "patient", phone: str = PHONE, name: str = "张三") -> None:
        """Registers by phone."""
        answer = await self.client.post(f"/{role}/register", json={"phone": phone, "password": PASSWORD, "name": name})
        assert answer.status_code == 200, answer.text

    async def log_in(self, role: str = "patient", phone: str = PHONE, password: str = PASSWORD) -> dict[str, str]:
        """Logs in by phone; gives the header for what follows."""
        answer = await self.client.post(f"/{role}/login", json={"phone": phone, "password": password})
        assert answer.status_code == 200, answer.text
        return bearer(answer.json()["data"]["token"])

    async def patient(self, phone: str = PHONE, name: str = "张三") -> dict[str, str]:
        """A new patient who is logged in."""
        await self.register("patient", phone, name)
        return await self.log_in("patient", phone)

    async def doctor(self, phone: str = PHONE, name: str = "王某某") -> dict[str, str]:
        """A new doctor who is logged in by phone."""
        await self.register("doctor", phone, name)
        return await self.log_in("doctor", phone)

    async def doctor_by_email(self, email: str = EMAIL, username: str = "demo") -> dict[str, str]:
        """A new doctor who is logged in by e-mail."""
        person = {"username": username, "password": PASSWORD, "email": email, "sex": 0, "age": 24}
        answer = await self.client.post("/api/auth/register", json=person)
        assert answer.status_code == 200, answer.text
        answer = await self.client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return bearer(answer.json()["access_token"])


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


class Serve(Protocol):
    """Starts a server with settings of its own; the rest is as the documents' examples need it."""

    def __call__(self, api: Api | None = None, *, clock: Clock = ..., **sections: Any) -> Coroutine[Any, Any, Http]: ...


@pytest.fixture
async def serve(settings: Settings, secrets: Any, database: Database, clock: SetClock) -> AsyncIterator[Serve]:
    """Starts servers on one database; all have stopped when the test ends. No rate limit unless one is given."""
    async with AsyncExitStack() as stack:

        async def start(api: Api | None = None, *, clock: Clock = clock, **sections: Any) -> Http:
            passwords = Passwords(bcrypt_cost=4, reject_common=False)
            changed = settings.model_copy(
                update={"api": api or Api(rate_per_minute=0), "passwords": passwords, **sections}
            )
            core = Core(changed, secrets)
            stack.callback(core.close)
            return await stack.enter_async_context(served(core, database, clock))

        yield start


@pytest.fixture
async def http(serve: Serve) -> Http:
    """A server without a rate limit."""
    return await serve()


@asynccontextmanager
async def served(core: Core, database: Database, clock: Clock) -> AsyncIterator[Http]:
    """A server over this core and database, for the length of a block."""
    server = server_of(create_app(core, database, clock), core.settings.api)
    with listen(core.settings.api.model_copy(update={"port": 0})) as listening:
        port = listening.getsockname()[1]
        running = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0)
        url = f"http://127.0.0.1:{port}"
        # No TLS here, and reading the certificates for it would take each test 20 ms.
        async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False, verify=False) as client:
            yield Http(client, core)
        # How it stops by itself is tested elsewhere, and takes a quarter of a second: too long for each of many tests.
        await asyncio.gather(*server.server_state.tasks, return_exceptions=True)
        running.cancel()
        await asyncio.wait([running])
        for accepting in server.servers:
            accepting.close()
