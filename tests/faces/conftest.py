"""Each scenario on each face: the core and HTTP on both databases, the bot, which is slower, on SQLite."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from core.core import Core
from core.settings import Passwords
from storage.database import Database
from tests.api.conftest import Http, Serve, serve  # noqa: F401 - fixtures
from tests.bot.conftest import bot_settings, clinic, server  # noqa: F401 - fixtures
from tests.conftest import SetClock, new_database
from tests.faces.bot_face import BotFace
from tests.faces.core_face import CoreFace
from tests.faces.face import Face
from tests.faces.http_face import HttpFace
from tests.faces.rules import FACES, faces_of

_DATABASES: Final = {"core": ("sqlite", "postgresql"), "http": ("sqlite", "postgresql"), "bot": ("sqlite",)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "face" not in metafunc.fixturenames:
        return
    function = metafunc.function
    faces = getattr(function, "only", None) or faces_of(getattr(function, "statements", ()))
    runs = [(face, database) for face in FACES if face in faces for database in _DATABASES[face]]
    metafunc.parametrize(("face", "database_url"), runs, indirect=True, ids=["-".join(run) for run in runs])


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The database of this run: which kind, the scenario's run says."""
    yield from new_database(request, tmp_path)


@pytest.fixture
def face(request: pytest.FixtureRequest, database_url: str) -> Face:
    """The face that this run of the scenario is about."""
    if request.param == "bot":
        return BotFace(request.getfixturevalue("clinic"))
    core: Core = request.getfixturevalue("core")
    database: Database = request.getfixturevalue("database")
    clock: SetClock = request.getfixturevalue("clock")
    if request.param == "core":
        return CoreFace(core, database, clock)
    return HttpFace(core, database, clock, request.getfixturevalue("strict_http").client)


@pytest.fixture
async def strict_http(serve: Serve) -> Http:  # noqa: F811 - a fixture is asked for by its name
    """A server that refuses common passwords, as one for real people does."""
    return await serve(passwords=Passwords(bcrypt_cost=4))
