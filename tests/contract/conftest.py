"""The HTTP face's server, with what the examples need to be sent to it."""

import pytest

from storage.database import Database
from tests.api.conftest import Http, http, serve
from tests.contract.stage import Stage

__all__ = ["http", "serve", "stage"]


@pytest.fixture
def stage(http: Http, database: Database) -> Stage:
    return Stage(http.client, database)
