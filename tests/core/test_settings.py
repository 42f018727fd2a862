"""The configuration: what is wrong stops the start with one sentence: place, fault, mend."""

import base64
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from core.keys import KEY_NAMES, make_secrets, new_key_text
from core.settings import Settings, SettingsError, load_secrets, load_settings

ROOT = Path(__file__).parents[2]
CLINIC = '[clinic]\nname = "仁和诊所"\ncontact = "010-12345678"\nprivacy_url = "https://clinic.example/privacy"\n'


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in list(os.environ):
        if variable.startswith("CLINIC_BOT__"):
            monkeypatch.delenv(variable)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(CLINIC)
    return file


def sentence(config: Path) -> str:
    with pytest.raises(SettingsError) as fault:
        load_secrets(load_settings(config))
    text = str(fault.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_a_clinic_that_says_who_it_is_can_start(config: Path) -> None:
    settings = load_settings(config)
    assert settings.clinic.name == "仁和诊所"
    assert settings.clinic.zone.key == "Asia/Shanghai"


def test_the_environment_wins_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_BOT__CLINIC__NAME", "Elsewhere")
    monkeypatch.setenv("CLINIC_BOT__PASSWORDS__BCRYPT_COST", "13")
    settings = load_settings(config)
    assert (settings.clinic.name, settings.clinic.contact) == ("Elsewhere", "010-12345678")
    assert settings.passwords.bcrypt_cost == 13


def test_all_can_be_set_by_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"NAME": "a", "CONTACT": "b", "PRIVACY_URL": "https://clinic.example"}.items():
        monkeypatch.setenv(f"CLINIC_BOT__CLINIC__{key}", value)
    assert load_settings(tmp_path / "missing.toml").clinic.name == "a"


def test_config_toml_has_every_setting_with_its_default() -> None:
    in_file = tomllib.loads((ROOT / "config.toml").read_text())
    declared: dict[str, dict[str, Any]] = {}
    for section, field in Settings.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        keys = field.annotation.model_fields.items()
        declared[section] = {key: value.default for key, value in keys if value.annotation is not SecretStr}
    declared["clinic"] |= {"name": "", "contact": "", "privacy_url": ""}  # to be filled in
    assert in_file == declared


