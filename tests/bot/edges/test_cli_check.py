"""`check`: one line a thing, what mends it, and an exit code for scripts."""

import asyncio
import re
from pathlib import Path

import pytest
from sqlalchemy import text
from telegram import WebhookInfo

from bot.cli import checks
from bot.cli.checks import Level, _admins, _compared, _room, _webhook
from core.clock import utc_now
from core.exits import Exit
from core.settings import Clinic, Settings, Storage, Telegram
from sandbox.server import serve
from storage.database import Database
from tests.bot.edges.machine import Ended, Machine
from tests.bot.edges.telegram_stub import TOKEN, TelegramStub


async def check(machine: Machine) -> tuple[Ended, dict[str, str]]:
    """How it ended, and the level of each thing."""
    ended = await asyncio.to_thread(machine.run, "check")
    lines = [re.split(r" +", line, maxsplit=2) for line in ended.out.splitlines()]
    return ended, {thing: level for level, thing, _ in lines}


async def test_a_machine_that_is_ready(clinic: Machine) -> None:
    async with serve(people=()) as server:
        clinic.set(TELEGRAM__API_URL=server.url, STORAGE__PHOTOS_URL=str(clinic.folder / "photos"))
        ended, things = await check(clinic)
    assert (ended.code, ended.err) == (Exit.OK, "")
    assert things.pop("admins") == "warning"  # there is none yet
    assert set(things) >= {"configuration", "secrets", "database", "photos", "disk", "clock", "telegram", "updates"}
    assert set(things.values()) == {"ok"}
    assert not [path for path in (clinic.folder / "photos").rglob("*") if path.is_file()]
    assert TOKEN not in ended.out


async def test_everything_that_is_wrong_is_told_at_once_with_its_mend(clinic: Machine, telegram: TelegramStub) -> None:
    (clinic.folder / "photos").write_text("a file where the folder should be")
    clinic.set(TELEGRAM__API_URL=telegram.url, STORAGE__PHOTOS_URL=str(clinic.folder / "photos"))
    clinic.unset("SECRETS__AUDIT_KEYS_FILE")
    database = Database(clinic.environment["CLINIC_BOT__STORAGE__DATABASE_URL"])
    async with database.write() as conn:
        await conn.execute(text("UPDATE alembic_version SET version_num = '0001_first'"))
    await database.dispose()
    telegram.fail("getMe", 401, "Unauthorized")

    ended, things = await check(clinic)
    assert {thing for thing, level in things.items() if level == "fault"} == {
        "secrets",
        "database",
        "photos",
        "telegram",
    }
    assert ended.code == Exit.CONFIGURATION  # of the first
    assert ended.sentence == "Faults: 4; mend what the lines above say."
    for mend in ("python -m bot secrets new", "python -m bot db upgrade", "@BotFather"):
        assert mend in ended.out


def test_without_a_configuration_there_is_nothing_else_to_look_at(tmp_path: Path) -> None:
    ended = Machine(tmp_path).run("check")
    assert ended.code == Exit.CONFIGURATION
    assert [line.split()[:2] for line in ended.out.splitlines()] == [["fault", "configuration"]]


async def test_a_server_that_is_away_is_a_fault_of_its_own(clinic: Machine) -> None:
    clinic.set(STORAGE__PHOTOS_URL=str(clinic.folder / "photos"))
    ended, things = await check(clinic)
    assert (ended.code, things["telegram"], things["clock"]) == (Exit.FAILED, "fault", "warning")
    assert "Look at the network, at HTTPS_PROXY where there is one, and at telegram.api_url." in ended.out


def test_telegram_delivers_to_no_webhook_without_tls(clinic: Machine) -> None:
    clinic.set(
        TELEGRAM__API_URL="https://127.0.0.1:9",
        TELEGRAM__MODE="webhook",
        TELEGRAM__WEBHOOK_URL="http://bot.example",
        TELEGRAM__WEBHOOK_SECRET="a-good-secret_0123456789",
        STORAGE__PHOTOS_URL=str(clinic.folder / "photos"),
    )
    ended = clinic.run("check")
    assert "must start with https://: Telegram delivers to nothing else. Put a proxy that ends TLS" in ended.out
    assert ended.code == Exit.CONFIGURATION


