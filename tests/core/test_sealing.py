"""What lies sealed opens with its key, in its place, unchanged; and in no other way."""

import pytest

from core.keys import KeyRing, new_key_text
from core.sealing import SealBroken, Sealer

PLAIN = "上周起咳嗽".encode()
OLD, NEW = KeyRing.parse(new_key_text()), KeyRing.parse(new_key_text())


def test_what_was_sealed_opens_in_its_place() -> None:
    sealer = Sealer(OLD, "inbox")
    assert sealer.open(sealer.seal(PLAIN, b"inbox:1"), b"inbox:1") == PLAIN
    assert sealer.open(sealer.seal(b"", b"inbox:1"), b"inbox:1") == b""


def test_sealed_twice_is_not_the_same_and_shows_nothing() -> None:
    sealer = Sealer(OLD, "inbox")
    one, other = sealer.seal(PLAIN, b"x"), sealer.seal(PLAIN, b"x")
    assert one != other
    assert PLAIN not in one


def test_in_another_place_for_another_purpose_or_by_another_key_it_stays_shut() -> None:
    sealed = Sealer(OLD, "inbox").seal(PLAIN, b"inbox:1")
    for sealer, context in (
        (Sealer(OLD, "inbox"), b"inbox:2"),
        (Sealer(OLD, "answers"), b"inbox:1"),
        (Sealer(NEW, "inbox"), b"inbox:1"),
        (Sealer(KeyRing(OLD.current, {OLD.current: NEW.key}), "inbox"), b"inbox:1"),
    ):
        with pytest.raises(SealBroken):
            sealer.open(sealed, context)


def test_changed_or_cut_anywhere_it_stays_shut() -> None:
    sealer = Sealer(OLD, "inbox")
    sealed = sealer.seal(PLAIN, b"x")
    for position in range(len(sealed)):
        changed = bytes([*sealed[:position], sealed[position] ^ 1, *sealed[position + 1 :]])
        for broken in (changed, sealed[:position]):
            with pytest.raises(SealBroken):
                sealer.open(broken, b"x")


def test_after_a_change_of_keys_the_old_still_opens_and_the_new_seals() -> None:
    rotated = Sealer(KeyRing(NEW.current, NEW.keys | OLD.keys), "inbox")
    assert rotated.open(Sealer(OLD, "inbox").seal(PLAIN, b"x"), b"x") == PLAIN
    assert Sealer(NEW, "inbox").open(rotated.seal(PLAIN, b"x"), b"x") == PLAIN
