"""Every statement about accounts and tokens is proven by a scenario, on every face where it means something."""

from types import ModuleType

import pytest

from tests.faces import test_accounts, test_across, test_logins, test_matrix, test_records, test_tokens
from tests.faces.rules import ELSEWHERE, FACES, MEANINGLESS, STATEMENTS

SCENARIOS: tuple[ModuleType, ...] = (test_accounts, test_across, test_logins, test_matrix, test_records, test_tokens)
PROVEN = {
    statement for module in SCENARIOS for test in vars(module).values() for statement in getattr(test, "statements", ())
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_scenario_proves_it(statement: str) -> None:
    assert statement in PROVEN


def test_nothing_is_left_out_without_a_reason_and_nothing_everywhere() -> None:
    for statement, reasons in MEANINGLESS.items():
        assert statement in PROVEN, statement
        assert reasons.keys() < set(FACES), statement
        assert all(reasons.values()), statement


def test_every_statement_of_the_tokens_page_is_named() -> None:
    assert {f"TOKENS T{number}" for number in range(1, 30)} <= {*STATEMENTS, *ELSEWHERE}
