"""What all tests share: a database of each kind, a clock that is set by hand, and a core with cheap hashes."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import hypothesis
import pytest
import structlog

from core.core import Core
from core.keys import KEY_NAMES, KeyRing, new_key_text
from core.settings import Clinic, Passwords, Secrets, Settings, Storage
from core.unit import Channel, UnitOfWork
from storage.database import Database
from tests.databases import PostgresServer, copy_sqlite, make_sqlite_template, start_postgres

pytest_plugins = ["tests.redaction"]
TESTS: Final = Path(__file__).parent
ON_BOTH: Final = "_races"

# The same examples each time, however slowly they come: a busy machine is no fault. `make fuzz-stories` tries others.
if "EXAMPLES" not in os.environ:
    hypothesis.settings.load_profile("ci")


def pytest_configure() -> None:
    """As the product writes them: structlog's own traces, with colours and values, take a second each."""
    structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What every test run is too long for: most of it once more on PostgreSQL, and scenarios once more through the bot.

    Queries and what races is tried on both databases each time; the bot has stories of its own in tests/bot.
    """
    for item in items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        once_more = params.get("database_url") == "postgresql" and not item.path.stem.endswith(ON_BOTH)
        room = item.path.relative_to(TESTS).parts[0]
        if (once_more and room != "storage") or (room == "faces" and params.get("face") == "bot"):
            item.add_marker(pytest.mark.slow)


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        """Moves it on, by `timedelta`'s arguments."""
        self.now += timedelta(**amount)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 3, 1, 4, 0, 0, 250_000, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    return start_postgres()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sqlite_template(tmp_path_factory.mktemp("template") / "template.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with all tables and no rows, once of each kind."""
    yield from new_database(request, tmp_path)


def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database of the kind in `request.param`, for a fixture's life."""
    if request.param == "sqlite":
        yield copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path / "clinic.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.dispose()


@pytest.fixture
def secrets() -> Secrets:
    return Secrets(**{name: KeyRing.parse(new_key_text()) for name in KEY_NAMES})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    clinic = Clinic(name="仁和诊所", contact="010-12345678", privacy_url="https://clinic.example/privacy")
    storage = Storage(photos_url=str(tmp_path / "photos"))
    return Settings(clinic=clinic, storage=storage, passwords=Passwords(bcrypt_cost=4))


@pytest.fixture
def core(settings: Settings, secrets: Secrets) -> Iterator[Core]:
    core = Core(settings, secrets)
    yield core
    core.close()


@dataclass(frozen=True)
class Desk:
    """Opens units of work at the clock's moment, as the edges of the program do."""

    database: Database
    clock: SetClock

    @asynccontextmanager
    async def write(self, channel: Channel = Channel.BOT) -> AsyncIterator[UnitOfWork]:
        async with self.database.write() as conn:
            yield UnitOfWork(conn, self.clock(), channel)

    @asynccontextmanager
    async def read(self, channel: Channel = Channel.BOT) -> AsyncIterator[UnitOfWork]:
        async with self.database.read() as conn:
            yield UnitOfWork(conn, self.clock(), channel)


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return Desk(database, clock)
