"""Field by field: what nobody should send. It is named and refused, and nothing of what is kept has changed."""

from typing import Final

import pytest

from tests.contract import hostile, s0, s1, s2
from tests.contract.facts import Json, Operation
from tests.contract.hostile import NEVER_WRITABLE, NO_PLACES, escaped
from tests.contract.stage import Stage, named, real_body

WRITES: Final = (s0.REGISTER, s1.REGISTER, s2.REGISTER, s1.MANAGE, s2.MANAGE)
REFUSED: Final = [pytest.param(operation, fields, id=str(operation)) for operation, fields in hostile.REFUSED]


@pytest.mark.parametrize(("operation", "fields"), REFUSED)
async def test_a_wrong_value_is_named_and_changes_nothing(
    stage: Stage, operation: Operation, fields: dict[str, tuple[Json, ...]]
) -> None:
    token = await stage.filled(operation)
    before = await stage.kept()
    for field, values in fields.items():
        for value in values:
            given = await stage.send(operation, escaped(real_body(operation) | {field: value}), token)
            assert named(given) == {field}, f"{field} {value!r:.40}: {given.status_code} {given.text}"
        assert await stage.kept() == before, field


@pytest.mark.parametrize("field", ["hospital_id", "department_id"])
async def test_a_number_of_no_place_is_not_found(stage: Stage, field: str) -> None:
    token = await stage.filled(s2.MANAGE)
    before = await stage.kept()
    for number in NO_PLACES:
        given = await stage.send(s2.MANAGE, real_body(s2.MANAGE) | {field: number}, token)
        assert given.status_code == 404, f"{number}: {given.text}"
        assert given.json()["code"] == 404
        assert await stage.kept() == before


@pytest.mark.parametrize("operation", WRITES, ids=str)
async def test_what_is_never_writable_is_named_and_changes_nothing(stage: Stage, operation: Operation) -> None:
    """CONTRACT.md 3.6; mass assignment is one of the faults of CONTRACT.md 4."""
    token = await stage.filled(operation)
    before = await stage.kept()
    smuggled = NEVER_WRITABLE | ({"password": "another word"} if operation.method == "PATCH" else {})
    for name, value in smuggled.items():
        given = await stage.send(operation, real_body(operation) | {name: value}, token)
        assert named(given) == {name}, f"{name}: {given.text}"
        assert await stage.kept() == before
    given = await stage.send(operation, real_body(operation) | smuggled, token)
    assert named(given) == set(smuggled)


async def test_a_query_or_a_form_smuggles_nothing_in(stage: Stage) -> None:
    body = real_body(s1.REGISTER)
    given = await stage.client.post("/patient/register?role=admin&id=1&phone=13700000000", json=body)
    assert given.status_code == 200
    assert (await stage.send(s1.LOGIN, real_body(s1.LOGIN))).json()["data"]["role"] == "patient"
    before = await stage.kept()
    assert (await stage.client.post("/patient/register", data=body | {"phone": "13700000001"})).status_code == 422
    assert await stage.kept() == before


@pytest.mark.parametrize(("operation", "other"), [(s1.MANAGE, s2.MANAGE), (s2.MANAGE, s1.MANAGE)], ids=str)
async def test_fields_of_the_other_role_are_named_and_change_nothing(
    stage: Stage, operation: Operation, other: Operation
) -> None:
    token = await stage.filled(operation)
    before = await stage.kept()
    own = {row.name for row in operation.fields}
    foreign = {name: value for name, value in real_body(other).items() if name not in own}
    assert named(await stage.send(operation, real_body(operation) | foreign, token)) == set(foreign)
    assert await stage.kept() == before


@pytest.mark.parametrize("operation", [s1.MANAGE, s2.MANAGE], ids=str)
async def test_a_record_with_another_phone_is_refused_whole(stage: Stage, operation: Operation) -> None:
    """CONTRACT.md 3.5."""
    token = await stage.filled(operation)
    before = await stage.kept()
    given = await stage.send(operation, real_body(operation) | {"phone": "13700000000", "name": "李四"}, token)
    assert (given.status_code, given.json()["code"], given.json()["data"]) == (403, 403, None)
    assert await stage.kept() == before
