"""SIGTERM in the middle of everything: what was begun is drained or left for the next start, and nothing is lost."""

import asyncio
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.faults.clinic import clinic, figures
from tests.faults.people import PASSWORD
from tests.faults.process import Process, environment
from tests.faults.servers import postgres

STOPS = int(os.environ.get("FAULTS_KILLS", "4"))
MOST = 18.0
"""Seconds from SIGTERM to the end: ten are the rule, the others for a busy machine, on which threads end late."""


@pytest.mark.slow
async def test_people_are_served_while_the_bot_is_stopped_again_and_again(database_url: str, tmp_path: Path) -> None:
    async with clinic(tmp_path, database_url) as here:
        await here.bot.start()
        await here.open()
        for number in range(STOPS):
            await here.bot.running()
            await here.amid(calls=150)
            if number % 2:
                await here.sandbox.fail("error", "sendMessage", status=502, times=1_000_000)
            await stop_in_time(here.bot)
            await here.sandbox.heal()
            await here.bot.start()
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, f"{STOPS} stops"))


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_telegram_that_hangs_does_not_keep_the_bot_from_stopping(database_url: str, tmp_path: Path) -> None:
    async with clinic(tmp_path, database_url) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open()
        await here.amid(calls=300)
        await here.sandbox.fail("slow", seconds=600.0, times=1_000_000)
        await asyncio.sleep(3)  # answers, notices and deletions of passwords are on their way by now
        await stop_in_time(here.bot)
        await here.sandbox.heal()
        await here.bot.start()
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, "1 stop while Telegram hung"))


@pytest.mark.slow
async def test_a_database_that_hangs_does_not_keep_workers_from_stopping(tmp_path: Path) -> None:
    async with postgres() as server, clinic(tmp_path, server.url, workers=3) as here:
        await here.bot.start()
        await here.bot.running()
        await here.open()
        await here.amid(calls=300)
        with server.frozen():
            await asyncio.sleep(1)
            await stop_in_time(here.bot)
        await here.bot.start()
        await here.close()
        assert await here.bot.stop() == 0
        print(figures(here, "1 stop while the database hung"))


@pytest.mark.slow
async def test_a_request_that_hangs_does_not_keep_the_http_process_from_stopping(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with (
        postgres() as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client,
    ):
        env = environment(tmp_path, "http://127.0.0.1:1", server.url) | {"CLINIC_BOT__API__PORT": str(port)}
        api = Process(env, tmp_path / "api.log", "api", "The HTTP routes run")
        await api.start()
        await api.running()
        body = {"phone": "13800138000", "password": PASSWORD}
        assert (await client.post("/patient/login", json=body)).status_code == 401
        with server.frozen():
            asked = asyncio.create_task(client.post("/patient/login", json=body))
            await asyncio.sleep(1)
            await stop_in_time(api)
            with suppress(httpx.TransportError):  # told that it failed, or cut off
                assert (await asked).is_server_error


async def stop_in_time(process: Process) -> None:
    began = time.monotonic()
    assert await process.stop() == 0, process.said()
    assert time.monotonic() - began < MOST, process.said()
