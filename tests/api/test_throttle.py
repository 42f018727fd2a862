"""So many requests a minute, and pages of other sites (CONTRACT.md 3.11)."""

import asyncio
from ipaddress import ip_network

import httpx
from sqlalchemy import text

from core.settings import Api
from tests.api.conftest import PASSWORD, PHONE, Http, Serve
from tests.conftest import Desk, SetClock

FOR_ANYONE = (
    "/api/auth/login",
    "/api/auth/register",
    "/patient/login",
    "/patient/register",
    "/doctor/login",
    "/doctor/register",
)


async def ask(http: Http, times: int, **how: object) -> list[int]:
    return [(await http.client.get("/patient", **how)).status_code for _ in range(times)]  # type: ignore[arg-type]


async def test_who_asks_too_often_waits_and_is_told_how_long(serve: Serve, clock: SetClock) -> None:
    http = await serve(Api(rate_per_minute=3))
    answers = []
    for _ in range(3):
        answers.append(await http.client.get("/patient"))
        clock.advance(seconds=10)
    assert [answer.status_code for answer in answers] == [401] * 3
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0"]
    for path, told in (
        ("/patient", {"code": 429, "data": None, "msg": "请求太频繁，请 30 秒后再试。"}),
        ("/api/doctor/me", {"message": "请求太频繁，请 30 秒后再试。"}),
    ):
        answer = await http.client.get(path)
        assert (answer.status_code, answer.json()) == (429, told)
        limits = {name: answer.headers[name] for name in ("retry-after", "x-ratelimit-limit", "x-ratelimit-remaining")}
        assert limits == {"retry-after": "30", "x-ratelimit-limit": "3", "x-ratelimit-remaining": "0"}
    clock.advance(seconds=30)
    assert await ask(http, 2) == [401, 429]  # the minute moves: one of the three is over


async def test_people_behind_one_address_are_counted_each_by_their_own_account(serve: Serve) -> None:
    http = await serve(Api(rate_per_minute=6))
    first, second = await http.patient(), await http.patient("13912345678")
    assert await ask(http, 7, headers=first) == [200] * 6 + [429]
    assert await ask(http, 1, headers=second) == [200]
    assert await ask(http, 3) == [401, 401, 429]  # the address has its own count: four were registering and logging in


async def test_a_token_that_is_none_of_ours_counts_for_the_address(serve: Serve, clock: SetClock) -> None:
    http = await serve(Api(rate_per_minute=4))
    who = await http.patient()
    assert await ask(http, 1, headers={"Authorization": "Bearer made.up.token"}) == [401]
    clock.advance(seconds=20)
    assert await ask(http, 2) == [401, 429]
    assert await ask(http, 1, headers=who) == [200]


async def test_where_anyone_may_ask_a_token_buys_nothing(serve: Serve) -> None:
    http = await serve(Api(rate_per_minute=2))
    who = await http.patient()
    document = (await http.client.get("/openapi.json")).json()
    found = [
        (path, (await http.client.post(path, headers=who, json={})).status_code)
        for path, operations in document["paths"].items()
        if "security" not in operations.get("post", {"security": []})
    ]
    assert dict(found) == dict.fromkeys(FOR_ANYONE, 429)
    assert await ask(http, 1, headers=who) == [200]


async def test_a_token_that_is_over_uses_up_nothing_of_its_owners(serve: Serve, clock: SetClock) -> None:
    http = await serve(Api(rate_per_minute=6))
    over = await http.patient()
    who = await http.log_in()
    assert (await http.client.post("/patient/logout", headers=over)).status_code == 200
    clock.advance(minutes=1)
    for _ in range(2):
        together = await asyncio.gather(*(ask(http, 1, headers=over) for _ in range(3)))
        assert together == [[401]] * 3
    assert await ask(http, 2, headers=over) == [429, 429]
    assert await ask(http, 1) == [429]  # they were counted for the address
    assert await ask(http, 7, headers=who) == [200] * 6 + [429]


