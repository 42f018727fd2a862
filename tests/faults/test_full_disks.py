"""A disk without a byte of room, under the photos, under SQLite and under PostgreSQL: nothing is confirmed that is not
kept, who sends a photo is told, and all goes on when there is room again.
"""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.databases import copy_sqlite
from tests.faults.clinic import Clinic, clinic, figures
from tests.faults.disks import filled, small_disk
from tests.faults.people import NOT_KEPT
from tests.faults.servers import postgres

FELT = 180.0  # seconds; a database goes on as long as it finds room in the files that it has
LONGER = 4.0


@pytest.mark.slow
async def test_people_are_served_when_full_disks_have_room_again(sqlite_template: Path, tmp_path: Path) -> None:
    disk, photos = tmp_path / "disk", tmp_path / "photos"
    with small_disk(disk, megabytes=64), small_disk(photos, megabytes=64):
        async with clinic(tmp_path, copy_sqlite(sqlite_template, disk / "clinic.db")) as here:
            await here.bot.start()
            await here.bot.running()
            await here.open()
            await here.amid(calls=150)
            with filled(photos):
                await until_somebody_is_told(here)
            await shortened(disk / "clinic.db")
            with filled(disk):
                await until_it_says(here, "disk is full")
            await here.amid(calls=150)
            await shortened(disk / "clinic.db")
            with filled(disk), filled(photos):
                await until_it_says(here, "disk is full", again=True)
            await here.close()
            assert await here.bot.stop() == 0
            print(figures(here, "3 times full disks"))


@pytest.mark.slow
async def test_people_are_served_when_the_servers_full_disk_has_room_again(tmp_path: Path) -> None:
    async with postgres(megabytes=256) as server, clinic(tmp_path, server.url) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open()
        for again in (False, True):
            await here.amid(calls=150)
            with filled(server.folder.parent):
                await until_it_says(here, "does not work", again=again)
            await server.start()  # it ends itself when it cannot even write that it does
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, "2 times a full disk"))


async def shortened(database: Path) -> None:
    """Takes from SQLite the room that it would find in its own WAL."""

    def shorten() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    await asyncio.to_thread(shorten)


async def until_somebody_is_told(here: Clinic) -> None:
    async with asyncio.timeout(FELT):
        while not any(NOT_KEPT in person.walked for person in here.people):
            here.fail_early()
            await asyncio.sleep(0.1)


async def until_it_says(here: Clinic, words: str, *, again: bool = False) -> None:
    """Waits until the bot feels it, and a moment longer; it goes on running."""
    log = here.bot.log
    before = log.read_text(encoding="utf-8").count(words) if again else 0
    async with asyncio.timeout(FELT):
        while log.read_text(encoding="utf-8").count(words) == before:
            here.fail_early()
            await asyncio.sleep(0.1)
    await asyncio.sleep(LONGER)
    assert here.bot.ended is None, here.bot.said()
