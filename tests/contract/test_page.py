"""The OpenAPI page shows what the documents print: every operation, every answer, every field of a request."""

from typing import Final

import pytest

from tests.contract import s0
from tests.contract.facts import JSON_TYPE, Json, Operation, matches
from tests.contract.page import read_page
from tests.contract.stage import OPERATIONS

PAGE: Final = read_page()


def is_like(example: Json, expected: Json) -> bool:
    """Whether an example is an answer that could be given: as expected, but for what was never told."""
    if isinstance(expected, dict) and isinstance(example, dict):
        return expected.keys() == example.keys() and all(is_like(example[key], expected[key]) for key in expected)
    return matches(expected, example) or (example is None and expected is str)


def test_the_page_has_the_printed_operations_and_the_one_addition() -> None:
    listed = {(method.upper(), path) for path, methods in PAGE["paths"].items() for method in methods}
    assert listed == {(one.method, one.path) for one in OPERATIONS} | {("GET", "/doctor")}  # CONTRACT.md 2.18


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_is_described_as_it_is_printed(operation: Operation) -> None:
    described = PAGE["paths"][operation.path][operation.method.lower()]
    for answer in operation.answers:
        example = described["responses"][str(answer.status)]["content"][JSON_TYPE]["example"]
        assert example == answer.printed or is_like(example, answer.expected), example
    assert ("security" in described) == (operation.who != "anyone")
    if operation.fields and operation is not s0.UPLOAD:
        reference = described["requestBody"]["content"][JSON_TYPE]["schema"]["$ref"]
        schema = PAGE["components"]["schemas"][reference.rpartition("/")[2]]
        assert schema["properties"].keys() >= {row.name for row in operation.fields}
        assert set(schema["required"]) == {row.name for row in operation.fields if row.required}
        assert schema["additionalProperties"] is False