async def test_a_fault_tells_the_limits_too(serve: Serve, desk: Desk) -> None:
    http = await serve(Api(rate_per_minute=6))
    who = await http.patient()
    async with desk.write() as uow:
        await uow.conn.execute(text("DROP TABLE profiles"))
    answer = await http.client.get("/patient", headers=who)
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (500, "5")


async def test_zero_is_no_limit(http: Http) -> None:
    answers = [await http.client.get("/patient") for _ in range(70)]
    assert {answer.status_code for answer in answers} == {401}
    assert "x-ratelimit-limit" not in answers[-1].headers


async def test_the_documentation_is_not_counted_and_what_only_begins_like_it_is(serve: Serve) -> None:
    http = await serve(Api(rate_per_minute=1))
    for _ in range(3):
        assert (await http.client.get("/docs")).status_code == 200
    assert (await http.client.get("/docs-and-more")).status_code == 404
    assert await ask(http, 1) == [429]


async def test_an_address_told_by_a_stranger_is_not_believed(serve: Serve) -> None:
    http = await serve(Api(rate_per_minute=2))
    told = [{"headers": {"X-Forwarded-For": f"198.51.100.{n}"}} for n in range(3)]
    assert [(await ask(http, 1, **how))[0] for how in told] == [401, 401, 429]


async def test_behind_a_trusted_proxy_the_client_is_who_it_says(serve: Serve) -> None:
    http = await serve(Api(rate_per_minute=2, trusted_proxies=[ip_network("127.0.0.0/8")]))
    for n in range(3):
        told = {"X-Forwarded-For": f"192.0.2.1, 198.51.100.{n}"}
        assert await ask(http, 3, headers=told) == [401, 401, 429]


async def test_what_a_proxy_passes_on_that_is_no_address_makes_nobody_anew(serve: Serve) -> None:
    http = await serve(Api(rate_per_minute=2, trusted_proxies=[ip_network("127.0.0.1")]))
    told = [{"headers": {"X-Forwarded-For": given}} for given in ("unknown", "_hidden", "999.1.1.1")]
    assert [(await ask(http, 1, **how))[0] for how in told] == [401, 401, 429]


async def test_one_subscribers_many_ipv6_addresses_are_one(serve: Serve) -> None:
    http = await serve(Api(rate_per_minute=2, trusted_proxies=[ip_network("127.0.0.1")]))
    told = [{"headers": {"X-Forwarded-For": f"2001:db8:1:2::{n}"}} for n in range(3)]
    assert [(await ask(http, 1, **how))[0] for how in told] == [401, 401, 429]


async def test_wrong_passwords_from_one_address_are_counted_behind_a_proxy_too(serve: Serve) -> None:
    http = await serve(Api(rate_per_minute=0, trusted_proxies=[ip_network("127.0.0.1")]))
    tries = http.core.settings.login.free_failures_per_address

    async def log_in(address: str, phone: str) -> httpx.Response:
        body = {"phone": phone, "password": PASSWORD}
        return await http.client.post("/patient/login", json=body, headers={"X-Forwarded-For": address})

    for n in range(tries):
        assert (await log_in("198.51.100.1", f"138{n:08}")).status_code == 401
    assert (await log_in("198.51.100.1", PHONE)).status_code == 429
    assert (await log_in("198.51.100.2", PHONE)).status_code == 401


async def test_pages_of_other_sites_may_call_only_where_the_operator_says_so(serve: Serve) -> None:
    origin = "https://app.clinic.example"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization",
    }
    closed = await serve()
    answer = await closed.client.options("/patient/patient_manage", headers=asked)
    assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (405, False)
    opened = await serve(Api(rate_per_minute=1, cors_origins=[origin]))
    answer = await opened.client.options("/patient/patient_manage", headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
    assert "access-control-allow-credentials" not in answer.headers
    for status in (401, 429):
        answer = await opened.client.get("/patient", headers={"Origin": origin})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, origin)
    other = await opened.client.options("/patient", headers={**asked, "Origin": "https://evil.example"})
    assert (other.status_code, "access-control-allow-origin" in other.headers) == (400, False)
