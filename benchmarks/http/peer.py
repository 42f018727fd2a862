"""fastapi-users as its documentation shows it (SQLAlchemy, JWT), run by an environment of its own (`peers.py`).

`python -m benchmarks.http.peer URL fill SIZE` and `… URL sample SIZE COUNT` do what population.py does for ours;
`… URL run PORT` serves.
"""
# mypy: disable-error-code="import-not-found,misc,no-untyped-call,unused-ignore"
# Our own environment does not have it.

import asyncio
import json
import random
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from benchmarks.http.people import PASSWORD, email

_SECRET = "only-for-the-benchmark-0123456789abcdef"
_ROWS_AT_ONCE = 10_000


class _Base(DeclarativeBase):
    pass


class _User(SQLAlchemyBaseUserTableUUID, _Base):
    pass


class _Manager(UUIDIDMixin, BaseUserManager[_User, uuid.UUID]):
    reset_password_token_secret = _SECRET
    verification_token_secret = _SECRET


class _UserRead(schemas.BaseUser[uuid.UUID]):
    pass


class _UserUpdate(schemas.BaseUserUpdate):
    pass


def _strategy() -> Any:
    return JWTStrategy(secret=_SECRET, lifetime_seconds=3600)


def create_app(url: str) -> FastAPI:
    """The documentation's example, without the routes that nobody calls here."""
    make_session = async_sessionmaker(create_async_engine(url), expire_on_commit=False)

    async def session() -> AsyncIterator[AsyncSession]:
        async with make_session() as opened:
            yield opened

    async def users(session: Annotated[AsyncSession, Depends(session)]) -> AsyncIterator[Any]:
        yield SQLAlchemyUserDatabase(session, _User)

    async def manager(users: Annotated[Any, Depends(users)]) -> AsyncIterator[_Manager]:
        yield _Manager(users)

    backend = AuthenticationBackend(
        name="jwt", transport=BearerTransport(tokenUrl="auth/jwt/login"), get_strategy=_strategy
    )
    parts = FastAPIUsers[_User, uuid.UUID](manager, [backend])
    app = FastAPI()
    app.include_router(parts.get_auth_router(backend), prefix="/auth/jwt")
    app.include_router(parts.get_users_router(_UserRead, _UserUpdate), prefix="/users")
    return app


async def fill(url: str, size: int) -> None:
    """Makes the table and its rows, all with one password, hashed as the library does it unasked."""
    hashed = PasswordHelper().hash(PASSWORD)
    engine = create_async_engine(url)
    async with engine.begin() as conn:
        await conn.run_sync(_Base.metadata.create_all)
        for start in range(1, size + 1, _ROWS_AT_ONCE):
            rows = [
                {"id": uuid.uuid4(), "email": email(number), "hashed_password": hashed}
                for number in range(start, min(start + _ROWS_AT_ONCE, size + 1))
            ]
            await conn.execute(insert(_User), rows)
    if engine.dialect.name == "postgresql":
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
            await conn.execute(text("VACUUM ANALYZE"))
            await conn.execute(text("CHECKPOINT"))
    await engine.dispose()


async def sample(url: str, size: int, count: int) -> list[dict[str, Any]]:
    """Tokens of a sample of all accounts."""
    engine = create_async_engine(url)
    people = []
    async with AsyncSession(engine) as session:
        for number in random.sample(range(1, size + 1), count):
            user = (await session.execute(select(_User).where(_User.email == email(number)))).scalar_one()
            people.append({"number": number, "token": await _strategy().write_token(user)})
    await engine.dispose()
    return people


def run(url: str, port: int) -> None:
    """Serves as our own face does: uvloop, one process, no log of requests."""
    uvicorn.run(
        create_app(url),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case [url, "fill", size]:
            asyncio.run(fill(url, int(size)))
        case [url, "sample", size, count]:
            print(json.dumps(asyncio.run(sample(url, int(size), int(count)))))
        case [url, "run", port]:
            run(url, int(port))
        case _:
            sys.exit(__doc__)
