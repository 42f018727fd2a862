"""What the papers tell an operator to type exists."""

import re
import subprocess
import sys

import pytest

from core.settings import PREFIX, Settings
from tests.docs.project_files import ROOT, text_files


def named(pattern: str) -> set[str]:
    return {match for _, text in text_files(".md") for match in re.findall(pattern, text)}


COMMANDS = sorted(named(r"python -m ((?:bot|sandbox)(?: [a-z][a-z-]+)*)"))


def test_the_papers_name_commands() -> None:
    assert "bot admin create" in COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_the_papers_name_is_there(command: str) -> None:
    module, *words = command.split()
    shown = subprocess.run(
        [sys.executable, "-m", module, *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert "Usage" in shown.stdout


@pytest.mark.parametrize("variable", sorted(named(rf"\b{PREFIX}[A-Z_]+[A-Z]\b")))
def test_a_variable_the_papers_name_is_a_setting(variable: str) -> None:
    section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
    if (section, key) == ("section", "key"):
        return  # the form of all of them
    field = Settings.model_fields[section].annotation
    assert key in getattr(field, "model_fields", {})
