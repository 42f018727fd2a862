"""`python -m api run` as a process: starting, stopping, and what is refused in one sentence."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest

from core.exits import Exit
from tests.databases import PostgresServer
from tests.faults.process import environment

ROOT = Path(__file__).parents[2]
LOGIN = {"phone": "13812345678", "password": "12345678"}
DATABASE = "CLINIC_BOT__STORAGE__DATABASE_URL"
Env = dict[str, str]


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def free_port() -> int:
    with taken_port() as port:
        return port


@pytest.fixture
def env(tmp_path: Path) -> Env:
    """All that a process needs; its database is not there yet."""
    values = environment(tmp_path, "http://127.0.0.1:1", f"sqlite+aiosqlite:///{tmp_path}/new/clinic.db")
    return {**values, "CLINIC_BOT__API__PORT": str(free_port()), "PYTHONPATH": str(ROOT)}


def run(env: Env, *arguments: str, folder: Path) -> tuple[int, str]:
    """Exit code and stderr of a command that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "api", *arguments],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stderr


@asynccontextmanager
async def running(env: Env, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """A process that answers, and a client of it; killed in the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", "run", env=env, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    url = f"http://127.0.0.1:{env['CLINIC_BOT__API__PORT']}"
    try:
        assert process.stderr
        async with asyncio.timeout(30), httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
            line = await process.stderr.readline()
            assert b"The HTTP routes run" in line, line
            while True:
                try:
                    await client.get("/docs")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, Exit.OK, id="SIGTERM"),
        pytest.param(signal.SIGINT, Exit.INTERRUPTED, id="SIGINT", marks=pytest.mark.slow),
    ],
)
async def test_it_answers_until_it_is_told_to_stop(env: Env, tmp_path: Path, number: int, code: int) -> None:
    port = free_port()
    async with running({**env, "CLINIC_BOT__OPS__API_PORT": str(port)}, tmp_path) as (process, client):
        answer = await client.post("/patient/login", json=LOGIN)
        assert (answer.status_code, answer.json()["msg"]) == (401, "登录验证失败")
        ops = f"http://127.0.0.1:{port}"
        assert (await client.get(f"{ops}/readyz")).text == "ready\n"
        await client.get("/patient/13812345678")
        told = (await client.get(f"{ops}/metrics")).text
        assert 'route="/patient/login",status="401"' in told
        assert 'route="none",status="404"' in told
        assert "13812345678" not in told
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 12) == code


@pytest.mark.slow
async def test_a_request_under_way_is_answered_before_it_stops(env: Env, tmp_path: Path) -> None:
    async with running({**env, "CLINIC_BOT__PASSWORDS__BCRYPT_COST": "12"}, tmp_path) as (process, client):
        asking = asyncio.create_task(client.post("/patient/login", json=LOGIN))
        await asyncio.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert (await asking).status_code == 401
        assert await asyncio.wait_for(process.wait(), 12) == Exit.OK


@pytest.mark.slow
async def test_two_on_one_database_know_the_same_people(env: Env, tmp_path: Path, database_url: str) -> None:
    env = {**env, DATABASE: database_url}
    async with running(env, tmp_path) as (_, first):
        other = {**env, "CLINIC_BOT__API__PORT": str(free_port())}
        async with running(other, tmp_path) as (_, second):
            registered = await first.post(
                "/patient/register", json={**LOGIN, "password": "tall blue kite", "name": "张三"}
            )
            assert registered.status_code == 200
            answer = await second.post("/patient/login", json={**LOGIN, "password": "tall blue kite"})
            token = {"Authorization": f"Bearer {answer.json()['data']['token']}"}
            assert (await first.post("/patient/logout", headers=token)).status_code == 200
            assert (await second.get("/patient", headers=token)).status_code == 401


@pytest.mark.slow
async def test_a_new_sqlite_database_is_made_though_two_start_at_once(env: Env, tmp_path: Path) -> None:
    other = {**env, "CLINIC_BOT__API__PORT": str(free_port())}

    async def starts(which: Env) -> int:
        async with running(which, tmp_path) as (_, client):
            return (await client.post("/patient/login", json=LOGIN)).status_code

    assert list(await asyncio.gather(starts(env), starts(other))) == [401, 401]


@pytest.mark.slow
def test_a_busy_port_is_told_in_one_sentence(env: Env, tmp_path: Path) -> None:
    with taken_port() as port:
        ended = run({**env, "CLINIC_BOT__API__PORT": str(port)}, "run", folder=tmp_path)
    sentence = f"Port {port} is taken: end what uses it, or choose another with CLINIC_BOT__API__PORT.\n"
    assert ended == (Exit.FAILED, sentence)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "value", "code", "words"),
    [
        ("API__RATE_PER_MINUTE", "many", Exit.CONFIGURATION, "it must be a whole number, like 60"),
        ("STORAGE__DATABASE_URL", "postgresql+asyncpg://u:p@127.0.0.1:1/x", Exit.DATABASE, "nothing listens there"),
        ("API__HOST", "192.0.2.1", Exit.FAILED, "see [api] host and port"),
    ],
    ids=str,
)
def test_what_cannot_work_is_told_in_one_sentence(
    env: Env, tmp_path: Path, setting: str, value: str, code: Exit, words: str
) -> None:
    ended, told = run({**env, f"CLINIC_BOT__{setting}": value}, "run", folder=tmp_path)
    assert ended == code
    assert words in told
    assert len(told.splitlines()) == 1


@pytest.mark.slow
def test_postgresql_is_not_upgraded_by_itself(env: Env, tmp_path: Path, postgres: PostgresServer) -> None:
    name = postgres.create("template0")
    code, told = run({**env, DATABASE: postgres.url(name)}, "run", folder=tmp_path)
    postgres.drop(name)
    assert code == Exit.DATABASE
    assert "run `python -m bot db upgrade`" in told


def test_help_says_what_it_does_and_what_codes_mean(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api", "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
    assert "run" in done.stdout
    assert "Exit codes:" in done.stdout
