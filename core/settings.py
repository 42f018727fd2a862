"""The configuration: config.toml, then the environment over it. No other module reads either.

Each key is also `CLINIC_BOT__SECTION__KEY`. Secrets come only from the environment or from files readable
by their user alone (SECURITY.md Secrets); whatever is wrong stops the start with one sentence.
"""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from core.key_files import KeyFile
from core.keys import KEY_NAMES, KeyRing, Ring, WeakKey

CONFIG_FILE = Path("config.toml")
PREFIX = "CLINIC_BOT__"
_SECRET_KEYS = {"telegram": {"token", "webhook_secret"}, "secrets": {f"{name}_keys" for name in KEY_NAMES}}


class SettingsError(Exception):
    """The configuration cannot be used. The message is one sentence: the place, what is wrong, the mend."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Clinic(_Section):
    name: Words
    contact: Words
    privacy_url: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://\S+$")]
    time_zone: str = "Asia/Shanghai"

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("no such time zone; write it like Asia/Shanghai") from None
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Telegram(_Section):
    token: SecretStr = SecretStr("")
    api_url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] = "https://api.telegram.org"
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    listen_host: str = "127.0.0.1"
    listen_port: Port = 8443
    messages_per_second: Annotated[int, Field(ge=0, le=1000)] = 30


class Storage(_Section):
    database_url: str = "sqlite+aiosqlite:///data/clinic.db"
    photos_url: str = "data/photos"


class Sandbox(_Section):
    port: Port = 8080


def _split(value: object) -> object:
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _origin(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s*?#]+", value):
        raise ValueError("each must be a site's address without a path, like https://app.clinic.example")
    return value


_SEVERAL = BeforeValidator(_split)  # a list in the file; in a variable with commas or spaces between


class Api(_Section):
    host: Words = "127.0.0.1"
    port: Port = 8000
    rate_per_minute: Annotated[int, Field(ge=0, le=100_000)] = 60
    trusted_proxies: Annotated[list[IPvAnyNetwork], _SEVERAL, NoDecode] = []
    cors_origins: Annotated[list[Annotated[str, AfterValidator(_origin)]], _SEVERAL, NoDecode] = []


class Ops(_Section):
    host: Words = "127.0.0.1"
    bot_port: Port = 9464
    api_port: Port = 9465


class Passwords(_Section):
    bcrypt_cost: Annotated[int, Field(ge=4, le=16)] = 12
    reject_common: bool = True
    hash_threads: Annotated[int, Field(ge=0, le=64)] = 0


class Tokens(_Section):
    issuer: Words = "clinic-bot"
    audience: Words = "clinic"
    leeway_seconds: Annotated[int, Field(ge=0, le=30)] = 0


class Sessions(_Section):
    idle_limit_patient_hours: Annotated[int, Field(ge=1, le=336)] = 336
    idle_limit_doctor_hours: Annotated[int, Field(ge=1, le=336)] = 336
    idle_limit_admin_hours: Annotated[int, Field(ge=1, le=336)] = 12

    def idle_limit(self, role: str) -> timedelta:
        """How long a bot session of this role may lie unused before it lapses (TOKENS T23)."""
        return timedelta(hours=getattr(self, f"idle_limit_{role}_hours"))


class Login(_Section):
    free_failures: Annotated[int, Field(ge=1, le=100)] = 5
    free_failures_per_address: Annotated[int, Field(ge=1, le=10000)] = 20
    first_delay_seconds: Annotated[int, Field(ge=1, le=900)] = 15
    max_delay_seconds: Annotated[int, Field(ge=1, le=900)] = 900
    registrations_per_day: Annotated[int, Field(ge=1, le=1000)] = 5


class Admins(_Section):
    second_factor: Literal["optional", "required"] = "optional"


class Dialogs(_Section):
    idle_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    draft_hours: Annotated[int, Field(ge=1, le=720)] = 24


class Review(_Section):
    four_eyes: bool = False
    promise_days: Annotated[int, Field(ge=1, le=30)] = 1


class Logging(_Section):
    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class SecretSources(_Section):
    """Where each key ring is: in the variable itself or in a file (never both)."""

    signing_keys: SecretStr = SecretStr("")
    signing_keys_file: str = ""
    pepper_keys: SecretStr = SecretStr("")
    pepper_keys_file: str = ""
    photo_keys: SecretStr = SecretStr("")
    photo_keys_file: str = ""
    health_keys: SecretStr = SecretStr("")
    health_keys_file: str = ""
    inbox_keys: SecretStr = SecretStr("")
    inbox_keys_file: str = ""
    audit_keys: SecretStr = SecretStr("")
    audit_keys_file: str = ""


class Settings(BaseSettings):
    """All settings, checked. `clinic` has no default: a clinic must say who it is."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    clinic: Clinic
    telegram: Telegram = Telegram()
    storage: Storage = Storage()
    sandbox: Sandbox = Sandbox()
    api: Api = Api()
    ops: Ops = Ops()
    passwords: Passwords = Passwords()
    tokens: Tokens = Tokens()
    sessions: Sessions = Sessions()
    login: Login = Login()
    admins: Admins = Admins()
    dialogs: Dialogs = Dialogs()
    review: Review = Review()
    logging: Logging = Logging()
    secrets: SecretSources = SecretSources()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings  # what load_settings read from the file comes in as init


