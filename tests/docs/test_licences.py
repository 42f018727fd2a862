"""Every package that is installed has its licence on the page (docs/licences.md)."""

import re
import tomllib

from tests.docs import licences
from tests.docs.licences import normal
from tests.docs.project_files import ROOT
from tests.docs.test_readme import distribution


def test_every_locked_package_has_a_row_and_no_other() -> None:
    assert licences.told().keys() == licences.wanted().keys(), "make licences"


def test_the_page_is_as_it_would_be_written() -> None:
    assert licences.PAGE.read_text(encoding="utf-8") == licences.page(licences.told())


def test_whatever_the_project_names_is_locked_and_so_has_a_row() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    assert {normal(distribution(each)) for each in named} - {"clinic-bot"} <= licences.told().keys()


def test_what_is_for_the_tests_is_explained_too() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
    told = {word.strip() for row in rows for word in row.split(",")}
    named = {distribution(each) for each in project["optional-dependencies"]["dev"]} - {"clinic-bot"}
    assert named <= told, named - told
