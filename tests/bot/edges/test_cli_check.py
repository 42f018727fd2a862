"""`check`: one line a thing, what mends it, and an exit code for scripts."""

import asyncio
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.cli.checks import Level, _admins, _compared
from core.clock import utc_now
from core.exits import Exit
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
