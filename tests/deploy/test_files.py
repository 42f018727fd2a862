"""What deploys is well-formed and says what the program needs; none of it is built or run here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from core.keys import KEY_NAMES
from core.metrics import REGISTRY
from tests.docs.project_files import ROOT

DEPLOY = ROOT / "deploy"
ELSEWHERE = {
    "promtool": "Debian's package prometheus has it",
    "systemd-analyze": "there is no systemd on this machine",
}


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_the_compose_file_has_all_that_it_speaks_of() -> None:
    services = compose()["services"]
    assert set(services) == {"tables", "bot", "api", "postgres", "s3"}
    assert all(waited in services for each in services.values() for waited in each.get("depends_on", {}))
    volumes = {volume.partition(":")[0] for each in services.values() for volume in each.get("volumes", [])}
    assert volumes == {"../data/secrets", *compose()["volumes"]}


def test_no_process_of_ours_has_state_or_may_get_more_rights() -> None:
    for name in ("tables", "bot", "api"):
        service = compose()["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["volumes"] == ["../data/secrets:/app/data/secrets:ro"]  # the folder: a file would not follow
        settings = service["environment"]
        assert settings["CLINIC_BOT__STORAGE__DATABASE_URL"].startswith("postgresql+asyncpg://")
        assert settings["CLINIC_BOT__STORAGE__PHOTOS_URL"].startswith("s3://")
        assert {f"CLINIC_BOT__SECRETS__{key.upper()}_KEYS_FILE" for key in KEY_NAMES} <= set(settings)


def test_no_secret_stands_in_what_deploys() -> None:
    """Each is taken from the environment, and the start fails without it."""
    values = [str(value) for each in compose()["services"].values() for value in each.get("environment", {}).items()]
    secret = [value for value in values if re.search(r"PASSWORD|TOKEN|SECRET_(ACCESS_)?KEY'", value)]
    assert len(secret) >= 4
    assert [value for value in secret if ":?}" not in value] == []


def test_each_metric_of_ours_is_on_the_dashboard_or_in_an_alert() -> None:
    shown = (DEPLOY / "grafana.json").read_text(encoding="utf-8") + (DEPLOY / "alerts.yaml").read_text(encoding="utf-8")
    ours = [metric.name for metric in REGISTRY.collect() if metric.name.startswith("clinic_")]
    assert [name for name in ours if name not in shown] == []


def test_the_dashboard_has_no_two_panels_in_one_place() -> None:
    panels = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in panels})


def test_alerts_are_rules_with_names_of_their_own() -> None:
    [group] = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    assert all(rule["expr"] and set(rule) <= {"alert", "expr", "for"} for rule in group["rules"])


def said_by(tool: str, *words: str | Path) -> tuple[int, str]:
    """Exit code of a linter, from the environment of the tests or the machine's own, and all that it said."""
    own = Path(sys.executable).parent
    path = shutil.which(tool, path=f"{own}{os.pathsep}{os.environ.get('PATH', '')}")
    if path is None and tool in ELSEWHERE:
        pytest.skip(f"{tool} is not installed: {ELSEWHERE[tool]}")
    assert path, f"{tool} is one of the tests' dependencies"
    done = subprocess.run([path, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    assert said_by("hadolint", DEPLOY / "Dockerfile") == (0, "")


def test_yamllint_has_nothing_to_say() -> None:
    changed = {
        "line-length": {"max": 120},
        "document-start": "disable",
        "comments": {"min-spaces-from-content": 1},
        "truthy": {"check-keys": False},  # `on:` of a workflow
    }
    rules = json.dumps({"extends": "default", "rules": changed})
    assert said_by("yamllint", "--strict", "-d", rules, DEPLOY, ROOT / ".github", ROOT / "tests/deploy") == (0, "")


@pytest.mark.parametrize(
    ("schema", "file"), [("compose-spec", "deploy/compose.yaml"), ("github-workflows", ".github/workflows/ci.yml")]
)
def test_what_others_read_fits_their_schema(schema: str, file: str) -> None:
    code, said = said_by("check-jsonschema", "--builtin-schema", f"vendor.{schema}", file)
    assert code == 0, said


def test_prometheus_takes_the_alerts_and_each_fires_when_it_should() -> None:
    code, said = said_by("promtool", "test", "rules", "tests/deploy/alerts.yaml")
    assert code == 0, said


def test_each_alert_is_tried() -> None:
    [group] = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    tried = yaml.safe_load((ROOT / "tests/deploy/alerts.yaml").read_text(encoding="utf-8"))["tests"]
    fired = {each["alertname"] for test in tried for each in test["alert_rule_test"] if "exp_alerts" in each}
    assert fired == {rule["alert"] for rule in group["rules"]}


def test_systemd_takes_the_unit_as_it_is(tmp_path: Path) -> None:
    unit = tmp_path / "clinic@bot.service"
    text = (DEPLOY / "clinic@.service").read_text(encoding="utf-8")
    # Its program is not where it will be.
    unit.write_text(text.replace("/opt/clinic-bot/.venv/bin/python", "/bin/true"), encoding="utf-8")
    assert said_by("systemd-analyze", "verify", unit) == (0, "")
