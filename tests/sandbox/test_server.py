"""The server as such: who may call it, and in which ways."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from telegram import Bot

from sandbox.client import Chat, Sandbox
from sandbox.params import MAX_BODY
from sandbox.server import PAGE, Served, serve
from tests.sandbox.conftest import TOKEN


@pytest.fixture
async def http(server: Served, bot: Bot) -> aiohttp.ClientSession:  # type: ignore[misc]
    async with aiohttp.ClientSession(server.url) as session:
        yield session


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080", "[broken"])
async def test_a_foreign_name_is_refused(http: aiohttp.ClientSession, host: str) -> None:
    for path in ("/", f"/bot{TOKEN}/getMe", "/sandbox/people"):
        async with http.get(path, headers={"Host": host}) as answer:
            assert answer.status in {400, 403}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080"])
async def test_its_own_names_are_taken(http: aiohttp.ClientSession, host: str) -> None:
    async with http.get("/sandbox/people", headers={"Host": host}) as answer:
        assert answer.status == 200


async def test_a_foreign_page_cannot_act(http: aiohttp.ClientSession) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        async with http.post("/sandbox/people", data="{}", headers={"Origin": origin}) as answer:
            assert answer.status == 403


async def test_a_foreign_page_cannot_even_look(http: aiohttp.ClientSession) -> None:
    for site in ("cross-site", "same-site"):
        async with http.get(f"/bot{TOKEN}/getMe", headers={"Sec-Fetch-Site": site}) as answer:
            assert answer.status == 403


async def test_a_link_to_the_page_may_stand_anywhere(http: aiohttp.ClientSession) -> None:
    async with http.get("/", headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 200


async def test_the_page_brings_all_it_needs(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as answer:
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "https://" not in await answer.text()
    for path in PAGE.iterdir():
        async with http.get(f"/page/{path.name}") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("path", ["/page/..%2fserver.py", "/page/nothing.js", "/nothing"])
async def test_nothing_else_is_served(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("method", ["getme", "GETME", "getMe"])
async def test_methods_are_found_in_any_case(http: aiohttp.ClientSession, method: str) -> None:
    async with http.get(f"/bot{TOKEN}/{method}") as answer:
        assert (await answer.json())["ok"]


async def test_an_unknown_method(http: aiohttp.ClientSession) -> None:
    async with http.post(f"/bot{TOKEN}/sendLove") as answer:
        assert answer.status == 404
        assert await answer.json() == {"ok": False, "error_code": 404, "description": "Not Found: method not found"}


@pytest.mark.parametrize("token", ["nonsense", "0:abcdef", "12:a"])
async def test_what_is_no_token_is_unauthorised(http: aiohttp.ClientSession, token: str) -> None:
    async with http.get(f"/bot{token}/getMe") as answer:
        assert answer.status == 401
        assert (await answer.json())["description"] == "Unauthorized"


async def test_only_the_given_token_is_a_bot() -> None:
    async with serve(token=TOKEN) as server, aiohttp.ClientSession(server.url) as http:
        async with http.get(f"/bot{TOKEN}/getMe") as answer:
            assert answer.status == 200
        async with http.get("/bot777:another-bot-token/getMe") as answer:
            assert answer.status == 401


async def test_parameters_come_by_query_json_form_and_multipart(http: aiohttp.ClientSession, li: Chat) -> None:
    path = f"/bot{TOKEN}/sendMessage"
    fields = {"chat_id": str(li.id), "text": "hello"}
    multipart = aiohttp.FormData(fields)
    multipart.add_field("unused", b"x", filename="x")
    for keyword in ({"params": fields}, {"json": fields}, {"data": fields}, {"data": multipart}):
        async with http.post(path, **keyword) as answer:
            assert (await answer.json())["result"]["text"] == "hello"


async def test_unknown_parameters_are_passed_over(http: aiohttp.ClientSession, li: Chat) -> None:
    fields = {"chat_id": li.id, "text": "hello", "colour": "green"}
    async with http.post(f"/bot{TOKEN}/sendMessage", json=fields) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"'])
async def test_a_broken_body_is_refused(http: aiohttp.ClientSession, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with http.post(f"/bot{TOKEN}/sendMessage", data=body, headers=headers) as answer:
        assert answer.status == 400


async def test_a_body_too_large_is_refused(http: aiohttp.ClientSession) -> None:
    form = aiohttp.FormData({"chat_id": "1"})
    form.add_field("document", b"\0" * (MAX_BODY + 1), filename="x")
    async with http.post(f"/bot{TOKEN}/sendDocument", data=form) as answer:
        assert await answer.json() == {"ok": False, "error_code": 413, "description": "Request Entity Too Large"}


async def test_the_page_is_told_what_changed(http: aiohttp.ClientSession, li: Chat, bot: Bot) -> None:
    async with http.get("/sandbox/events") as stream:
        await stream.content.readuntil(b"\n\n")
        await bot.send_message(li.id, "hello")
        event = await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 2)
    assert event == f'data: {{"type":"chat","person":{li.id}}}\n\n'.encode()


async def test_a_page_without_a_bot_is_told_so() -> None:
    path = "/sandbox/people/5000000001/chat"
    async with serve() as server, aiohttp.ClientSession(server.url) as http, http.get(path) as answer:
        assert answer.status == 409


async def test_it_ends_at_once_with_pages_and_polls_open() -> None:
    async with aiohttp.ClientSession() as http:
        async with serve(token=TOKEN) as server:
            stream = await http.get(f"{server.url}/sandbox/events")
            poll = asyncio.create_task(http.get(f"{server.url}/bot{TOKEN}/getUpdates?timeout=50"))
            await asyncio.sleep(0.05)
        began = asyncio.get_running_loop().time()
        stream.close()
        await asyncio.gather(poll, return_exceptions=True)
        assert asyncio.get_running_loop().time() - began < 1


async def test_three_people_are_there_to_begin_with() -> None:
    async with serve(token=TOKEN) as server, Sandbox.connect(server.url) as sandbox:
        assert [person.name for person in await sandbox.people()] == ["李雷", "韩梅梅", "Alex"]
