"""How large a body may be: 64 KB, and 20 MB of a certificate (CONTRACT.md 3.12)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from api import heads, middleware, serving
from api.middleware import MAX_BODY
from tests.api.conftest import EMAIL, PASSWORD, Http, Serve

JSON = {"Content-Type": "application/json"}
TOO_LARGE = "请求内容太大。"


def of_size(size: int) -> bytes:
    start = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    return start + b" " * (size - len(start))


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 5000):
        yield content[start : start + 5000]


async def test_a_body_of_just_the_limit_is_read(http: Http) -> None:
    await http.doctor_by_email()
    answer = await http.client.post("/api/auth/login", content=of_size(MAX_BODY), headers=JSON)
    assert answer.status_code == 200


@pytest.mark.parametrize("size", [MAX_BODY + 1, 10 * 1024 * 1024])
async def test_a_larger_one_is_413_in_the_family_of_its_path(http: Http, size: int) -> None:
    answer = await http.client.post("/api/auth/login", content=of_size(size), headers=JSON)
    assert (answer.status_code, answer.json()) == (413, {"message": TOO_LARGE})
    answer = await http.client.post("/patient/login", content=of_size(size), headers=JSON)
    assert (answer.status_code, answer.json()) == (413, {"code": 413, "data": None, "msg": TOO_LARGE})


async def test_one_that_does_not_say_its_size_is_stopped_while_it_is_read(http: Http) -> None:
    answer = await http.client.post("/patient/login", content=in_pieces(of_size(MAX_BODY + 1)), headers=JSON)
    assert (answer.status_code, answer.json()) == (413, {"code": 413, "data": None, "msg": TOO_LARGE})
    answer = await http.client.post("/patient/login", content=in_pieces(of_size(MAX_BODY)), headers=JSON)
    assert answer.status_code == 422  # read, and judged by its fields


async def test_a_request_that_needs_no_body_is_refused_with_too_large_a_one_before_it_does_anything(http: Http) -> None:
    who = await http.patient()
    answer = await http.client.post("/patient/logout", content=b"x" * (MAX_BODY + 1), headers=who)
    assert answer.status_code == 413
    assert (await http.client.get("/patient", headers=who)).status_code == 200


async def test_nor_does_it_anything_where_the_size_is_not_said(http: Http) -> None:
    who = await http.patient()
    answer = await http.client.post("/patient/logout", content=in_pieces(b"x" * (MAX_BODY + 1)), headers=who)
    assert (answer.status_code, answer.json()) == (413, {"code": 413, "data": None, "msg": TOO_LARGE})
    assert (await http.client.get("/patient", headers=who)).status_code == 200
    answer = await http.client.post("/patient/logout", content=in_pieces(b"x" * MAX_BODY), headers=who)
    assert answer.status_code == 200
    assert (await http.client.get("/patient", headers=who)).status_code == 401


async def test_a_body_without_an_end_gets_its_answer_while_it_is_sent(http: Http) -> None:
    reader, writer = await asyncio.open_connection(http.client.base_url.host, http.client.base_url.port)
    writer.write(b"POST /patient/logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(17):
        writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
    await writer.drain()
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_after_a_refusal_the_same_connection_goes_on(http: Http) -> None:
    for _ in range(3):
        assert (await http.client.post("/patient/login", content=of_size(500_000), headers=JSON)).status_code == 413
        assert (await http.client.get("/patient")).status_code == 401


async def test_a_client_that_leaves_in_the_middle_of_its_body_disturbs_nobody(http: Http) -> None:
    url = http.client.base_url
    for _ in range(5):
        _, writer = await asyncio.open_connection(url.host, url.port)
        head = (
            "POST /patient/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        writer.write(head.encode())
        await writer.drain()
        writer.close()
    assert (await http.client.get("/patient")).status_code == 401


async def raw(http: Http, head: str) -> bytes:
    """What is answered to these lines until the server closes the connection; TimeoutError when it does not."""
    url = http.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(head.replace("\n", "\r\n").encode())
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(("size", "status"), [("9" * 19, 413), ("0" * 5000 + "5", 422), ("0" * 5000, 422)])
async def test_a_size_of_many_digits_is_a_size(http: Http, size: str, status: int) -> None:
    answer = await raw(
        http, f"POST /patient/login HTTP/1.1\nHost: x\nConnection: close\nContent-Length: {size}\n\nabcde"
    )
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize(("path", "size", "status"), [("/patient/login", 100_000, 413), ("/nowhere", 5, 404)])
async def test_who_waits_to_send_a_body_and_is_refused_has_the_connection_closed(
    http: Http, path: str, size: int, status: int
) -> None:
    answer = await raw(http, f"POST {path} HTTP/1.1\nHost: x\nContent-Length: {size}\nExpect: 100-continue\n\n")
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\nconnection: close\r" in answer.lower()


async def test_who_waits_to_send_a_body_is_told_to(http: Http) -> None:
    url = http.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = "POST /patient/login HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 2\n"
    writer.write((head + "Expect: 100-Continue\n\n").replace("\n", "\r\n").encode())
    async with asyncio.timeout(5):
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"{}")
        told = await reader.readuntil(b"\r\n\r\n")
    assert b" 422 " in told
    assert b"connection: close" not in told.lower()
    writer.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/patient/login", "application/json"),
        ("/api/doctor/certificate/upload", "multipart/form-data; boundary=x"),
    ],
)
async def test_who_sends_a_body_drop_by_drop_is_not_waited_for(
    http: Http, path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.1)
    monkeypatch.setattr(middleware, "UPLOAD_SECONDS", 0.1)
    token = (await http.doctor())["Authorization"]
    head = f"POST {path} HTTP/1.1\nHost: x\nAuthorization: {token}\nContent-Type: {kind}\nContent-Length: 100\n\n"
    answer = await raw(http, head + "--x\n")
    assert answer.startswith(b"HTTP/1.1 422 ")


async def test_nor_is_one_that_nobody_would_read(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.1)
    answer = await raw(http, "POST /patient/logout HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n1\nx\n")
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("start", ["", "GET /patient HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_who_says_nothing_or_never_comes_to_the_end_of_a_head_is_cut_off(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    """Else as many connections as a server holds, left open by one person, would keep everybody out."""
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)
    http = await serve()
    url = http.client.base_url
    held = [await asyncio.open_connection(url.host, url.port) for _ in range(2)]
    for _, writer in held:
        writer.write(start.encode())
    async with asyncio.timeout(5):
        for reader, _ in held:
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
    assert (await http.client.get("/patient")).status_code == 401


async def test_a_later_head_of_a_connection_is_waited_for_as_long_and_no_longer(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)
    url = http.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    async with asyncio.timeout(5):
        writer.write(b"GET /patient HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 401 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET /patient HTTP/1.1\r\n")
        with suppress(ConnectionResetError):
            assert b" 401 " not in await reader.read()


@pytest.mark.parametrize("stray", ["\r\n", "x"], ids=["an empty line", "a byte of a body nobody read"])
async def test_who_says_on_after_an_answer_and_begins_no_head_is_cut_off(
    http: Http, monkeypatch: pytest.MonkeyPatch, stray: str
) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection(http.client.base_url.host, http.client.base_url.port)
    async with asyncio.timeout(4):  # uvicorn's own five seconds for a silent connection are over later
        length = 2 * (stray == "x")
        writer.write(f"POST /patient/logout HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert b" 401 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(stray.encode())
        with suppress(ConnectionResetError):
            await reader.read()


async def test_a_head_without_an_end_is_not_held(http: Http) -> None:
    url = http.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"GET /patient HTTP/1.1\r\nHost: x\r\nX-Long: ")
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x" * 16_384)
                await writer.drain()
                await asyncio.sleep(0)
    assert (await http.client.get("/patient")).status_code == 401


async def test_a_body_may_come_in_one_piece_with_its_head(http: Http) -> None:
    await http.doctor_by_email()
    body = of_size(MAX_BODY).decode()
    head = f"POST /api/auth/login HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: {MAX_BODY}\n"
    assert (await raw(http, f"{head}Connection: close\n\n{body}")).startswith(b"HTTP/1.1 200 ")


async def test_more_connections_than_one_server_holds_are_answered_503(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", 2)
    http = await serve()
    assert (await http.client.get("/patient")).status_code == 401
    url = http.client.base_url
    _, idle = await asyncio.open_connection(url.host, url.port)
    assert (await http.client.get("/patient")).status_code == 503
    idle.close()
    await idle.wait_closed()
    await asyncio.sleep(0.1)
    assert (await http.client.get("/patient")).status_code == 401
