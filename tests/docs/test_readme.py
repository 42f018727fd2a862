"""The two READMEs tell the same story, and a true one."""

import re
import tomllib
from itertools import chain

import pytest

from tests.docs.project_files import ROOT

READMES = ("README.md", "README.zh.md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """The lines of the shell blocks, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line.partition(" #")[0].rstrip() for block in blocks for line in block.splitlines()]


def distribution(requirement: str) -> str:
    return re.split(r"[\[<>=~;! ]", requirement, maxsplit=1)[0].casefold()


@pytest.mark.parametrize("name", READMES)
def test_every_dependency_is_explained(name: str) -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    extras = (extra for key, extra in project["optional-dependencies"].items() if key != "dev")
    wanted = {distribution(requirement) for requirement in chain(project["dependencies"], *extras)}
    table = re.findall(r"^\| ([^|]+) \|", read(name), re.MULTILINE)
    told = {re.split(r"[ (（]", word.strip(), maxsplit=1)[0].casefold() for row in table for word in row.split(",")}
    assert wanted - told == set()


def test_both_languages_give_the_same_commands() -> None:
    english, chinese = (commands(read(name)) for name in READMES)
    assert english
    assert english == chinese


@pytest.mark.parametrize("name", READMES)
def test_every_make_target_named_is_there(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(commands(read(name)))))
    assert named
    assert named <= targets
