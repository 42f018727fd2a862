"""The description of the routes and its page (CONTRACT.md 2)."""

import json
import re
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from api import texts
from tests.api.conftest import Http, bearer

OPERATIONS = {
    ("post", "/api/auth/login"): ("login", {"200", "401", "422", "429"}),
    ("post", "/api/auth/register"): ("register", {"200", "422", "429"}),
    ("post", "/api/auth/logout"): ("logout", {"200", "401"}),
    ("post", "/api/auth/refresh"): ("refresh", {"200", "401"}),
    ("post", "/api/auth/me"): ("me", {"200", "401"}),
    ("get", "/api/doctor/me"): ("doctor_me", {"200", "401", "403"}),
    ("get", "/api/doctor/certificate"): ("certificate", {"200", "401", "403"}),
    ("post", "/api/doctor/certificate/upload"): (
        "certificate_upload",
        {"200", "401", "403", "409", "413", "415", "422"},
    ),
    ("post", "/patient/login"): ("patient_login", {"200", "401", "422", "429"}),
    ("post", "/patient/register"): ("patient_register", {"200", "409", "422", "429"}),
    ("post", "/patient/logout"): ("patient_logout", {"200", "401", "403"}),
    ("patch", "/patient/patient_manage"): ("patient_manage", {"200", "401", "403", "409", "422"}),
    ("get", "/patient"): ("patient", {"200", "401", "403"}),
    ("post", "/doctor/login"): ("doctor_login", {"200", "401", "422", "429"}),
    ("post", "/doctor/logout"): ("doctor_logout", {"200", "401", "403"}),
    ("post", "/doctor/register"): ("doctor_register", {"200", "409", "422", "429"}),
    ("patch", "/doctor/doctor_manage"): ("doctor_manage", {"200", "401", "403", "404", "409", "422"}),
    ("get", "/doctor"): ("doctor", {"200", "401", "403"}),
}
EVERYWHERE = {"413", "429", "500"}
REFUSALS = ("taken", "unknown", "in_review")
ROLES = ("Patient", "Doctor")
FORMS = ("Credentials", "Registration", "Changes")
FOR_ANYONE = {"login", "register", "patient_login", "patient_register", "doctor_login", "doctor_register"}


async def described(http: Http) -> dict[str, Any]:
    document: dict[str, Any] = (await http.client.get("/openapi.json")).json()
    return document


async def test_every_operation_of_the_contract_is_described_and_no_other(http: Http) -> None:
    document = await described(http)
    found = {
        (method, path): (operation["operationId"], set(operation["responses"]))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert found == {place: (name, statuses | EVERYWHERE) for place, (name, statuses) in OPERATIONS.items()}


async def test_a_token_is_asked_for_where_one_is_needed(http: Http) -> None:
    document = await described(http)
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for operations in document["paths"].values():
        for operation in operations.values():
            assert ("security" in operation) == (operation["operationId"] not in FOR_ANYONE)
            assert operation["summary"]
            assert operation["description"]


async def test_every_example_is_of_its_own_schema(http: Http) -> None:
    document = await described(http)
    examples = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                content = response["content"]["application/json"]
                schema = {**content["schema"], "components": document["components"]}
                Draft202012Validator(schema).validate(content["example"])
                examples += 1
    assert examples > 100


async def test_an_example_of_a_refusal_is_about_a_field_of_its_operation(http: Http) -> None:
    document = await described(http)
    checked = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            about_fields = {"404", "409", "422"} & operation["responses"].keys()
            fields = fields_of(operation, document) if about_fields else set()
            for status in about_fields:
                assert named_in(operation["responses"][status]["content"]["application/json"]["example"], fields)
                checked += 1
    assert checked == 15


def fields_of(operation: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """The names of what is sent."""
    (form,) = operation["requestBody"]["content"].values()
    schema = form["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema["properties"])


def named_in(example: dict[str, Any], fields: set[str]) -> bool:
    """Whether a refusal is about these fields: by their names, or where it has none by the words that they have."""
    errors = example.get("errors") or (example.get("data") or {}).get("errors")
    if errors:
        return set(errors) <= fields
    things = fields | {field.removesuffix("_id") for field in fields}
    told: str = example.get("message") or example["msg"]
    return told in {texts.sentence(f"{thing}.{fault}", {}) for thing in things for fault in REFUSALS}


async def test_every_schema_is_of_something_that_is_sent_or_answered(http: Http) -> None:
    document = await described(http)
    named = set(re.findall('"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert document["components"]["schemas"].keys() == named


async def test_a_failed_login_is_not_described_as_a_missing_token(http: Http) -> None:
    paths = (await described(http))["paths"]
    for path in ("/api/auth/login", "/patient/login", "/doctor/login"):
        refused = paths[path]["post"]["responses"]["401"]
        assert refused["description"] == "The account or the password is not right."
        assert "登录验证失败" in refused["content"]["application/json"]["example"].values()


@pytest.mark.parametrize("role", ROLES)
async def test_who_registers_by_the_example_can_go_on_with_the_next(http: Http, role: str) -> None:
    schemas = (await described(http))["components"]["schemas"]
    registration, login, changes = (
        schemas[role + form]["examples"][0] for form in ("Registration", "Credentials", "Changes")
    )
    path = f"/{role.lower()}"
    assert (await http.client.post(f"{path}/register", json=registration)).status_code == 200
    token = (await http.client.post(f"{path}/login", json=login)).json()["data"]["token"]
    changes = {name: value for name, value in changes.items() if name not in {"hospital_id", "department_id"}}
    answer = await http.client.patch(f"{path}{path}_manage", json=changes, headers=bearer(token))
    assert answer.status_code == 200, answer.text


async def test_the_documents_own_examples_stand_at_the_requests(http: Http) -> None:
    document = await described(http)
    registration = {"username": "demo", "password": "12345678", "email": "me@example.com", "sex": 0, "age": 24}
    assert document["components"]["schemas"]["Registration"]["examples"] == [registration]
    for name in ("Credentials", "Registration", *(role + form for role in ROLES for form in FORMS)):
        schema = document["components"]["schemas"][name]
        Draft202012Validator({**schema, "components": document["components"]}).validate(schema["examples"][0])


async def test_the_other_spelling_of_speciality_is_described_but_not_both_at_once(http: Http) -> None:
    document = await described(http)
    schema = document["components"]["schemas"]["DoctorChanges"]
    assert schema["properties"]["specialty"]["deprecated"]
    valid = Draft202012Validator({**schema, "components": document["components"]}).is_valid
    sent = {"phone": "13912345678", "name": "王某某", "specialty": "心内科"}
    assert (valid(sent), valid({**sent, "specialities": "心内科"})) == (True, False)
    assert not valid({**sent, "speciality": "心内科"})


async def test_the_page_works_without_anything_from_outside(http: Http) -> None:
    page = await http.client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert not re.findall(r"https?://|//[a-z]", " ".join(loaded))
    for path in loaded:
        assert (await http.client.get(path)).status_code == 200, path
    assert '"validatorUrl": null' in page.text  # the library would have its badge drawn by a server of its own
    assert page.headers["content-security-policy"].startswith("default-src 'self' 'unsafe-inline'")


@pytest.mark.parametrize(
    "path", ["/redoc", "/docs/", "/docs/oauth2-redirect", "/static-offline-docs/../../../pyproject.toml"]
)
async def test_nothing_else_is_served(http: Http, path: str) -> None:
    assert (await http.client.get(path)).status_code == 404
