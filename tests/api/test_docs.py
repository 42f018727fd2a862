"""The description of the routes and its page (CONTRACT.md 2)."""

import re
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from tests.api.conftest import Http

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


async def test_the_documents_own_examples_stand_at_the_requests(http: Http) -> None:
    document = await described(http)
    registration = {"username": "demo", "password": "12345678", "email": "me@example.com", "sex": 0, "age": 24}
    assert document["components"]["schemas"]["Registration"]["examples"] == [registration]
    for name in ("Credentials", "Registration", "PatientChanges", "DoctorChanges"):
        schema = document["components"]["schemas"][name]
        Draft202012Validator({**schema, "components": document["components"]}).validate(schema["examples"][0])


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


@pytest.mark.parametrize("path", ["/redoc", "/docs/", "/static-offline-docs/../../../pyproject.toml"])
async def test_nothing_else_is_served(http: Http, path: str) -> None:
    assert (await http.client.get(path)).status_code == 404
