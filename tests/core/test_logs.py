"""What is logged: one line an event, nothing secret in it, and no line that input made up."""

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn

import pytest
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from core import logs
from core.settings import Logging
from storage.database import Database
from storage.tables.accounts import accounts, leases
from tests.bot.edges.telegram_stub import TOKEN

FORGED = "13:00 [info] The audit is whole"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


class Log:
    """What this process logs from now on."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._read = ""

    def start(self, form: Literal["console", "json"], level: Literal["debug", "info"] = "info") -> Any:
        logs.set_up(Logging(format=form, level=level))
        return structlog.get_logger("test")

    @property
    def text(self) -> str:
        self._read += self._capsys.readouterr().err
        return self._read

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def fail(text: str) -> NoReturn:
    raise ValueError(text)


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield Log(capsys)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


FORMS = pytest.mark.parametrize("form", ["console", "json"])


@FORMS
@pytest.mark.parametrize(
    "secret",
    [
        f"https://api.telegram.org/bot{TOKEN}/getMe",
        f"https://api.telegram.org/file/bot{TOKEN.replace(':', '%3A')}/photo.jpg",
        JWT,
        "postgresql+asyncpg://clinic:hunter2hunter2@db.example/clinic",
        "13812345678",
        "+8613812345678",
        "0086 138-1234-5678",
    ],
)
def test_a_secret_is_masked_wherever_it_stands(log: Log, form: Any, secret: str) -> None:
    logger = log.start(form)
    hidden = TOKEN.partition(":")[2], JWT, "hunter2hunter2", "13812345678", "1234-5678"
    logger.warning(f"said {secret}", value=secret, nested={"deep": [secret]}, **{secret: 1})  # noqa: G004
    logging.getLogger("somebody.else").warning("also %s", secret)
    try:
        fail(secret)
    except ValueError:
        logger.exception("failed")
    assert log.text
    assert not [word for word in hidden if word in log.text]


@FORMS
async def test_a_databases_error_tells_nothing_of_the_row(log: Log, form: Any, database: Database) -> None:
    logger = log.start(form)
    values = {"role": "patient", "email": "li.lei@clinic.example", "name": "李雷的名字", "created_at": None}
    try:
        async with database.write() as conn:
            await conn.execute(insert(accounts).values(**values))
    except SQLAlchemyError:
        logger.exception("failed")
    assert "accounts" in log.text
    assert "李雷的名字" not in log.text
    assert "li.lei" not in log.text


@FORMS
async def test_what_was_taken_already_is_not_quoted(log: Log, form: Any, database: Database) -> None:
    logger = log.start(form)
    lease = {"name": "secret-value", "holder": "x", "until": datetime(2026, 1, 1, tzinfo=UTC)}
    try:
        async with database.write() as conn:
            await conn.execute(insert(leases).values(**lease))
            await conn.execute(insert(leases).values(**lease))
    except SQLAlchemyError as error:
        logger.exception("failed", error=str(error))
    assert "leases" in log.text
    assert "secret-value" not in log.text


@FORMS
def test_a_phone_can_still_be_recognised_by_who_knows_it(log: Log, form: Any) -> None:
    log.start(form).info("login", phone="13812345678")
    assert "138****5678" in log.text


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028"])
def test_no_input_makes_a_line_of_its_own(log: Log, end: str) -> None:
    logger = log.start("console")
    logger.info(f"name{end}{FORGED}", name=f"x{end}{FORGED}")  # noqa: G004
    logging.getLogger("somebody.else").warning("name %s", f"x{end}{FORGED}")
    assert len(log.lines) == 2
    assert not [line for line in log.lines if line.startswith("13:00")]


def test_the_lines_of_a_trace_cannot_pass_for_lines_of_the_log(log: Log) -> None:
    logger = log.start("console")
    try:
        fail(f"first\n{FORGED}")
    except ValueError:
        logger.exception("failed")
    first, *trace = log.lines
    assert "failed" in first
    assert trace
    assert all(line.startswith("  | ") for line in trace)


def test_json_is_one_object_a_line_whatever_is_in_it(log: Log) -> None:
    logger = log.start("json")
    try:
        fail(f"李雷\n{FORGED}")
    except ValueError:
        logger.exception("failed", name="a\u2028b\x1b[31m")
    [line] = log.text.split("\n")[:-1]
    assert json.loads(line)["event"] == "failed"
    assert "李雷" in line


async def test_every_line_of_an_update_carries_its_id(log: Log) -> None:
    logger = log.start("json")

    async def part(name: str) -> None:
        await asyncio.sleep(0)
        logger.info(name)

    with logs.following(11):
        await asyncio.gather(part("one"), part("two"))
    logger.info("after")
    assert [json.loads(line).get("update") for line in log.lines] == [11, 11, None]


def test_what_other_libraries_chat_about_is_left_out(log: Log) -> None:
    log.start("console", "debug")
    for name in ("httpx", "telegram.Bot", "aiohttp.client", "sqlalchemy.engine"):
        logging.getLogger(name).info("POST https://api.telegram.org/bot…/sendMessage with the whole message")
    assert log.text == ""


def test_the_level_is_the_settings(log: Log) -> None:
    logger = log.start("console")
    logger.debug("too much")
    logger.info("enough")
    assert "too much" not in log.text
    assert "enough" in log.text