def test_a_bucket_that_is_away_is_told_with_where_its_address_and_keys_stand(
    clinic: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"ENDPOINT": "http://127.0.0.1:9", "ALLOW_HTTP": "true", "REGION": "x"}
    for name, value in {**variables, "ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "hush-hush"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    clinic.set(STORAGE__PHOTOS_URL="s3://photos")
    ended = clinic.run("check")
    [line] = [line for line in ended.out.splitlines() if line.split()[1] == "photos"]
    assert line.startswith("fault")
    assert line.endswith(
        "Look at its bucket, and at AWS_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    )
    assert "hush-hush" not in ended.out


@pytest.mark.parametrize(
    ("admins", "four_eyes", "level"),
    [(0, False, Level.WARNING), (1, False, Level.OK), (1, True, Level.WARNING), (2, True, Level.OK)],
)
def test_four_eyes_need_two_people(admins: int, four_eyes: bool, level: Level) -> None:
    assert _admins(admins, four_eyes=four_eyes).level is level


def test_a_clock_that_is_off_is_a_fault() -> None:
    now = utc_now()
    assert _compared(now.replace(microsecond=0), now).level is Level.OK
    off = _compared(now.replace(year=now.year - 1), now)
    assert (off.level, off.code) == (Level.FAULT, Exit.FAILED)


@pytest.mark.parametrize(
    ("key", "value", "thing", "code", "mend"),
    [
        ("STORAGE__DATABASE_URL", "mysql://clinic@db/clinic", "database", Exit.DATABASE, "only sqlite+aiosqlite://"),
        (
            "STORAGE__DATABASE_URL",
            "postgresql+asyncpg://clinic:hush-hush@127.0.0.1:9/clinic",
            "database",
            Exit.DATABASE,
            "cannot be reached: nothing listens there",
        ),
        ("STORAGE__PHOTOS_URL", "nonsense://photos", "photos", Exit.DATABASE, "write a folder or one like s3://bucket"),
        ("SECRETS__HEALTH_KEYS_FILE", "secrets/none", "secrets", Exit.CONFIGURATION, "secrets new --dir secrets"),
        ("TELEGRAM__MODE", "webhook", "secrets", Exit.CONFIGURATION, "CLINIC_BOT__TELEGRAM__WEBHOOK"),
        ("TELEGRAM__TOKEN", "", "telegram", Exit.CONFIGURATION, "@BotFather"),
    ],
)
def test_each_fault_has_its_own_sentence_with_what_mends_it(
    clinic: Machine, key: str, value: str, thing: str, code: Exit, mend: str
) -> None:
    clinic.set(**{key: value})
    ended = clinic.run("check")
    [line] = [line for line in ended.out.splitlines() if line.split()[1] == thing]
    assert line.startswith("fault")
    assert mend in line
    assert "hush-hush" not in ended.out
    assert ended.code == code


@pytest.mark.parametrize(
    ("mode", "url", "error", "said"),
    [
        ("polling", "", None, "3 updates wait at Telegram."),
        ("polling", "https://old.example", None, "a webhook is set, so that nothing is polled: `python -m bot run`"),
        ("webhook", "https://old.example", None, "Telegram delivers elsewhere until `python -m bot run`"),
        ("webhook", "https://bot.example", "Wrong response", "the last delivery failed: Wrong response."),
        ("webhook", "https://bot.example", None, "3 updates wait at Telegram."),
    ],
)
def test_where_updates_go_is_told(mode: str, url: str, error: str | None, said: str) -> None:
    clinic = Clinic(name="仁和诊所", contact="010-12345678", privacy_url="https://clinic.example/privacy")
    settings = Settings(
        clinic=clinic, telegram=Telegram.model_validate({"mode": mode, "webhook_url": "https://bot.example"})
    )
    info = WebhookInfo(url, has_custom_certificate=False, pending_update_count=3, last_error_message=error)
    found = _webhook(info, settings)
    assert found.sentence.startswith(said)
    assert found.level is (Level.OK if said.startswith("3") else Level.WARNING)


def test_a_disk_that_is_nearly_full_is_told_before_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = Clinic(name="仁和诊所", contact="010-12345678", privacy_url="https://clinic.example/privacy")
    here = Storage(database_url=f"sqlite+aiosqlite:///{tmp_path}/a.db", photos_url=str(tmp_path / "not there yet"))
    assert _room(Settings(clinic=clinic, storage=here)).level is Level.OK
    monkeypatch.setattr(checks, "_LITTLE_ROOM", 1024**6)
    found = _room(Settings(clinic=clinic, storage=here))
    assert (found.level, "Make room before it is full" in found.sentence) == (Level.WARNING, True)
    elsewhere = Storage(database_url="postgresql+asyncpg://clinic@db/clinic", photos_url="gs://bucket")
    assert _room(Settings(clinic=clinic, storage=elsewhere)).sentence == "nothing of the bot's lies on this machine."
