"""Passwords at rest and at work (SECURITY.md Passwords)."""

import asyncio
import base64
import hashlib
import hmac
import os
import sys
import threading
from unicodedata import normalize

import bcrypt
import pytest

from core.errors import Busy, InvalidValue
from core.keys import KeyRing, new_key_text
from core.passwords import PasswordHash, Passwords, common_passwords
from core.values import Password

PEPPERS = KeyRing.parse(new_key_text())
GOOD = Password.parse("correct horse battery")


def made(**options: int | bool) -> Passwords:
    return Passwords(PEPPERS, **({"cost": 4, "threads": 2} | options))  # type: ignore[arg-type]


async def test_a_stored_password_says_how_it_was_made_and_not_what_it_is() -> None:
    passwords = made()
    one, other = await passwords.hash(GOOD), await passwords.hash(GOOD)
    assert (one.scheme, one.pepper_id) == ("bcrypt-sha384", PEPPERS.current)
    assert one.value != other.value
    assert one.value not in repr(one)


async def test_it_is_bcrypt_over_base64_of_an_hmac_with_the_pepper() -> None:
    """Made here once more by hand: another form would let nobody in who has a hash of today."""
    typed = "ｃorrect horse é" + 48 * "密"
    stored = await made().hash(Password.parse(typed))
    keyed = hmac.new(PEPPERS.key, normalize("NFKC", typed).encode(), hashlib.sha384).digest()
    assert bcrypt.checkpw(base64.b64encode(keyed), stored.value.encode())


async def test_nothing_is_cut_at_72_bytes() -> None:
    passwords = made()
    stored = await passwords.hash(Password.parse("汉" * 63 + "a"))
    assert await passwords.verify(stored, "汉" * 63 + "a")
    assert not await passwords.verify(stored, "汉" * 63 + "b")


async def test_without_the_pepper_a_stolen_hash_is_no_use() -> None:
    stored = await made().hash(GOOD)
    other = Passwords(KeyRing.parse(new_key_text()), cost=4)
    assert not await other.verify(stored, GOOD.value)
    assert not bcrypt.checkpw(GOOD.value.encode(), stored.value.encode())


async def test_an_older_pepper_still_fits_and_is_then_outdated() -> None:
    stored = await made().hash(GOOD)
    new = KeyRing.parse(new_key_text())
    rotated = Passwords(KeyRing(new.current, new.keys | PEPPERS.keys), cost=4)
    assert await rotated.verify(stored, GOOD.value)
    assert rotated.is_outdated(stored)
    assert not made().is_outdated(stored)


async def test_a_rise_of_the_cost_outdates_and_a_fall_does_not() -> None:
    stored = await made(cost=5).hash(GOOD)
    assert made(cost=6).is_outdated(stored)
    assert not made(cost=4).is_outdated(stored)


async def test_an_imported_hash_with_nul_bytes_behind_the_password_is_no_match() -> None:
    stored = PasswordHash(bcrypt.hashpw(b"12345678", bcrypt.gensalt(4)).decode(), "bcrypt", None)
    passwords = made()
    assert await passwords.verify(stored, "12345678")
    assert not await passwords.verify(stored, "12345678\x0012345678")


def test_at_least_3000_common_passwords_are_known() -> None:
    assert len(common_passwords()) >= 3000
    assert all(len(word) >= 8 for word in common_passwords())


@pytest.mark.parametrize("text", ["password", "PassWord", "12345678", "１２３４５６７８"])
async def test_a_common_password_is_refused_for_that_reason(text: str) -> None:
    with pytest.raises(InvalidValue, match="too_common"):
        await made().hash(Password.parse(text))


@pytest.mark.parametrize("text", ["13812345678", "Wang Xiao Ming", "wang xiao ming"])
async def test_the_owners_own_data_is_refused_for_that_reason(text: str) -> None:
    with pytest.raises(InvalidValue, match="is_own_data"):
        await made().hash(Password.parse(text, own=["13812345678", "Wang Xiao Ming"]))


async def test_both_are_taken_where_that_is_switched_off() -> None:
    passwords = made(reject_common=False)
    assert await passwords.hash(Password.parse("12345678"))
    assert await passwords.hash(Password.parse("13812345678", own=["13812345678"]))


async def test_hashing_leaves_the_event_loop_free() -> None:
    passwords = made(cost=10)
    hashing = asyncio.gather(*(passwords.hash(GOOD) for _ in range(4)))
    rounds = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        rounds += 1
    await hashing
    assert rounds > 20  # counted, not timed: the machine may be busy with other things


async def test_a_full_queue_says_how_long_and_empties() -> None:
    passwords = made(threads=1)
    outcomes = await asyncio.gather(*(passwords.hash(GOOD) for _ in range(40)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Busy)]
    assert len(refused) == 8
    assert all(refusal.wait_seconds >= 1 for refusal in refused)
    assert await passwords.hash(GOOD)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux only")
async def test_hashing_threads_give_way_to_everything_else() -> None:
    passwords = made()

    def nice() -> tuple[str, int]:
        return threading.current_thread().name, os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    name, priority = await passwords._hasher.run(nice)
    assert name.startswith("hash")
    assert priority == 19
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < 19
