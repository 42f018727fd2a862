"""The calls that are measured, as a client makes them, and whether each answer was right."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import aiohttp
import orjson

from benchmarks.http.people import PASSWORD, email

Kind = Literal["ours", "peer", "trivial"]


@dataclass(slots=True)
class Person:
    """Somebody logged in, from a sample of all accounts."""

    number: int
    token: str


@dataclass(frozen=True, slots=True)
class Client:
    """One connection's worth of calls to a server with `size` accounts."""

    session: aiohttp.ClientSession
    url: str
    size: int

    async def call(self, method: str, path: str, *, token: str = "", **body: Any) -> Any:
        """The answer's JSON. Raises ClientError for any status but success."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.session.request(method, self.url + path, headers=headers, **body) as response:
            response.raise_for_status()
            return orjson.loads(await response.read())


Call = Callable[[Client, Person], Awaitable[bool]]


async def _login(client: Client, _: Person) -> bool:
    person = {"email": email(random.randint(1, client.size)), "password": PASSWORD}
    return bool((await client.call("POST", "/api/auth/login", json=person))["access_token"])


async def _refresh(client: Client, person: Person) -> bool:
    former = person.token
    person.token = (await client.call("POST", "/api/auth/refresh", token=former))["access_token"]
    return person.token != former


async def _me(client: Client, person: Person) -> bool:
    answer = await client.call("POST", "/api/auth/me", token=person.token)
    return bool(answer["email"] == email(person.number))


async def _patient(client: Client, person: Person) -> bool:
    answer = await client.call("GET", "/patient", token=person.token)
    return answer["code"] == 0 and int(answer["data"]["phone"]) % 100_000_000 == person.number


async def _login_of_peer(client: Client, _: Person) -> bool:
    person = {"username": email(random.randint(1, client.size)), "password": PASSWORD}
    return bool((await client.call("POST", "/auth/jwt/login", data=person))["access_token"])


async def _me_of_peer(client: Client, person: Person) -> bool:
    answer = await client.call("GET", "/users/me", token=person.token)
    return bool(answer["email"] == email(person.number))


async def _anything(client: Client, person: Person) -> bool:
    return bool(await client.call("POST", "/", token=person.token))


CALLS: Final[Mapping[Kind, Mapping[str, Call]]] = {
    "ours": {"me": _me, "patient": _patient, "refresh": _refresh, "login": _login},
    "peer": {"me": _me_of_peer, "login": _login_of_peer},
    "trivial": {"anything": _anything},
}
