"""Every row of the documents' tables: what is required is required, types are held, answers have every key."""

import httpx
import pytest

from tests.contract import s0, s1
from tests.contract.facts import Json, Key, Operation, Parameter
from tests.contract.stage import OPERATIONS, Stage, named, real_body

JSON_BODIES = [one for one in OPERATIONS if one.body is not None and one is not s0.UPLOAD]
KEYED = [one for one in OPERATIONS if one.keys]
OTHER_TYPES: dict[str, list[Json]] = {
    "string": [0, 1, 1.5, True, False, None, [], ["string"], {}, {"value": "string"}],
    "integer": ["", "3", "three", 0.5, 1.0, True, False, None, [], [3], {}, {"value": 3}],
}
PYTHON_TYPES = {"integer": int, "string": str, "object": dict}


def others(operation: Operation, row: Parameter) -> list[Json]:
    """Values of every other type than the row's; without those that are accepted on purpose."""
    values = OTHER_TYPES[row.type]
    if row.name in {"sex", "gender"}:  # numbers and words alike (CONTRACT.md 1)
        values = [value for value in values if not (type(value) is int and value in {0, 1})]
    if operation.method == "PATCH" and not row.required:  # null erases (CONTRACT.md 3.6)
        values = [value for value in values if value is not None]
    return values


@pytest.mark.parametrize("operation", JSON_BODIES, ids=str)
async def test_each_required_field_left_out_is_named(stage: Stage, operation: Operation) -> None:
    token = await stage.ready_for(operation)
    for row in operation.fields:
        if row.required:
            body = real_body(operation)
            del body[row.name]
            assert named(await stage.send(operation, body, token)) == {row.name}


@pytest.mark.parametrize("operation", JSON_BODIES, ids=str)
async def test_each_value_of_another_type_is_named(stage: Stage, operation: Operation) -> None:
    token = await stage.ready_for(operation)
    for row in operation.fields:
        for value in others(operation, row):
            given = await stage.send(operation, real_body(operation) | {row.name: value}, token)
            assert named(given) == {row.name}, f"{row.name} {value!r}: {given.status_code} {given.text}"


@pytest.mark.parametrize("operation", JSON_BODIES, ids=str)
async def test_a_body_is_an_object(stage: Stage, operation: Operation) -> None:
    token = await stage.ready_for(operation)
    for body in ([], [real_body(operation)], "string", 0, True, 1.5):
        assert (await stage.send(operation, body, token)).status_code == 422, body
    assert (await stage.send(operation, None, token)).status_code == 422


@pytest.mark.parametrize("operation", JSON_BODIES, ids=str)
async def test_all_that_is_missing_is_named_at_once(stage: Stage, operation: Operation) -> None:
    token = await stage.ready_for(operation)
    assert named(await stage.send(operation, {}, token)) == {row.name for row in operation.fields if row.required}


async def test_a_certificate_that_is_no_file_is_named(stage: Stage) -> None:
    """The only row of type binary."""
    token = await stage.doctor()
    headers = {"Authorization": f"Bearer {token}"}
    for files in ({"certificate": (None, b"soluta")}, {"photo": ("a.jpg", b"soluta", "image/jpeg")}):
        given = await stage.client.post(s0.UPLOAD.path, headers=headers, files=files)
        assert named(given) >= {"certificate"}, given.text


@pytest.mark.parametrize("operation", KEYED, ids=str)
async def test_an_answer_has_every_key_of_its_table(stage: Stage, operation: Operation) -> None:
    token = await stage.ready_for(operation)
    check_keys(await stage.send(operation, real_body(operation) or None, token), operation.keys)


async def test_a_profile_with_nothing_told_has_every_key_too(stage: Stage) -> None:
    token = await stage.patient()
    check_keys(await stage.send(s1.PROFILE, token=token), s1.PROFILE.keys)


def check_keys(given: httpx.Response, keys: tuple[Key, ...]) -> None:
    """Each key is there, with the documented type or null; `code` and what the profile cannot lack are never null."""
    assert given.status_code == 200, given.text
    for key in keys:
        value = given.json()
        for part in key.path.split("."):
            if value is None:  # `data` is null where there is nothing to tell
                break
            assert part in value, key.path
            value = value[part]
        if value is not None or key.path in {"code", "data.phone"}:
            assert type(value) is PYTHON_TYPES[key.type], key.path
