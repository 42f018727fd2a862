"""Schemathesis against our own OpenAPI: whatever is sent, the answer is one that the page promises.

For every operation, with no token, a patient's and a doctor's: never a 5xx, never a status or a body off the page.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.serving import listen, server_of
from core.clock import utc_now
from storage.database import Database
from tests.contract import s1, s2
from tests.contract.facts import Operation
from tests.contract.page import new_core, read_page
from tests.contract.stage import real_body
from tests.databases import copy_sqlite

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
LOGINS: Final[dict[str, tuple[Operation, Operation]]] = {
    "patient": (s1.REGISTER, s1.LOGIN),
    "doctor": (s2.REGISTER, s2.LOGIN),
}
ENDS_TOKENS: Final = {"/api/auth/logout", "/api/auth/refresh", "/patient/logout", "/doctor/logout"}


@dataclass
class People:
    """A patient and a doctor whose tokens are there for the asking, new ones after a logout."""

    url: str
    tokens: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str | None) -> dict[str, str]:
        if who is None:
            return {}
        if who not in self.tokens:
            self.tokens[who] = self._log_in(*LOGINS[who])
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    def _log_in(self, register: Operation, login: Operation) -> str:
        # With the phone of the page's examples: a record is written only with its own.
        httpx.post(self.url + register.path, json=real_body(register), trust_env=False)  # later it is taken: 409
        answer = httpx.post(self.url + login.path, json=real_body(login), trust_env=False)
        return str(answer.json()["data"]["token"])


page = schemathesis.openapi.from_dict(read_page())


@pytest.fixture(scope="module")
def people(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A server in a thread of its own, for Schemathesis calls and waits; and those who call it."""
    folder = tmp_path_factory.mktemp("openapi")
    core = new_core(folder)
    database = Database(copy_sqlite(sqlite_template, folder / "clinic.db"))
    server = server_of(create_app(core, database, utc_now), core.settings.api)

    async def serve() -> None:
        await server.serve(sockets=[listening])
        await database.dispose()

    with contextlib.closing(core), listen(core.settings.api.model_copy(update={"port": 0})) as listening:
        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        yield People(f"http://127.0.0.1:{listening.getsockname()[1]}")
        server.should_exit = True
        thread.join()


@pytest.mark.slow
@page.parametrize()
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_on_the_page(case: Case[Any], people: People) -> None:
    for who in (None, *LOGINS):
        answer = case.call(base_url=people.url, headers=people.headers(who))
        if case.operation.path in ENDS_TOKENS and who is not None:
            del people.tokens[who]
        case.validate_response(answer, checks=CHECKS)
