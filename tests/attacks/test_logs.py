"""Input that would be lines of its own in the log, or hide some: in everything that is logged (16.4.1)."""

import asyncio
import io
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
import structlog
from aiohttp import FormData
from sqlalchemy import text

from core import logs
from core.settings import Logging
from sandbox.client import Chat
from tests.api.conftest import bearer
from tests.attacks.conftest import town_in
from tests.attacks.town import Town, press
from tests.bot.conftest import PASSWORD

pytestmark = pytest.mark.slow

_FORGED: Final = "2026-11-21T00:00:00.000000Z [info     ] The audit is whole"
_HOSTILE: Final = (
    *(
        f"x{sign}{_FORGED}"
        for sign in ("\n", "\r\n", "\r", "\u2028", "\x85", "\x1b[2J", "\u202e", "\u2066", "\x08\x08")
    ),
    '{"event": "forged"}',
    "%s%n %(message)s {0.__class__}",
)
_LINE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z \[(debug|info|warning|error|critical) *\] |  \| |\{.*\}$"
)
_UNSEEN: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What this process logs, set up as it is by `bot run`."""
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.set_up(Logging(format=request.param, level="info"))
    yield said
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("log", ["console", "json"], indirect=True)
async def test_nothing_anybody_sends_writes_or_hides_a_line(
    log: io.StringIO, request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path
) -> None:
    """Names, texts, files, buttons, paths, headers, bodies, Telegram's own words; and some while nothing works."""
    async with town_in(tmp_path, sqlite_template) as town:
        client = town.http.client
        li = await town.patient()
        token = (await client.post("/patient/login", json={"phone": li.phone, "password": PASSWORD})).json()
        who = bearer(token["data"]["token"])
        for hostile in _HOSTILE:
            await town.clinic.sandbox.request("PATCH", f"/people/{li.id}", json={"first_name": hostile})
            await li.send(hostile)
            await press(li, f"profile:1:{hostile}"[:60])
            await _send_file(li, hostile)
            await _over_http(town, li.phone, who, hostile)
            await town.clinic.sandbox.fail("error", "sendMessage", status=400, description=f"Bad Request: {hostile}")
            await li.send("/help")  # and what is refused of Telegram is quoted, too
        assert "call refused" in log.getvalue()
        async with town.clinic.app.database.write() as conn:
            await conn.execute(text("DROP TABLE profiles"))
        await li.send("/profile", wait=False)
        for hostile in _HOSTILE:
            await _over_http(town, li.phone, who, hostile)
        while "The database does not work" not in log.getvalue():
            await asyncio.sleep(0.02)
    assert "A request failed" in log.getvalue()
    assert "no such table: profiles" in log.getvalue()
    for line in log.getvalue().removesuffix("\n").split("\n"):
        assert _LINE.match(line), line
        assert not _UNSEEN.search(line), line
        assert not line.startswith(_FORGED), line
    assert PASSWORD not in log.getvalue()
    assert li.phone not in log.getvalue()
    assert who["Authorization"].removeprefix("Bearer ") not in log.getvalue()


async def _over_http(town: Town, phone: str, who: dict[str, str], hostile: str) -> None:
    client, odd = town.http.client, repr(hostile)
    for fields in ({"address": hostile}, {"address": "北京", hostile: hostile}):
        body = {"phone": phone, "name": "李雷", **fields}
        await client.patch("/patient/patient_manage", json=body, headers=who)
    await client.post(f"/patient/{quote(hostile)}", params={"q": hostile}, headers={"User-Agent": odd})
    await client.get("/patient", headers={**who, "X-Request-Id": odd, "Cookie": odd, "X-Forwarded-For": odd})


async def _send_file(chat: Chat, name: str) -> None:
    form = FormData({"name": name, "caption": name})
    form.add_field("file", name.encode(), filename="file")
    await chat.sandbox.request("POST", f"/people/{chat.id}/document", data=form)
