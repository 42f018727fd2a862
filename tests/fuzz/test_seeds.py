"""Each fuzzed parser keeps what it promises for its seeds: good material, hostile material, and whatever was found."""

import pytest

from tests.fuzz.material import Material
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds(name: str) -> None:
    target = TARGETS[name]
    for seed in (*target.seeds(), b"", b"\0" * 50, b"\xff" * 50):
        target.run(seed)


def test_material_that_ends_is_all_zero() -> None:
    material = Material(b"\x03ab")
    assert (material.text(), material.number(), material.text(), material.rest()) == ("ab", 0, "", b"")