@dataclass(frozen=True, slots=True)
class Secrets:
    """The key rings of the clinic. Their repr shows ids, never keys."""

    signing: Ring
    pepper: Ring
    photo: Ring
    health: Ring
    inbox: Ring
    audit: Ring


def load_settings(path: Path = CONFIG_FILE) -> Settings:
    """Reads `path` (its defaults where it is missing) and the environment. Raises SettingsError."""
    values = _read_file(path)
    _refuse_unknown_variables(os.environ)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, path)) from None


def load_secrets(settings: Settings) -> Secrets:
    """The key rings, each strong enough (TOKENS T28, T30); those of files change with them. Raises SettingsError."""
    return Secrets(**{name: _ring(settings.secrets, name) for name in KEY_NAMES})


def _read_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} cannot be read: save it as UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    for section, keys in _SECRET_KEYS.items():
        given = values.get(section)
        for key in keys & set(given if isinstance(given, dict) else ()):
            variable = _variable(section, key)
            raise SettingsError(f"{path}: [{section}] {key} is a secret; take it out and set {variable} instead.")
    return values


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    for variable in environ:
        if variable.startswith(PREFIX):
            section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
            if key not in _fields(section):
                raise SettingsError(f"{variable} in the environment is not a setting; config.toml lists them all.")


def _sentence(error: ValidationError, path: Path) -> str:
    faults = [
        (str(fault["loc"][0]), "".join(map(str, fault["loc"][1:2])), fault) for fault in error.errors(include_url=False)
    ]
    needed = [(section, key) for section, name, fault in faults if _is_missing(fault) for key in _keys(section, name)]
    if needed:
        return _needed(needed, path)
    section, key, fault = faults[0]
    where = f"[{section}] {key}".rstrip()
    if fault["type"] == "extra_forbidden":
        return f"{path}: {where} is not a setting; take it out, or look for a slip of the pen."
    variable = _variable(section, key)
    source = variable if variable in os.environ else f"{path}: {where}"
    return f"{source} cannot be used: {_reason(fault, section, key)}."


def _is_missing(fault: ErrorDetails) -> bool:
    return fault["type"] in {"missing", "string_too_short"} or (
        fault["type"] == "string_pattern_mismatch" and not str(fault["input"]).strip()
    )


def _keys(section: str, key: str) -> list[str]:
    # Only [clinic] has keys without a default, so only it can be missing as a whole.
    return [key] if key else [name for name, field in _fields(section).items() if field.is_required()]


def _needed(needed: list[tuple[str, str]], path: Path) -> str:
    """All that is missing at once: nobody should start the bot three times to learn of three settings."""
    names = ", ".join(f"[{section}] {key}" for section, key in needed)
    variables = ", ".join(_variable(section, key) for section, key in needed)
    if len(needed) == 1:
        return f"{path}: {names} is needed: set it there or as {variables}."
    return f"{path}: {names} are needed: set them there or as {variables}."


def _reason(fault: ErrorDetails, section: str, key: str) -> str:
    """What is wrong, in the words of whoever writes the file; never the value, which may be a secret."""
    limits = fault.get("ctx", {})
    default = getattr(_fields(section).get(key), "default", None)
    match fault["type"]:
        case "string_pattern_mismatch":
            return "it must be an address that starts with http:// or https://, like https://clinic.example/privacy"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"it must be a whole number, like {default}"
        case "greater_than_equal":
            return f"it must be {limits['ge']} or more, like {default}"
        case "less_than_equal":
            return f"it must be {limits['le']} or less, like {default}"
        case "bool_parsing" | "bool_type":
            return "it must be true or false"
        case "literal_error":
            return f"it must be {limits['expected']}"
        case "string_type":
            return 'it must be text between quotes, like "text"'
        case "string_too_long":
            return f"it must have at most {limits['max_length']} characters"
        case "model_type" | "model_attributes_type":
            return f"it must be a section: a line [{section}], its settings below"
    return str(limits.get("error") or fault["msg"])


def _fields(section: str) -> dict[str, FieldInfo]:
    field = Settings.model_fields.get(section)
    return getattr(field.annotation, "model_fields", {}) if field else {}


def _ring(sources: SecretSources, name: str) -> Ring:
    variable, file_variable = _variable("secrets", f"{name}_keys"), _variable("secrets", f"{name}_keys_file")
    text = getattr(sources, f"{name}_keys").get_secret_value()
    file = getattr(sources, f"{name}_keys_file")
    mend = f"make them with `python -m bot secrets new` and set {variable} or {file_variable}"
    if text and file:
        raise SettingsError(f"{variable} and {file_variable} are both set; keep one of them.")
    if not text and not file:
        raise SettingsError(f"The {name} keys are missing: {mend}.")

    def parsed(text: str) -> KeyRing:
        try:
            return KeyRing.parse(text)
        except WeakKey as error:
            raise SettingsError(f"{file or variable}: {error}; {mend}.") from None

    return KeyFile(Path(file), lambda: parsed(_read_secret_file(Path(file)))) if file else parsed(text)


def _read_secret_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise SettingsError(f"The secret file {path} is a folder: name the file in it.")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(f"{path} can be read by others than its user: run `chmod 600 {path}`.")
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise SettingsError(
            f"The secret file {path} is not there: make it with `python -m bot secrets new --dir {path.parent}`."
        ) from None
    except OSError as error:
        raise SettingsError(f"The secret file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"The secret file {path} holds no key, but something that is not plain text.") from None


def _variable(section: str, key: str) -> str:
    return f"{PREFIX}{section}__{key}".upper()
