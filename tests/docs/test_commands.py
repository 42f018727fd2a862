"""What the papers tell an operator to type exists."""

import re

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from core.settings import PREFIX, Settings
from sandbox.commands import app
from tests.docs.project_files import text_files

PROGRAMS = {"bot": cli, "sandbox": app}


def named(pattern: str) -> list[str]:
    return sorted({match for _, text in text_files(".md") for match in re.findall(pattern, text)})


COMMANDS = named(rf"python -m ((?:{'|'.join(PROGRAMS)})(?: [a-z][a-z-]+)*)")
VARIABLES = named(rf"\b{PREFIX}[A-Z_]+[A-Z]\b")


def is_setting(variable: str) -> bool:
    section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
    field = Settings.model_fields.get(section)
    return field is not None and key in getattr(field.annotation, "model_fields", {})


def test_the_papers_name_commands_and_variables() -> None:
    assert "bot admin create" in COMMANDS
    assert "CLINIC_BOT__TELEGRAM__TOKEN" in VARIABLES


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_the_papers_name_is_there(command: str) -> None:
    program, *words = command.split()
    shown = CliRunner().invoke(PROGRAMS[program], [*words, "--help"])
    assert shown.exit_code == 0, shown.output


def test_a_command_that_is_not_there_would_be_found() -> None:
    assert CliRunner().invoke(cli, ["admin", "crown", "--help"]).exit_code != 0
    assert not is_setting("CLINIC_BOT__TELEGRAM__TOKENS")


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_the_papers_name_is_a_setting(variable: str) -> None:
    assert is_setting(variable) or variable == "CLINIC_BOT__SECTION__KEY"  # the form of all of them