def test_config_toml_has_a_line_of_words_on_each_setting_or_its_group() -> None:
    lines = (ROOT / "config.toml").read_text().splitlines()
    bare = [line for line in lines if re.match(r"\w+ = ", line) and "#" not in line]
    assert bare == ["listen_port = 8443", "idle_limit_doctor_hours = 336", "idle_limit_admin_hours = 12"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param("[clinc]\nname = 1", r"config\.toml: \[clinc\] is not a setting", id="unknown section"),
        pytest.param("[login]\nfree = 1", r"config\.toml: \[login\] free is not a setting", id="unknown key"),
        pytest.param("[passwords]\nbcrypt_cost = 3", r"\[passwords\] bcrypt_cost cannot be used", id="too low"),
        pytest.param("[passwords]\nbcrypt_cost = 'x'", r"\[passwords\] bcrypt_cost cannot be used", id="no number"),
        pytest.param("[tokens]\nleeway_seconds = 31", r"\[tokens\] leeway_seconds cannot be used", id="leeway"),
        pytest.param("[telegram]\nmode = 'push'", r"\[telegram\] mode cannot be used", id="no such mode"),
        pytest.param("login = 3", r"login", id="section is a value"),
        pytest.param("[telegram]\ntoken = '1:a'", "CLINIC_BOT__TELEGRAM__TOKEN", id="token in the file"),
        pytest.param("[secrets]\npepper_keys = 'k:a'", "CLINIC_BOT__SECRETS__PEPPER_KEYS", id="key in the file"),
        pytest.param("[telegram", "not valid TOML", id="no TOML"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(config: Path, more: str, says: str) -> None:
    text = CLINIC + more if more.startswith("[") else more + "\n" + CLINIC
    config.write_text(text)
    assert re.search(says, sentence(config))


def test_an_unknown_time_zone_is_named_with_the_mend(config: Path) -> None:
    config.write_text(CLINIC + 'time_zone = "Asia/Peking"')
    assert "write it like Asia/Shanghai" in sentence(config)


@pytest.mark.parametrize("key", ["name", "contact", "privacy_url"])
def test_a_clinic_that_does_not_say_who_it_is_is_told_where(config: Path, key: str) -> None:
    config.write_text(re.sub(rf"(?m)^{key} = .*$", "", CLINIC))
    assert f"CLINIC_BOT__CLINIC__{key.upper()}" in sentence(config)


def test_the_config_as_it_comes_asks_for_the_clinics_name() -> None:
    assert "CLINIC_BOT__CLINIC__NAME" in sentence(ROOT / "config.toml")


def test_a_wrong_variable_is_named_and_not_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_BOT__API__PORT", "seventy")
    assert sentence(config).startswith("CLINIC_BOT__API__PORT cannot be used")


@pytest.mark.parametrize("name", ["CLINIC_BOT__API__PORTS", "CLINIC_BOT__APIS__PORT", "CLINIC_BOT__API"])
def test_an_unknown_variable_stops_the_start(config: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert sentence(config).startswith(f"{name} in the environment is not a setting")


@pytest.fixture
def with_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    for file in make_secrets(folder):
        monkeypatch.setenv(f"CLINIC_BOT__SECRETS__{file.name.upper()}_FILE", str(file))
    return folder


def test_secrets_are_read_from_files(config: Path, with_secrets: Path) -> None:
    keys = load_secrets(load_settings(config))
    assert len({getattr(keys, name).now.key for name in KEY_NAMES}) == len(KEY_NAMES)


def test_made_secrets_are_readable_by_their_user_alone_and_never_overwritten(with_secrets: Path) -> None:
    before = {file: file.read_text() for file in with_secrets.iterdir()}
    assert {stat.S_IMODE(file.stat().st_mode) for file in before} == {0o600}
    assert stat.S_IMODE(with_secrets.stat().st_mode) == 0o700
    with pytest.raises(FileExistsError):
        make_secrets(with_secrets)
    assert {file: file.read_text() for file in with_secrets.iterdir()} == before


@pytest.mark.parametrize("name", KEY_NAMES)
def test_t28_a_missing_secret_stops_the_start_with_the_mend(
    config: Path, with_secrets: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(f"CLINIC_BOT__SECRETS__{name.upper()}_KEYS_FILE")
    said = sentence(config)
    assert f"The {name} keys are missing" in said
    assert "python -m bot secrets new" in said


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (b"short", "has 5 bytes, at least 32 are needed"),
        (bytes(range(31)), "has 31 bytes, at least 32 are needed"),
        (b"abc" * 12, "is not random"),
    ],
    ids=["five bytes", "a byte too few", "nothing by chance"],
)
def test_t28_a_weak_secret_stops_the_start_and_is_not_quoted(
    config: Path, with_secrets: Path, monkeypatch: pytest.MonkeyPatch, key: bytes, why: str
) -> None:
    encoded = base64.b64encode(key).decode()
    monkeypatch.delenv("CLINIC_BOT__SECRETS__SIGNING_KEYS_FILE")
    monkeypatch.setenv("CLINIC_BOT__SECRETS__SIGNING_KEYS", f"k1:{encoded}")
    said = sentence(config)
    assert why in said
    assert "python -m bot secrets new" in said
    assert encoded[:7] not in said


def test_a_secret_that_others_can_read_stops_the_start(config: Path, with_secrets: Path) -> None:
    (with_secrets / "pepper_keys").chmod(0o640)
    assert "chmod 600" in sentence(config)


def test_a_secret_in_two_places_stops_the_start(
    config: Path, with_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_BOT__SECRETS__AUDIT_KEYS", new_key_text())
    assert "are both set" in sentence(config)


def test_no_secret_is_shown_by_repr(config: Path, with_secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_BOT__TELEGRAM__TOKEN", "700001:hush-hush")
    settings = load_settings(config)
    keys = load_secrets(settings)
    shown = repr(settings) + repr(keys) + str(settings)
    assert "hush-hush" not in shown
    assert not [name for name in KEY_NAMES if repr(getattr(keys, name).now.key)[2:12] in shown]


def test_several_proxies_and_sites_are_written_with_commas_or_spaces(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text(f'{CLINIC}[api]\ncors_origins = ["https://a.example", "http://127.0.0.1:5173"]\n')
    monkeypatch.setenv("CLINIC_BOT__API__TRUSTED_PROXIES", "10.0.0.7, 10.1.0.0/16 ::1")
    api = load_settings(config).api
    assert [str(network) for network in api.trusted_proxies] == ["10.0.0.7/32", "10.1.0.0/16", "::1/128"]
    assert api.cors_origins == ["https://a.example", "http://127.0.0.1:5173"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("TRUSTED_PROXIES", "10.0.0.300", "not a valid IPv4 or IPv6 network"),
        ("TRUSTED_PROXIES", "*", "not a valid IPv4 or IPv6 network"),
        ("CORS_ORIGINS", "*", "like https://app.clinic.example"),
        ("CORS_ORIGINS", "https://a.example/", "like https://app.clinic.example"),
        ("RATE_PER_MINUTE", "-1", "must be 0 or more"),
    ],
)
def test_what_the_http_face_cannot_use_is_named(
    config: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"CLINIC_BOT__API__{key}", value)
    told = sentence(config)
    assert told.startswith(f"CLINIC_BOT__API__{key} cannot be used: ")
    assert words in told
