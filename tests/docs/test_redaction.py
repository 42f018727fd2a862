"""The plugin that looks through all logs of the suite finds what should not stand there (tests/redaction.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.project_files import ROOT
from tests.redaction import leaks, unmasked

LEAKY = """
import logging
from core.keys import KeyRing, new_key_text
from core.passwords import Passwords
from core.values import Password

async def test_that_goes_well_and_logs_what_it_should_not(tmp_path):
    passwords = Passwords(KeyRing.parse(new_key_text()), cost=4)
    await passwords.hash(Password("correct horse battery"))
    passwords.close()
    logging.getLogger("x").warning("said %s", "correct horse battery")

def test_that_writes_a_process_log(tmp_path):
    (tmp_path / "bot.log").write_text("the phone 13812345678")

def test_that_tells_nothing(tmp_path):
    logging.getLogger("x").warning("said nothing")
"""


def test_a_secret_a_picture_and_what_is_not_masked_are_found() -> None:
    assert leaks("typed hush-hush", {"hush-hush", "other"}) == ["hush-hush"]
    assert leaks(f"got {bytes.fromhex('ffd8ffe000')!r}", set()) == ["a picture"]
    assert unmasked("fine\nphone 13812345678\nphone 138****5678") == ["phone 13812345678"]


def test_it_looks_through_this_very_run(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.has_plugin("tests.redaction")


@pytest.mark.slow
def test_a_test_whose_logs_tell_a_secret_fails(tmp_path: Path) -> None:
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    words = (sys.executable, "-m", "pytest", "-p", "tests.redaction", "-n0", "-q", "-c", str(ROOT / "pyproject.toml"))
    done = subprocess.run(
        [*words, "--rootdir", str(tmp_path), str(tmp_path / "test_leaky.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "correct horse battery" in done.stdout
    assert "bot.log: the phone 13812345678" in done.stdout
    assert "3 passed, 2 errors" in done.stdout
    assert done.returncode == 1
