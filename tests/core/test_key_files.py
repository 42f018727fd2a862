"""A key file that changes while it is used: the next key in is known at once, a broken file changes nothing."""

import asyncio
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.key_files import KeyFile, write_keys
from core.keys import KeyRing, WeakKey, new_key_text
from core.passwords import Passwords
from core.sealing import Sealer
from core.values import Password

OLD, NEW = KeyRing.parse(new_key_text()), KeyRing.parse(new_key_text())
BOTH = KeyRing(NEW.current, NEW.keys | OLD.keys)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    write_keys(path, OLD)
    return path


@pytest.fixture
def opened(path: Path) -> KeyFile:
    return KeyFile(path, lambda: KeyRing.parse(path.read_text(encoding="ascii")))


def pass_time(opened: KeyFile) -> None:
    """So much that the file is looked at again."""
    opened._look_at = 0.0


def test_what_another_process_seals_by_a_new_key_opens_at_once(path: Path, opened: KeyFile) -> None:
    write_keys(path, BOTH)
    sealed = Sealer(BOTH, "x").seal(b"plain", b"here")
    assert Sealer(opened, "x").open(sealed, b"here") == b"plain"


def test_a_new_key_seals_soon_and_the_old_one_still_opens(path: Path, opened: KeyFile) -> None:
    sealer = Sealer(opened, "x")
    old = sealer.seal(b"plain", b"here")
    write_keys(path, BOTH)
    pass_time(opened)
    assert sealer.open(old, b"here") == b"plain"
    assert Sealer(NEW, "x").open(sealer.seal(b"plain", b"here"), b"here") == b"plain"


def test_a_file_that_is_broken_or_gone_changes_nothing_and_is_told(path: Path, opened: KeyFile) -> None:
    with capture_logs() as logged:
        for spoil in (lambda: path.write_text("nonsense"), path.unlink):
            spoil()
            pass_time(opened)
            assert opened.now == OLD
            assert opened.find("unknown") is None
    assert [entry["event"] for entry in logged] == ["keys.unreadable"] * 2
    assert OLD.key not in repr(logged).encode()


def test_what_is_broken_from_the_start_is_not_begun_with(path: Path) -> None:
    path.write_text("nonsense")
    with pytest.raises(WeakKey):
        KeyFile(path, lambda: KeyRing.parse(path.read_text()))


def test_keys_are_written_whole_for_their_user_alone(path: Path) -> None:
    write_keys(path, BOTH)
    written = KeyRing.parse(path.read_text(encoding="ascii"))
    assert (written.current, written.keys) == (NEW.current, BOTH.keys)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keys"]


async def test_a_pepper_taken_out_while_all_runs_lets_nobody_in_and_breaks_nothing(path: Path, opened: KeyFile) -> None:
    passwords = Passwords(opened, cost=4)
    kept = await passwords.hash(Password("correct horse battery"))
    write_keys(path, NEW)
    pass_time(opened)
    assert not await passwords.verify(kept, "correct horse battery")
    assert not await passwords.verify(None, "correct horse battery")
    fresh = await passwords.hash(Password("correct horse battery"))
    assert (fresh.pepper_id, await passwords.verify(fresh, "correct horse battery")) == (NEW.current, True)
    passwords.close()


async def test_of_many_who_add_a_key_at_once_nobody_loses_theirs(path: Path) -> None:
    fresh = [KeyRing.parse(new_key_text()) for _ in range(8)]

    def add(ring: KeyRing) -> None:
        file = KeyFile(path, lambda: KeyRing.parse(path.read_text(encoding="ascii")))
        file.change(lambda now: now.with_key(ring.current, ring.key, in_front=True))

    await asyncio.gather(*(asyncio.to_thread(add, ring) for ring in fresh))
    kept = KeyRing.parse(path.read_text(encoding="ascii"))
    assert set(kept.keys) == {OLD.current, *(ring.current for ring in fresh)}
    assert kept.without(OLD.current).keys == {ring.current: ring.key for ring in fresh}
