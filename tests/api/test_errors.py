"""What is refused before a rule is asked, in the family of its path (CONTRACT.md 3.2, 3.10, 3.12; TOKENS T10)."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.api.conftest import Http
from tests.conftest import Desk

JSON = {"Content-Type": "application/json"}
LOGIN = json.dumps({"phone": "13812345678", "password": "x"})
NO_JSON = "请求内容 不是有效的 JSON。"
NO_OBJECT = "请求内容 必须是 JSON 对象，Content-Type 为 application/json。"


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/nowhere", 404, {"code": 404, "data": None, "msg": "没有这个地址。"}),
        ("GET", "/api/nowhere", 404, {"message": "没有这个地址。"}),
        ("GET", "/doctor/login/", 404, {"code": 404, "data": None, "msg": "没有这个地址。"}),
        ("DELETE", "/patient", 405, {"code": 405, "data": None, "msg": "这个地址不接受这种请求方法。"}),
        ("GET", "/api/auth/me", 405, {"message": "这个地址不接受这种请求方法。"}),
    ],
)
async def test_there_is_no_such_route(http: Http, method: str, path: str, status: int, body: dict[str, Any]) -> None:
    answer = await http.client.request(method, path)
    assert (answer.status_code, answer.json()) == (status, body)
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("sent", "kind", "told"),
    [
        (b"{", JSON, NO_JSON),
        (b'{"phone": "138', JSON, NO_JSON),
        (b'{"phone": "\xff\xfe"}', JSON, NO_JSON),
        (b'{"phone": ' + b"1" * 5000 + b"}", JSON, NO_JSON),
        (b"[" * 60_000, JSON, NO_JSON),
        (LOGIN.encode("utf-16"), JSON, NO_JSON),
        (LOGIN.encode("utf-16-le"), JSON, NO_JSON),
        (LOGIN.encode("utf-32-be"), {"Content-Type": "application/json; charset=utf-32"}, NO_JSON),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, JSON, NO_JSON),
        (b"[]", JSON, NO_OBJECT),
        (b'"text"', JSON, NO_OBJECT),
        (b'{"phone": "13812345678", "password": "x"}', {"Content-Type": "text/plain"}, NO_OBJECT),
        (b'{"phone": "13812345678", "password": "x"}', {}, NO_OBJECT),
        (b"phone=13812345678&password=x", {"Content-Type": "application/x-www-form-urlencoded"}, NO_OBJECT),
        (b"", {}, "请求内容 不能为空。"),
        (b"null", JSON, NO_OBJECT),
    ],
    ids=range(16),
)
async def test_what_is_no_json_object_is_422(http: Http, sent: bytes, kind: dict[str, str], told: str) -> None:
    answer = await http.client.post("/patient/login", content=sent, headers=kind)
    assert answer.status_code == 422
    assert answer.json() == {"code": 422, "data": {"errors": {"body": [told]}}, "msg": told}
    answer = await http.client.post("/api/auth/login", content=sent, headers=kind)
    assert answer.status_code == 422
    assert answer.json() == {"message": "The given data was invalid.", "errors": {"body": [told]}}


async def test_a_byte_order_mark_before_utf_8_is_passed_over(http: Http) -> None:
    answer = await http.client.post("/patient/login", content=LOGIN.encode("utf-8-sig"), headers=JSON)
    assert answer.status_code == 401


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-0", "1e400", "true", "[1]", '{"a": 1}'])
async def test_a_strange_number_is_no_age(http: Http, number: str) -> None:
    sent = f'{{"username": "demo", "password": "12345678", "email": "me@example.com", "sex": 0, "age": {number}}}'
    answer = await http.client.post("/api/auth/register", content=sent, headers=JSON)
    assert answer.status_code == (200 if number == "-0" else 422)


@pytest.mark.parametrize("name", ["\ud800", "a\u0000b", "x" * 10_000, "\u202e", "__proto__"])
async def test_an_unknown_key_is_named_whatever_it_is(http: Http, name: str) -> None:
    sent = json.dumps({"phone": "13812345678", "password": "x", name: 1})
    answer = await http.client.post("/patient/login", content=sent, headers=JSON)
    assert answer.status_code == 422
    (named,) = answer.json()["data"]["errors"]
    assert len(named) <= 64


async def test_ten_thousand_unknown_keys_do_not_make_a_giant_answer(http: Http) -> None:
    answer = await http.client.post("/patient/login", json={str(n): 0 for n in range(6000)})
    assert answer.status_code == 422
    assert len(answer.json()["data"]["errors"]) == 50


async def test_a_token_is_read_from_the_header_alone(http: Http) -> None:
    token = (await http.patient())["Authorization"].removeprefix("Bearer ")
    assert (await http.client.get("/patient", headers={"Authorization": f"bEARER {token}"})).status_code == 200
    for elsewhere in (
        {"params": {"token": token, "access_token": token}},
        {"headers": {"Cookie": f"token={token}; Authorization=Bearer {token}"}},
        {"headers": {"X-Authorization": f"Bearer {token}"}},
        {"headers": {"Authorization": token}},
        {"headers": {"Authorization": f"Basic {token}"}},
        {"headers": {"Authorization": f"Bearer  {token}"}},
        {"headers": {"Authorization": f"Bearer {token},"}},
        {"headers": {"Authorization": f"Bearer {token} {token}"}},
        {"headers": {"Authorization": f"Bearer \u00e9{token}".encode()}},
        {"headers": [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]},
        {"headers": [("Authorization", f"Bearer {token}"), ("Authorization", "Basic x")]},
    ):
        answer = await http.client.get("/patient", **elsewhere)
        assert answer.status_code == 401, elsewhere
    in_body = {"token": token, "access_token": token}
    assert (await http.client.post("/patient/logout", json=in_body)).status_code == 401


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/patient/patient_manage"), ("POST", "/api/auth/refresh")])
async def test_a_made_up_token_does_not_queue_with_those_who_write(
    http: Http, desk: Desk, method: str, path: str
) -> None:
    made_up = {"Authorization": "Bearer made.up.token"}
    async with desk.write(), asyncio.timeout(5):
        assert (await http.client.request(method, path, headers=made_up, json={})).status_code == 401


async def test_a_fault_is_a_number_for_the_client_and_a_trace_for_the_operator(http: Http, desk: Desk) -> None:
    who = await http.patient()
    async with desk.write() as uow:
        await uow.conn.execute(text("DROP TABLE profiles"))
    for path, key, method in (("/patient", "msg", "GET"), ("/api/auth/me", "message", "POST")):
        with capture_logs() as lines:
            answer = await http.client.request(method, path, headers=who)
        assert answer.status_code == 500
        (line,) = lines
        assert answer.json()[key] == f"服务器出错了，编号 {line['number']}。"
        assert "profiles" not in answer.text
        assert line["path"] == path
        assert "exc_info" in line or "profiles" in line["error"]
    assert (await http.client.post("/patient/logout", headers=who)).status_code == 200  # it goes on


async def test_what_nobody_foresaw_leaves_its_trace_and_nobody_is_let_in(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await http.patient()

    async def broken(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(http.core.sessions, "authenticate", broken)
    with capture_logs() as lines:
        answer = await http.client.get("/patient", headers=who)
    assert answer.status_code == 500
    assert "foresaw" not in answer.text
    (line,) = lines
    assert line["exc_info"]
    assert line["number"] in answer.text


async def test_answers_are_neither_guessed_at_nor_kept_and_name_no_server(http: Http) -> None:
    for path in ("/patient", "/api/doctor/me", "/nowhere"):
        headers = (await http.client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers
