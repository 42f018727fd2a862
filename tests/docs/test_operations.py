"""docs/operations.md: its commands work in the order in which they stand, and its metrics are there."""

import asyncio
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import cli as api_cli
from core import key_files
from core.keys import KEY_NAMES
from core.metrics import REGISTRY
from core.settings import PREFIX
from sandbox.server import serve
from tests.bot.edges.machine import Machine
from tests.docs.project_files import ROOT, text_files
from tests.docs.test_commands import is_setting

PAGE = ROOT / "docs" / "operations.md"
PYTHON = ".venv/bin/python -m "
BY_OTHERS = {"make"}  # `make install` is what runs these tests
SETTINGS = "data/clinic.env"
METRIC = re.compile(r"\bclinic_[a-z_]+[a-z]\b")


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def carry_out(machine: Machine, command: str) -> tuple[int, str]:
    """Exit code and what was said of one line of the page."""
    if not command.startswith(PYTHON):
        done = subprocess.run(command, shell=True, cwd=machine.folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr
    command, _, into = command.partition(" > ")
    program, *words = shlex.split(command.removeprefix(PYTHON))
    if program == "api":
        shown = CliRunner().invoke(api_cli, [*words, "--help"])
        return shown.exit_code, shown.output
    if words[0] == "run":  # until it is told to stop: tests/bot/edges/test_cli.py and test_workers.py
        words.append("--help")
    given = ("--password-stdin",) if words[:2] == ["admin", "create"] else ()
    ended = machine.run(*words, *given, given="correct horse battery\n")
    if into:
        (machine.folder / into).write_text(ended.out, encoding="utf-8")
    return ended.code, ended.err + ended.out


def take_settings(machine: Machine) -> None:
    """What the shell of the page has from then on."""
    lines = (machine.folder / SETTINGS).read_text(encoding="utf-8").splitlines()
    machine.environment |= dict(line.split("=", 1) for line in lines)


async def test_each_command_works_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_files, "SEEN_AFTER", 0.0)  # no other process is there to be waited for
    ran = []
    async with serve(people=()) as server:
        machine = Machine.ready(tmp_path, api_url=server.url)
        machine.unset(*(f"SECRETS__{name.upper()}_KEYS_FILE" for name in KEY_NAMES))  # the page makes them
        for command in commands():
            if command.split()[0] in BY_OTHERS:
                continue
            code, said = await asyncio.to_thread(carry_out, machine, command)
            assert code == 0, f"{command}: {said}"
            if f". {SETTINGS};" in command:
                take_settings(machine)
            ran.append(command)
    assert len(ran) > 20
    assert (tmp_path / SETTINGS).stat().st_mode & 0o077 == 0
    assert (tmp_path / "data/old/clinic.db").exists()
    assert (tmp_path / "data/clinic.db").read_bytes()[:6] == b"SQLite"


def known_metrics() -> set[str]:
    """Every sample's name that a process may show."""
    names = {metric.name: metric.type for metric in REGISTRY.collect()}
    ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {f"{name}{end}" for name, kind in names.items() for end in ends[kind]}


def test_dashboard_alerts_and_page_name_only_metrics_that_are_there() -> None:
    named = {
        metric
        for path, text in text_files(".md", ".json", ".yaml")
        if path.parts[0] in {"docs", "deploy"}
        for metric in METRIC.findall(text)
    }
    assert len(named) > 10
    assert named - known_metrics() == set()


def test_the_page_explains_every_alert_and_no_other() -> None:
    rules = (ROOT / "deploy" / "alerts.yaml").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([A-Z][A-Za-z]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in told if name not in {"Alert", "Keys"}] == re.findall(r"- alert: (\w+)", rules)


def test_what_deploys_names_only_settings_and_rooms_that_are_there() -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "deploy").iterdir()))
    variables = set(re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", told))
    assert len(variables) > 10
    assert [variable for variable in sorted(variables) if not is_setting(variable)] == []
    copied = re.findall(r"^COPY ([a-z]+) ", (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks", "sandbox"}
    assert set(copied) == packages


def test_the_dashboard_is_one() -> None:
    board = json.loads((ROOT / "deploy" / "grafana.json").read_text(encoding="utf-8"))
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])
