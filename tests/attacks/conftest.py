"""A clinic under attack: the bot and the HTTP face on one database, with people in it. One for all tests of a file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from core.keys import make_secrets
from core.settings import Api, Passwords, SecretSources, Settings, Storage, Telegram
from core.settings import Clinic as Named
from sandbox.server import serve
from tests.api.conftest import served
from tests.attacks.town import Town
from tests.bot.conftest import TOKEN, running
from tests.conftest import SetClock
from tests.databases import copy_sqlite


@asynccontextmanager
async def town_in(folder: Path, template: Path, telegram: Any = None, **sections: Any) -> AsyncIterator[Town]:
    """A town in this folder, for the length of a block; `telegram` and `sections` are settings of its own."""
    async with serve(people=()) as server:
        secrets: dict[str, Any] = {f"{file.name}_file": str(file) for file in make_secrets(folder / "secrets")}
        settings = Settings(
            clinic=Named(name="仁和诊所", contact="010-12345678", privacy_url="https://clinic.example/privacy"),
            storage=Storage(
                database_url=copy_sqlite(template, folder / "clinic.db"), photos_url=str(folder / "photos")
            ),
            telegram=Telegram(token=SecretStr(TOKEN), api_url=server.url, messages_per_second=0, **(telegram or {})),
            secrets=SecretSources(**secrets),
        ).model_copy(update={"passwords": Passwords(bcrypt_cost=4), "api": Api(rate_per_minute=0), **sections})
        clock = SetClock(datetime(2026, 3, 1, 4, 0, tzinfo=UTC))
        async with (
            running(settings, server, clock) as clinic,
            served(clinic.app.core, clinic.app.database, clock) as http,
        ):
            yield Town(clinic, http)
        assert not list(server.world.call_problems)
        assert not list(server.world.own_problems)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[Town]:
    async with town_in(tmp_path_factory.mktemp("town"), sqlite_template) as town:
        yield town
