"""One set of accounts behind all faces: what one of them does, the others know (CONTRACT.md 2, 3.13)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import jwt
import pytest

from core.core import Core
from core.keys import KeyRing, new_key_text
from core.settings import Secrets, Settings
from core.values import Role
from storage.database import Database
from tests.api.conftest import Http, bearer, served
from tests.bot.conftest import Clinic
from tests.conftest import SetClock, new_database
from tests.faces.bot_face import BotFace, say
from tests.faces.core_face import CoreFace
from tests.faces.face import NO, OK, OUT, PASSWORD, PHONE, Face, Seen
from tests.faces.http_face import HttpFace
from tests.faces.rules import proves


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """One of each kind: `face` has no say here."""
    yield from new_database(request, tmp_path)


@pytest.fixture
async def faces(clinic: Clinic) -> AsyncIterator[dict[str, Face]]:
    """The three faces of one running clinic."""
    core, database, clock = clinic.app.core, clinic.app.database, clinic.clock
    async with served(core, database, clock) as http:
        yield {
            "core": CoreFace(core, database, clock),
            "http": HttpFace(core, database, clock, http.client),
            "bot": BotFace(clinic),
        }


async def test_an_account_made_by_one_face_logs_in_on_every_other(faces: dict[str, Face]) -> None:
    for number, made_by in enumerate(faces.values()):
        phone = f"1381234567{number}"
        assert await made_by.register(phone) == OK
        for face in faces.values():
            assert await face.register(phone) == "taken phone"
            assert await face.see(await face.log_in(phone)) == Seen("王小明", phone, Role.PATIENT)


async def test_a_doctor_by_email_logs_in_on_every_face(faces: dict[str, Face]) -> None:
    for number, made_by in enumerate(faces.values()):
        email = f"ann{number}@example.com"
        assert await made_by.register_by_email(f"dr_ann{number}", email) == OK
        for face in faces.values():
            seen = await face.see(await face.log_in(email.upper(), role=Role.DOCTOR), Role.DOCTOR)
            assert seen == Seen(f"dr_ann{number}", None, Role.DOCTOR)


async def test_failures_on_one_face_are_waited_for_on_the_others(faces: dict[str, Face]) -> None:
    assert await faces["http"].register() == OK
    assert await faces["http"].try_again(5, PHONE) == [NO] * 5
    assert await faces["core"].try_again(2, PHONE) == ["wait"] * 2
    assert await faces["bot"].try_again(1, PHONE) == ["wait"]


async def test_a_token_of_one_face_is_one_on_the_other_and_a_logout_there_ends_it(faces: dict[str, Face]) -> None:
    core, http = faces["core"], faces["http"]
    token = await core.newcomer()
    assert await http.see(token) == Seen("王小明", PHONE, Role.PATIENT)
    assert await http.log_out(token) == OK
    assert await core.see(token) == OUT


async def test_logging_out_everywhere_in_the_bot_ends_the_tokens_over_http(faces: dict[str, Face]) -> None:
    bot, http = faces["bot"], faces["http"]
    chat, token = await bot.newcomer(), await http.log_in()
    assert isinstance(await http.see(token), Seen)
    await chat.send("/sessions")
    await chat.press("全部退出")
    await chat.press("全部退出")
    assert await http.see(token) == OUT
    assert await bot.see(chat) == OUT


@proves("TOKENS T25")
async def test_t25_a_password_changed_in_the_bot_ends_the_tokens_over_http_and_this_chat_stays_in(
    faces: dict[str, Face],
) -> None:
    bot, http = faces["bot"], faces["http"]
    chat, token = await bot.newcomer(), await http.log_in()
    for text in ("/password", PASSWORD, "three long new words"):
        await chat.send(text)
    assert await http.see(token) == OUT
    assert await http.refresh(token) == OUT
    assert isinstance(await bot.see(chat), Seen)
    assert await http.try_login() == NO
    assert isinstance(await http.see(await http.log_in(PHONE, "three long new words")), Seen)


async def test_a_logout_in_the_bot_leaves_the_token_over_http_alone(faces: dict[str, Face]) -> None:
    chat, token = await faces["bot"].newcomer(), await faces["http"].log_in()
    assert await faces["bot"].log_out(chat) == OK
    assert isinstance(await faces["http"].see(token), Seen)


async def test_accounts_made_over_http_are_asked_for_consent_at_their_first_login_in_the_bot(
    faces: dict[str, Face], clinic: Clinic
) -> None:
    assert await faces["http"].register() == OK
    chat = await clinic.person("李雷")
    await chat.send("/login")
    await chat.press("患者")
    await chat.send(PHONE)
    assert "您同意吗" in await say(chat, PASSWORD)


async def test_two_http_servers_with_connections_of_their_own_are_one(
    settings: Settings, secrets: Secrets, database: Database, database_url: str, clock: SetClock
) -> None:
    other = Database(database_url)
    async with (
        server(settings, secrets, database, clock) as one,
        server(settings, secrets, other, clock) as two,
    ):
        first = HttpFace(one.core, database, clock, one.client)
        second = HttpFace(two.core, other, clock, two.client)
        token = await first.newcomer()
        assert await second.log_out(token) == OK
        assert await first.see(token) == OUT
    await other.dispose()


@asynccontextmanager
async def server(settings: Settings, secrets: Secrets, database: Database, clock: SetClock) -> AsyncIterator[Http]:
    core = Core(settings, secrets)
    try:
        async with served(core, database, clock) as http:
            yield http
    finally:
        core.close()


@proves("TOKENS T29")
async def test_t29_while_keys_are_rotated_both_are_taken_and_one_signs(
    settings: Settings, secrets: Secrets, database: Database, clock: SetClock
) -> None:
    old, new = new_key_text(), new_key_text()
    token = ""
    for ring, alive in ((old, True), (f"{new},{old}", True), (new, False)):
        rotated = replace(secrets, signing=KeyRing.parse(ring))
        async with server(settings, rotated, database, clock) as http:
            face = HttpFace(http.core, database, clock, http.client)
            token = token or await face.newcomer()
            answer = await http.client.post("/api/auth/me", headers=bearer(token))
            assert (answer.status_code == 200) is alive
            assert jwt.get_unverified_header(await face.log_in())["kid"] == ring.partition(":")[0]
