"""The facts themselves: where another answer than the printed one is expected, a statement says so."""

import pytest

from tests.contract.facts import Answer, Json, Operation
from tests.contract.stage import OPERATIONS

ANSWERS = [pytest.param(answer, id=f"{one} {answer.status}") for one in OPERATIONS for answer in one.answers]


def fits(printed: Json, expected: Json) -> bool:
    """Whether what is expected is what is printed, or the type of it."""
    if isinstance(printed, dict) and isinstance(expected, dict):
        return printed.keys() == expected.keys() and all(fits(printed[key], expected[key]) for key in printed)
    if isinstance(expected, type):
        return type(printed) is expected
    return bool(printed == expected) or (printed == "string" and isinstance(expected, str))


@pytest.mark.parametrize("answer", ANSWERS)
def test_only_a_statement_changes_what_is_printed(answer: Answer) -> None:
    assert fits(answer.printed, answer.expected) != (answer.settled is not None)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_printed_body_has_the_fields_of_its_table(operation: Operation) -> None:
    body, rows = operation.body or {}, operation.fields
    assert body.keys() <= {row.name for row in rows}
    assert {row.name for row in rows if row.required} <= body.keys()


def test_every_printed_operation_has_a_row_of_its_own() -> None:
    assert sorted(one.row for one in OPERATIONS) == list(range(1, 18))  # 18 is an addition (CONTRACT.md 2.18)
