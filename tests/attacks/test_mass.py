"""Mass assignment and other people's numbers, on every route there is (8.2.2, 8.2.3; CONTRACT.md 3.6)."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from storage.tables.base import metadata
from tests.api.conftest import bearer
from tests.attacks.town import Town
from tests.bot.conftest import PASSWORD

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

_TRICKS: Final = (
    "__proto__", "constructor", "$set", "role[]", "account[role]", "account.role", "is_admin", "admin", "_method",
    "Role", "ROLE", "role ", "role\u200b", "user", "data", "password_confirmation", "remember", "code",
)  # fmt: skip
_PATIENTS: Final = {"phone", "name", "gender", "birth_date", "address", "medical_history", "avatar_url"}
_DOCTORS: Final = {
    "phone", "name", "gender", "birth_date", "avatar_url",
    "hospital_id", "department_id", "internal_id", "position_rank", "speciality", "specialty",
}  # fmt: skip
_WRITABLE: Final = {
    "/api/auth/login": {"email", "password"},
    "/api/auth/register": {"username", "email", "password", "sex", "age"},
    "/patient/login": {"phone", "password"},
    "/patient/register": {"phone", "password", "name"},
    "/patient/patient_manage": _PATIENTS,
    "/doctor/login": {"phone", "password"},
    "/doctor/register": {"phone", "password", "name"},
    "/doctor/doctor_manage": _DOCTORS,
}
"""Every field that a request may write, written out: a new one says so here."""
_OF_ACCOUNTS: Final = ("accounts", "profiles", "sessions", "submissions", "consents", "account_chats")


async def _description(town: Town) -> dict[str, Any]:
    described: dict[str, Any] = (await town.http.client.get("/openapi.json")).json()
    return described


def _routes(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def _fields(described: dict[str, Any], operation: dict[str, Any]) -> set[str] | None:
    """The fields of a route's JSON body; None when it has none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = described["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return set(schema["properties"])


async def _people(town: Town) -> dict[str, tuple[dict[str, str], str]]:
    """A patient and a doctor over HTTP: the header that logs them in, and their phone."""
    made = {}
    for role in ("patient", "doctor"):
        phone = town.next_phone()
        registration = {"phone": phone, "password": PASSWORD, "name": "张三"}
        assert (await town.http.client.post(f"/{role}/register", json=registration)).status_code == 200
        login = await town.http.client.post(f"/{role}/login", json={"phone": phone, "password": PASSWORD})
        made[role] = (bearer(login.json()["data"]["token"]), phone)
    return made


async def test_no_route_takes_a_field_that_is_not_its_own(town: Town) -> None:
    """Every column of every table about accounts, every field of any other route, and names made to slip through."""
    described, people = await _description(town), await _people(town)
    every = {column.name for table in _OF_ACCOUNTS for column in metadata.tables[table].c} | set(_TRICKS)
    bodies = [(method, path, fields) for method, path, op in _routes(described) if (fields := _fields(described, op))]
    assert {path: fields for _, path, fields in bodies} == _WRITABLE
    every |= set[str]().union(*(fields for *_, fields in bodies))
    before = await town.kept()
    for method, path, fields in bodies:
        who, phone = people["doctor" if path.startswith(("/doctor", "/api")) else "patient"]
        body = _good_body(path, phone, town.next_phone())
        for name in sorted(every - fields):
            sent = json.dumps({**body, name: "admin"}).encode()
            answer = await town.http.client.request(method, path, content=sent, headers=_json(who))
            assert answer.status_code == 422, (path, name, answer.text)
            assert name[:20] in answer.text, (path, name)
    assert await town.kept() == before


async def test_the_upload_takes_one_file_and_no_field(town: Town) -> None:
    who, _ = (await _people(town))["doctor"]
    before = await town.kept()
    for name in ("account_id", "state", "id", "certificate", "path"):
        answer = await town.http.client.post(
            "/api/doctor/certificate/upload",
            headers=who,
            data={name: "1"},
            files={"certificate": ("a.png", b"\x89PNG")},
        )
        assert answer.status_code in {415, 422}, name
    assert await town.kept() == before


async def test_no_way_to_name_an_account_leads_to_anothers(town: Town) -> None:
    """A route answers about who asks, whatever its query, headers, cookies and path say."""
    described, people = await _description(town), await _people(town)
    client, victims = town.http.client, await _people(town)
    numbers = [str(number) for number in range(1, 12)]
    for role, (who, phone) in people.items():
        theirs = victims[role][1]
        for method, path, operation in _routes(described):
            if method != "get" or not operation.get("security"):
                continue
            plain = await client.get(path, headers=who)
            for key in ("id", "account_id", "sub", "user_id", "phone", "uid", "role"):
                for value in (theirs, *numbers[-2:], "admin"):
                    headers = {
                        **who,
                        f"X-{key}": value,
                        "X-Original-URL": f"{path}/{value}",
                        "Cookie": f"{key}={value}",
                    }
                    answer = await client.get(path, params={key: value}, headers=headers)
                    assert (answer.status_code, answer.content) == (plain.status_code, plain.content)
            for tail in (f"/{numbers[0]}", f"/../{numbers[0]}", "//", "/%2e%2e/patient", ";id=1", "/.", "%00"):
                strange = await client.get(f"{path}{tail}", headers=who)
                assert strange.status_code in {404, plain.status_code}, tail
                assert theirs not in strange.text
        assert phone in (await client.post("/api/auth/me", headers=who)).text


def _good_body(path: str, phone: str, fresh: str) -> dict[str, str | int]:
    if path == "/api/auth/login":
        return {"email": "me@example.com", "password": PASSWORD}
    if path == "/api/auth/register":
        return {"username": "demo", "password": PASSWORD, "email": "me@example.com", "sex": 0, "age": 24}
    if path.endswith("_manage"):
        return {"phone": phone, "name": "张三"}
    return {"phone": fresh, "password": PASSWORD, **({"name": "李四"} if path.endswith("register") else {})}


def _json(who: dict[str, str]) -> dict[str, str]:
    return {**who, "Content-Type": "application/json"}
