"""What every route is given: the core, its transactions, and who is asking (TOKENS T10, SECURITY.md Authorisation)."""

import ipaddress
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from starlette.types import Scope

from core.core import Core
from core.errors import Unauthenticated
from core.permissions import Permission, require
from core.sessions import TOUCH_EVERY, Signed
from core.unit import Channel, Clock, UnitOfWork
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Edge:
    """The core and the transactions of the HTTP face."""

    core: Core
    database: Database
    clock: Clock

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """One reading transaction."""
        async with self.database.read() as conn:
            yield UnitOfWork(conn, self.clock(), Channel.HTTP)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[UnitOfWork]:
        """One writing transaction: committed at exit, rolled back when the body raises."""
        async with self.database.write() as conn:
            yield UnitOfWork(conn, self.clock(), Channel.HTTP)

    async def signed_in(self, uow: UnitOfWork, token: str, permission: Permission) -> Signed:
        """Whose token this is, if they may do this. Raises Unauthenticated, then Forbidden."""
        return require(await self.core.sessions.authenticate(uow, token), permission)

    async def touch(self, signed: Signed) -> None:
        """Notes that a login is in use, in a transaction of its own and only when due.

        In the route's it would lock the session before the account, and a suspension locks them the other way round.
        """
        if self.clock() - signed.used_at >= TOUCH_EVERY:
            async with self.write() as uow:
                await self.core.sessions.touch(uow, [signed])


async def _edge(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


AnEdge = Annotated[Edge, Depends(_edge)]


def bearer(scope: Scope) -> str | None:
    """The token of a request: from the one Authorization header, `Bearer` in any case; nothing else is looked at."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1:
        return None
    found = re.fullmatch(rb"bearer ([\x21-\x7e]+)", given[0], re.IGNORECASE)
    return found[1].decode("ascii") if found else None


class _Bearer(SecurityBase):
    """Gives a token that is ours and unexpired, or refuses: no other reaches the database, let alone its write lock."""

    model = HTTPBearerModel(description="`access_token` or `token` of a login.")
    scheme_name = "token"

    async def __call__(self, request: Request) -> str:
        token = bearer(request.scope)
        if token is None:
            raise Unauthenticated
        edge = await _edge(request)
        edge.core.tokens.read(token, edge.clock())
        return token


Token = Annotated[str, Depends(_Bearer())]


@dataclass(frozen=True, slots=True)
class Call:
    """A request of somebody signed in, inside the one transaction that it gets."""

    core: Core
    uow: UnitOfWork
    signed: Signed


def reading(permission: Permission) -> Any:
    """A dependency: a Call that reads. Whoever may not is refused before a body's fields are judged."""

    async def call(edge: AnEdge, token: Token) -> AsyncIterator[Call]:
        async with edge.read() as uow:
            signed = await edge.signed_in(uow, token, permission)
            yield Call(edge.core, uow, signed)
        await edge.touch(signed)

    return Depends(call, scope="function")  # over, and what it wrote committed, before the answer goes out


def writing(permission: Permission) -> Any:
    """A dependency: a Call that writes; committed when the route returns, rolled back when it raises."""

    async def call(edge: AnEdge, token: Token) -> AsyncIterator[Call]:
        async with edge.write() as uow:
            signed = await edge.signed_in(uow, token, permission)
            yield Call(edge.core, uow, signed)
        await edge.touch(signed)

    return Depends(call, scope="function")


def client_address(scope: Scope) -> str:
    """Whom to count tries by: the client's address; of IPv6 the /64, which one subscriber has to themselves.

    All who have none are one: a Unix socket, or what a proxy passes on unread ("unknown").
    """
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ""
    if address.version == 4:
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
