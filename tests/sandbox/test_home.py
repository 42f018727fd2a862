"""The folder of ``python -m sandbox up``."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.home import AlreadyRunningError, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "data" / "sandbox")
    with home.locked():
        return home


def test_secrets_are_made_once_and_only_for_their_user(home: Home) -> None:
    state = home.state()
    assert home.state() == state
    assert stat.S_IMODE((home.folder / "state.json").stat().st_mode) == 0o600


def test_each_folder_has_its_own_secrets(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    with other.locked():
        assert {other.state().token, other.state().admin_password}.isdisjoint(
            {home.state().token, home.state().admin_password}
        )


def test_without_its_database_the_admin_is_to_be_made_again(home: Home) -> None:
    home.database.touch()
    home.save(replace(home.state(), admin="made"))
    assert home.state().admin == "made"
    home.database.unlink()
    assert home.state().admin == "none"


def test_a_folder_is_held_by_one(home: Home) -> None:
    with home.locked(), pytest.raises(AlreadyRunningError), Home(home.folder).locked():
        pass
    with home.locked():
        pass


def test_others_may_not_look_into_the_folder(home: Home) -> None:
    home.folder.chmod(0o755)
    with home.locked():
        assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
