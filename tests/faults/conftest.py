"""The stories of faults run on databases that keep what they say is committed, as the benchmark's do."""

import pytest

from tests.databases import PostgresServer, start_postgres


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    return start_postgres(durable=True)
