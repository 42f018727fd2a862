"""Logging in and registering, as all three documents do it: no transaction is open over a hash (core.login)."""

from typing import Annotated

from fastapi import Depends, Request

from api.edge import Edge, client_address
from api.errors import LoginFailed
from core.errors import Busy
from core.login import LoggedIn, Source
from core.values import Email, Phone, Role


async def _source(request: Request) -> Source:
    return Source.http(client_address(request.scope))


ASource = Annotated[Source, Depends(_source)]


async def log_in(
    edge: Edge, source: Source, *, role: Role | None, identifier: Phone | Email, password: str
) -> LoggedIn:
    """Logs in over HTTP. Raises LoginFailed, Throttled or Busy (CONTRACT.md 3.4)."""
    login = edge.core.login
    async with edge.write() as uow:
        attempt = await login.begin(uow, role=role, identifier=identifier, password=password, source=source)
    try:
        await attempt.verify()
    except Busy:
        async with edge.write() as uow:
            await login.give_up(uow, attempt)
        raise
    async with edge.write() as uow:
        outcome = await login.finish(uow, attempt)
    if not isinstance(outcome, LoggedIn):  # a second factor is never asked for here (SECURITY.md Second factor)
        raise LoginFailed
    return outcome
